/**
 * Strangers that only take up uploads, sockets and time. They use different addresses, as limits count by address.
 */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Chain } from "../../client/chain.ts";
import { encodeAuthorization } from "../../protocol/authorization.ts";
import { domain, REQUEST } from "../../protocol/typed-data.ts";
import { randomOf } from "../simulation/random.ts";
import type { Diary } from "./diary.ts";
import type { SoakedNode } from "./network.ts";

export interface Strangers {
  /** Bothers a node for a while. @param roots of segments that others may have stored */
  act(roots: readonly string[], signal: AbortSignal): Promise<void>;
}

const KINDS = ["idle sockets", "dripped headers", "unauthorized", "slow uploads", "open questions"] as const;
type Kind = (typeof KINDS)[number];
const COUNTS: Readonly<Record<Kind, number>> = {
  "idle sockets": 200,
  "dripped headers": 60,
  unauthorized: 300,
  "slow uploads": 12,
  "open questions": 300,
};
const DRIP_MS = 300;
const LASTS_MS = [4_000, 15_000] as const;
const UPLOAD_BYTES = 100_000;

/** @param chain connected with the stranger's own account, which has a deposit and a bucket */
export function createStrangers(
  nodes: readonly SoakedNode[],
  { seed, diary, chain, bucket }: { seed: number; diary: Diary; chain: Chain; bucket: bigint },
): Strangers {
  const random = randomOf(seed, "strangers");

  async function authorize(node: bigint, method: string, path: string): Promise<string> {
    const message = {
      node,
      method,
      path,
      bodyHash: `0x${createHash("sha256").update(randomBytes(8)).digest("hex")}`,
      expiry: BigInt(Math.floor(Date.now() / 1000) + 60),
      nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
    };
    const signature = await chain.sign(domain(chain.chainId, chain.addresses.registry), REQUEST, message);
    return encodeAuthorization(message, signature);
  }

  return {
    async act(roots, signal) {
      const node = nodes[random.between(0, nodes.length - 1)] as SoakedNode;
      const kind = KINDS[random.between(0, KINDS.length - 1)] as Kind;
      const localAddress = `127.0.0.${random.between(40, 250)}`;
      const lasts = random.between(...LASTS_MS);
      const root = (roots[random.between(0, Math.max(0, roots.length - 1))] ?? `0x${"1".repeat(64)}`).slice(
        2,
      );
      const vNode = node.vNodes[0] ?? 0;
      const sockets = Array.from({ length: COUNTS[kind] }, () => dial(node.url, localAddress));
      const end = diary.begin("stranger", node.daemon.name, kind, {
        outage: false,
        details: { from: localAddress, sockets: sockets.length },
      });
      const upload = `/v1/vnodes/${vNode}/buckets/${bucket}/segments/${root}`;
      for (const socket of sockets) {
        if (kind === "unauthorized")
          socket.write(
            `PUT ${upload} HTTP/1.1\r\nhost: node\r\nauthorization: Holdfast e30\r\n${LENGTH}\r\n\r\n`,
          );
        if (kind === "open questions") socket.write("GET /status HTTP/1.1\r\nhost: node\r\n\r\n".repeat(3));
        if (kind === "dripped headers") socket.write("GET /v1/node HTTP/1.1\r\nx-drip: ");
        if (kind === "slow uploads") {
          const authorization = await authorize(node.id, "PUT", upload);
          socket.write(
            `PUT ${upload} HTTP/1.1\r\nhost: node\r\nauthorization: ${authorization}\r\n${LENGTH}\r\n\r\n`,
          );
        }
      }
      const until = Date.now() + lasts;
      while (Date.now() < until && !signal.aborted) {
        if (kind === "dripped headers" || kind === "slow uploads")
          for (const socket of sockets) if (socket.writable) socket.write("x");
        await delay(DRIP_MS);
      }
      for (const socket of sockets) socket.destroy();
      end();
    },
  };
}

const LENGTH = `content-type: application/octet-stream\r\ncontent-length: ${UPLOAD_BYTES}`;

function dial(url: string, localAddress: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.on("error", () => undefined).resume();
  return socket;
}
