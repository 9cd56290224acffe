/**
 * Opens a segment at another node, whose URL comes from the chain and is trusted with nothing: it must not lead into our
 * own network, neither by its address, nor by a name, nor by a redirect.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv4 } from "node:net";
import { Agent, request } from "undici";
import { HoldfastError } from "../protocol/errors.ts";

export interface PeerBody {
  readonly bytes: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection. */
  readonly close: () => Promise<void>;
}

export interface PeerRequest {
  readonly url: string;
  readonly path: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
}

export type OpenPeer = (peer: PeerRequest) => Promise<PeerBody>;

/** Milliseconds without a byte. */
const IDLE_MS = 30_000;

/** @param allowPrivate for local networks: any address will do */
export function createOpenPeer({ allowPrivate }: { allowPrivate: boolean }): OpenPeer {
  return async ({ url, path, authorization, signal }) => {
    const target = parse(url, path);
    // Looked up once, checked, and used as it is: the name cannot mean another address a moment later.
    const address = await resolve(target.hostname, allowPrivate);
    const dispatcher = new Agent({
      connect: {
        timeout: IDLE_MS,
        lookup: (_name, _options, done) => done(null, [{ address, family: isIPv4(address) ? 4 : 6 }]),
      },
      headersTimeout: IDLE_MS,
      bodyTimeout: IDLE_MS,
    });
    const close = (): Promise<void> => dispatcher.destroy();
    try {
      // undici follows no redirect by itself.
      const { statusCode, headers, body } = await request(target, {
        ...{ dispatcher, signal, method: "GET" },
        headers: { authorization, accept: "application/octet-stream" },
      });
      if (statusCode !== 200) throw unreachable(url, `it answers with status ${statusCode}`);
      const bytes = Number(headers["content-length"]);
      if (!Number.isSafeInteger(bytes)) throw unreachable(url, "it does not say how many bytes it has");
      return { bytes, body, close };
    } catch (error) {
      await close();
      if (error instanceof HoldfastError) throw error;
      throw unreachable(url, (error as Error).message, error);
    }
  };
}

function parse(url: string, path: string): URL {
  if (!URL.canParse(url)) throw unreachable(url, "it is not a URL");
  const target = new URL(path, url);
  if (!/^https?:$/.test(target.protocol)) throw unreachable(url, "it is not http or https");
  return target;
}

async function resolve(hostname: string, allowPrivate: boolean): Promise<string> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  let address = host;
  if (isIP(host) === 0) {
    try {
      ({ address } = await lookup(host));
    } catch (cause) {
      throw unreachable(hostname, "its name has no address", cause);
    }
  }
  if (allowPrivate || !isPrivate(address)) return address;
  const message = `${hostname} is ${address}, a private address: on a local network set allowPrivatePeers`;
  throw new HoldfastError("unreachable", message, { hostname, address });
}

function unreachable(url: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError("unreachable", `${url} is of no use: ${reason}`, { url }, { cause });
}

/** RFC 6890 and its successors: what is not of the public internet, multicast and what embeds other addresses included. */
const NOT_PUBLIC = new BlockList();
for (const range of [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"],
]) {
  const [address = "", bits] = range.split("/");
  NOT_PUBLIC.addSubnet(address, Number(bits), "ipv4");
}
/** Of IPv6, only 2000::/3 is public; within it 6to4, Teredo and documentation are not. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet("2000::", 3, "ipv6");
for (const [address, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  NOT_PUBLIC.addSubnet(address, bits, "ipv6");
}

/** True for everything that is not an address of the public internet. */
export function isPrivate(address: string): boolean {
  if (isIPv4(address)) return NOT_PUBLIC.check(address, "ipv4");
  return isIP(address) !== 6 || !GLOBAL.check(address, "ipv6") || NOT_PUBLIC.check(address, "ipv6");
}
