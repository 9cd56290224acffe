/**
 * The gas of what a ProofOfStorageManager does, with few members and with as many as there can be, whose texts are as long as
 * they can be.
 */
import type { ContractTransactionResponse } from "ethers";
import { createManagedWorld, RULES, type ManagedWorld } from "../world/managed.ts";
import { RENT } from "../world/world.ts";

export interface ProofGasRow {
  readonly step: string;
  readonly members: number;
  readonly vNodes: number;
  readonly gas: number;
}

const FEW = { members: 3, vNodes: 8 };
/** The contract's bounds. */
const MANY = { members: 64, vNodes: 128 };
const TEXT = "x".repeat(512);
/** Members that are admitted in the same epoch. */
const AT_ONCE = 16;

export async function benchProofGas(sizes = [FEW, MANY]): Promise<ProofGasRow[]> {
  const rows: ProofGasRow[] = [];
  for (const size of sizes) {
    const world = await createManagedWorld({ reward: 100n });
    rows.push(...(await measure(world, size)));
  }
  return rows;
}

async function measure(world: ManagedWorld, size: typeof FEW): Promise<ProofGasRow[]> {
  const rows: ProofGasRow[] = [];
  const { manager, registry, people } = world;
  const gas = async (step: string, sent: Promise<ContractTransactionResponse>): Promise<void> => {
    const receipt = await (await sent).wait();
    rows.push({ step, ...size, gas: Number(receipt?.gasUsed ?? 0) });
  };
  const unmeasured = async (_: string, sent: Promise<unknown>): Promise<void> => {
    await sent;
  };

  // -- members
  const nodes = Array.from({ length: size.members }, (_, i) => i + 1);
  while (Number(await registry.nodeCount()) < size.members) await world.addNode(1000, TEXT);
  await world.begin((await world.now()) + 1);
  for (let at = 0; at < nodes.length; at += AT_ONCE) {
    const some = nodes.slice(at, at + AT_ONCE);
    const isLast = at + AT_ONCE >= nodes.length;
    for (const node of some) {
      const take = isLast && node === some.at(-1) ? gas : unmeasured;
      await take("join", world.join(node));
    }
    for (const node of some) await world.storeProbation(node, { epochs: 3 });
    await world.pass(RULES.probation);
    await world.begin((await world.now()) + 1);
    for (const node of some) {
      const take = isLast && node === some.at(-1) ? gas : unmeasured;
      await take("admit", manager.admit(node, 0));
    }
  }

  // -- the ring
  const vNodes = [1, 2, ...(await world.addVNodes(size.vNodes - 2))];
  for (const [i, vNode] of vNodes.entries()) {
    const take = i === vNodes.length - 1 ? gas : unmeasured;
    await take("enlist", manager.enlist(vNode, vNodes[Math.max(0, i - 1)] ?? 0));
  }
  await gas("reprice, for each vNode", manager.reprice(1));
  for (const [i, vNode] of vNodes.entries()) await (i === 1 ? gas : unmeasured)("look", manager.look(vNode));
  await world.begin((await world.now()) + 1);
  const { length } = await manager.queue();
  for (let i = 0; i < length - 1; i++) await manager.seat();
  await gas("seat", manager.seat());
  await manager.callStandby();
  await world.begin((await world.now()) + 1);
  await gas("seat, on the standby list", manager.seat());

  // -- ballots: every vNode has data
  await world.begin((await world.now()) + 1);
  for (const vNode of vNodes) {
    const { node } = await world.audits.outlook(vNode);
    if (node === 0n) continue;
    await world.store({ vNode, node: Number(node), operator: world.operator(Number(node)), epochs: 20 });
  }
  const call = registry.interface.encodeFunctionData("describeCluster", [1, "ours"]);
  for (const node of nodes) {
    const weighs = await manager
      .connect(world.provider(node))
      .support.staticCall(call, true)
      .then(
        () => true,
        () => false,
      );
    if (weighs) await manager.connect(world.provider(node)).support(call, true);
  }
  await world.pass(4);
  await gas("enact", manager.connect(people.stranger).enact(call));

  // -- a draw in which nobody is fit
  const last = nodes.at(-1) ?? 0;
  const { holder } = await manager.seatOf(vNodes[1] ?? 0);
  const leaver = Number(holder) || last;
  await gas("quit", manager.connect(world.provider(leaver)).quit(leaver));
  await manager.look(vNodes[1] ?? 0);
  for (const node of nodes) await world.setRent(node, 2n * RENT, TEXT);
  await world.begin((await world.now()) + 1);
  await gas("seat, and nobody is fit", manager.seat());
  return rows;
}
