/**
 * Fetches segments that a vNode of ours must hold and that are not on disk, from other nodes that hold them.
 */
import { createHash, randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { Agent, request } from "undici";
import type { Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import type { Holding, NodeChain } from "./chain.ts";
import type { Journal } from "./journal.ts";
import type { Store } from "./store.ts";

export interface RepairModules {
  readonly chain: NodeChain;
  readonly store: Store;
  readonly journal: Journal;
  readonly log: Logger;
  /** Seconds. */
  readonly now: () => number;
}

const VALID_SECONDS = 120;
const IDLE_MS = 30_000;
const EMPTY_SHA256 = createHash("sha256").digest("hex");

/** Addresses that a URL from the chain must not make us talk to. */
const PRIVATE = new BlockList();
for (const [address, bits] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const),
  ...([
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["224.0.0.0", 3],
  ] as const),
]) {
  PRIVATE.addSubnet(address, bits, "ipv4");
}
for (const [address, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
] as const) {
  PRIVATE.addSubnet(address, bits, "ipv6");
}

/** Whether an address belongs to this machine or a private network; IPv4 in IPv6 counts as what it is. */
export function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  const family = isIP(plain);
  return family === 0 || PRIVATE.check(plain, family === 4 ? "ipv4" : "ipv6") || /^::ffff:/i.test(plain);
}

/** @returns whether the segment is on disk now */
export async function fetchReplica(
  { bucket, root }: Pick<Holding, "bucket" | "root">,
  { node, allowPrivatePeers, signal }: { node: bigint; allowPrivatePeers: boolean; signal: AbortSignal },
  { chain, store, journal, log, now }: RepairModules,
): Promise<boolean> {
  if (await store.find(root)) return true;
  for (const replica of await chain.replicas(bucket, root)) {
    signal.throwIfAborted();
    if (replica.node === node) continue;
    try {
      const path = `/v1/buckets/${bucket}/segments/${root.slice(2)}`;
      const bytes = await download(
        { ...replica, path, root, allowPrivatePeers, signal },
        { chain, store, now },
      );
      journal.recordSegment(root, now());
      log.info({ bucket: String(bucket), root, bytes, from: String(replica.node) }, "repaired");
      return true;
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ root, from: String(replica.node), err: error }, "replica not fetched");
    }
  }
  return false;
}

interface Source {
  readonly node: bigint;
  readonly url: string;
  readonly path: string;
  readonly root: Hex;
  readonly allowPrivatePeers: boolean;
  readonly signal: AbortSignal;
}

async function download(
  { node, url, path, root, allowPrivatePeers, signal }: Source,
  { chain, store, now }: Pick<RepairModules, "chain" | "store" | "now">,
): Promise<number> {
  const target = new URL(path, url);
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw new HoldfastError("unreachable", `node ${node} has the URL ${url}`, { url });
  }
  const signed = {
    ...{ node, method: "GET", path, bodyHash: `0x${EMPTY_SHA256}` },
    expiry: BigInt(now() + VALID_SECONDS),
    nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
  };
  const text = JSON.stringify(
    { ...signed, signature: await chain.signRequest(signed) },
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
  );
  // The address is resolved once, checked, and used: the name cannot point elsewhere a moment later.
  const address = await resolve(target.hostname, allowPrivatePeers);
  const pinned = { address, family: isIP(address) };
  const dispatcher = new Agent({
    connect: { lookup: (_host, _options, done) => done(null, [pinned]) },
    bodyTimeout: IDLE_MS,
    headersTimeout: IDLE_MS,
  });
  try {
    const { statusCode, headers, body } = await request(target, {
      ...{ dispatcher, signal, method: "GET" },
      headers: { authorization: `Holdfast ${Buffer.from(text).toString("base64url")}` },
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new HoldfastError("unreachable", `node ${node} answers ${statusCode}`, {
        node: String(node),
        statusCode,
      });
    }
    const { bytes } = await store.receive({ root, bytes: Number(headers["content-length"]), body });
    return bytes;
  } finally {
    await dispatcher.destroy();
  }
}

async function resolve(hostname: string, allowPrivatePeers: boolean): Promise<string> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const address = isIP(host) ? host : (await lookup(host)).address;
  if (!allowPrivatePeers && isPrivate(address)) {
    throw new HoldfastError(
      "unreachable",
      `${hostname} is a private address; set allowPrivatePeers on local networks`,
      { hostname },
    );
  }
  return address;
}
