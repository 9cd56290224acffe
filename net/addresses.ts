/**
 * Which addresses are of the public internet. What a node registers on the chain is trusted with nothing: it must not lead
 * whoever calls it into their own network, neither by its address, nor by a name, nor by a redirect.
 */
import { lookup } from "node:dns";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { HoldfastError } from "../protocol/errors.ts";

export interface AgentOptions {
  /** For local networks: any address will do. */
  readonly allowPrivate: boolean;
  /** How to say so, for whoever is refused: "on a local network ...". */
  readonly advice: string;
  /** Milliseconds until a connection is there, and without a byte. */
  readonly idleMs: number;
}

/** Makes connections to nodes. Names are looked up where the connection is made: none can mean another address a moment later. */
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
      // Nobody looks up what is an address already.
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
