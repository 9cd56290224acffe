/**
 * Tells public internet addresses from private ones. A node's registered URL is not trusted: it must not lead a
 * caller into the caller's own network, whether by an address, a name or a redirect.
 */
import { lookup } from "node:dns";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { HoldfastError } from "../protocol/errors.ts";

export interface AgentOptions {
  /** Allows any address; for local networks. */
  readonly allowPrivate: boolean;
  /** Advice for the error when an address is refused: "on a local network ...". */
  readonly advice: string;
  /** Milliseconds for connecting, and the longest time without a byte. */
  readonly idleMs: number;
}

/**
 * Makes connections to nodes. The check and the connection use one DNS answer, so a name cannot change its address in
 * between.
 */
export function createAgent({ allowPrivate, advice, idleMs }: AgentOptions): Agent {
  const refusal = (name: string, address: string): HoldfastError => {
    const message = `${name} is ${address}, a private address: ${advice}`;
    return new HoldfastError("unreachable", message, { hostname: name, address });
  };
  const publicOnly: LookupFunction = (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const usable = error ? [] : found.filter(({ address }) => allowPrivate || !isPrivate(address));
      const [first] = usable;
      if (!first) done(error ?? refusal(name, found[0]?.address ?? "nowhere"), []);
      else if (options.all === true) done(null, usable);
      else done(null, first.address, first.family);
    });
  };
  const connector = buildConnector({ timeout: idleMs, lookup: publicOnly });
  return new Agent({
    connect(options, done) {
      const { hostname } = options;
      // A host that is an IP address is never looked up, so it is checked here.
      if (!allowPrivate && isIP(hostname) !== 0 && isPrivate(hostname)) {
        done(refusal(hostname, hostname), null);
        return;
      }
      connector(options, done);
    },
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  });
}

/**
 * IPv4 ranges that are not public, multicast included, and IPv6 ranges that embed other addresses (RFC 6890 and
 * successors).
 */
const NOT_PUBLIC = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
]) {
  const [address = "", bits] = range.split("/");
  NOT_PUBLIC.addSubnet(address, Number(bits), "ipv4");
}
/** Only 2000::/3 is public in IPv6, except 6to4, Teredo and documentation addresses within it. */
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

/** True for any address that is not on the public internet. */
export function isPrivate(address: string): boolean {
  if (isIPv4(address)) return NOT_PUBLIC.check(address, "ipv4");
  return isIP(address) !== 6 || !GLOBAL.check(address, "ipv6") || NOT_PUBLIC.check(address, "ipv6");
}
