/**
 * What there is to crank at a ProofOfStorageManager: calls that would change something now.
 */
import type { Chain } from "../chain.ts";
import { STANDINGS, type Crank, type ProofManager } from "./proof-manager.ts";
import { vNodesOf } from "./vnodes.ts";

/** The contract's bounds of one call. */
const MAX_COUNTED = 16;
const PASS = 64;

interface Seat {
  readonly token: bigint;
  readonly next: bigint;
}

/** Each is looked for when the ones before it are done. */
export async function* findCranks(chain: Chain, manager: ProofManager): AsyncGenerator<Crank> {
  for await (const crank of candidates(chain, manager)) if (await manager.works(crank)) yield crank;
}

async function* candidates(chain: Chain, manager: ProofManager): AsyncGenerator<Crank> {
  yield { method: "followTerms", args: [] };
  yield* measuring(manager);
  yield* enlisting(chain, manager);
  yield* standings(chain, manager);
  for (const vNode of await manager.read<bigint[]>("ring")) yield { method: "look", args: [vNode] };
  const cluster = await manager.read<bigint>("cluster");
  for (const node of await chain.read<bigint[]>("registry", "standby", [cluster]))
    yield { method: "unlist", args: [node] };
  yield { method: "callStandby", args: [] };
  const queued = await manager.read<readonly unknown[]>("queue");
  for (let i = 0; i < queued.length; i++) yield { method: "seat", args: [] };
  yield { method: "handOn", args: [] };
}

async function* measuring(manager: ProofManager): AsyncGenerator<Crank> {
  const { length } = await manager.read<bigint[]>("ring");
  for (let i = 0; i <= length; i += PASS) yield { method: "reprice", args: [PASS] };
}

async function* enlisting(chain: Chain, manager: ProofManager): AsyncGenerator<Crank> {
  const cluster = await manager.read<bigint>("cluster");
  const places = new Map<bigint, bigint>();
  for (const vNode of await manager.read<bigint[]>("ring"))
    places.set(vNode, (await manager.read<Seat>("seatOf", [vNode])).token);
  for (const { vNode, token } of await vNodesOf(chain, cluster)) {
    if (places.has(vNode)) continue;
    yield { method: "enlist", args: [vNode, before(places, token)] };
    places.set(vNode, token);
  }
  yield { method: "grow", args: [before(places, 0n)] };
}

/** The vNode whose place is the last one before the token, around the ring; 0 if there is none. */
function before(places: ReadonlyMap<bigint, bigint>, token: bigint): bigint {
  const order = [...places].toSorted(([, a], [, b]) => (a < b ? -1 : 1));
  return (order.findLast(([, place]) => place < token) ?? order.at(-1) ?? [0n])[0];
}

/** Candidates to admit, and whoever is to be evicted. */
async function* standings(chain: Chain, manager: ProofManager): AsyncGenerator<Crank> {
  const nodes = await chain.read<bigint>("registry", "nodeCount");
  const held = new Map<bigint, bigint[]>();
  for (const vNode of await manager.read<bigint[]>("ring")) {
    const { holder } = await manager.read<{ holder: bigint }>("seatOf", [vNode]);
    held.set(holder, [...(held.get(holder) ?? []), vNode]);
  }
  for (let node = 1n; node <= nodes; node++) {
    const { standing, vNode } = await manager.read<Record<"standing" | "vNode", bigint>>("memberOf", [node]);
    const name = STANDINGS[Number(standing)];
    if (name !== "candidate" && vNode !== 0n) yield { method: "freeProbation", args: [node] };
    if (name === "none") continue;
    if (name === "candidate") yield { method: "admit", args: [node, 0n] };
    yield { method: "evict", args: [node, (held.get(node) ?? []).slice(0, MAX_COUNTED)] };
  }
}
