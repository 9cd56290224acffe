// The auditor's model compared with the real contracts: after any changes of a directory and its node, both say the same of
// what is to be proven.
import { expect } from "chai";
import { Interface } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { present } from "../../evidence/world/present.ts";
import { createWorld, EPOCH, SHAPE, type World } from "../../evidence/world/world.ts";
import { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import type { AuditEvent } from "../../verifier/chain.ts";
import { createModel, isTakeOver } from "../../verifier/model.ts";

const VNODE = 1n;
/** The price of a leaf is no multiple of the quantum: 999 units of 8. */
const RENT = 999n * 10n ** 18n;
const weightOf = (leaves: number): number => Math.ceil((999 * leaves) / 8);

/** What opens entries of vNode 1: kept beside the contracts, by what the test does. */
function createMirror(world: World) {
  let directory = new Directory(SHAPE.directoryDepth);
  let serials: number[] = [];
  let next = 0;
  const indicesOf = (wanted: readonly number[]): number[] => wanted.map((serial) => serials.indexOf(serial));
  const open = (wanted: readonly number[]) => {
    const indices = indicesOf(wanted);
    const openings = indices.map((index, i) => {
      const { start, root } = present(directory.entries[index]);
      return { serial: present(wanted[i]), start, root: toHex32(root) };
    });
    return [openings, directory.multiPath(indices).map(toHex32)] as const;
  };
  return {
    async store(leaves: number, epochs: number): Promise<void> {
      const root = 1000n + BigInt(next);
      serials.push(next++);
      directory.append({ root, leaves, weight: weightOf(leaves) });
      await world.store({ leaves: [leaves], roots: [toHex32(root)], epochs, rent: RENT });
    },
    async retire(...wanted: number[]): Promise<void> {
      await world.registry.retire(VNODE, ...open(wanted));
      for (const index of indicesOf(wanted)) directory.retire(index);
    },
    /** By node 1, all at once. */
    async compact(...wanted: number[]): Promise<void> {
      const registry = world.registry.connect(present(world.people.operators[0]));
      const [openings, siblings] = wanted.length === 0 ? [[], []] : open(wanted);
      await registry.compact(VNODE, openings, siblings);
      const entries = indicesOf(wanted).map((index) => present(directory.entries[index]));
      [directory, serials] = [new Directory(SHAPE.directoryDepth), wanted];
      for (const entry of entries) directory.append(entry);
    },
    forget(): void {
      [directory, serials] = [new Directory(SHAPE.directoryDepth), []];
    },
  };
}

/** A model that hears all events, and is compared with the contracts' views. */
async function createFollower({ ethers, genesis, audits, registry, challenges, beacon }: World) {
  const { chainId } = await ethers.provider.getNetwork();
  const model = createModel({
    chainId,
    audits: await audits.getAddress(),
    genesis,
    epochSeconds: EPOCH,
    directoryDepth: () => SHAPE.directoryDepth,
  });
  const parsers = new Map<string, Interface>();
  for (const [name, contract] of Object.entries({
    Audits: audits,
    Registry: registry,
    Challenges: challenges,
  }))
    parsers.set(await contract.getAddress(), new Interface(contractArtifact(name).abi));
  parsers.set(await beacon.getAddress(), beacon.interface);
  const calls = present(parsers.get(await audits.getAddress()));
  let next = 0;

  /** A flag for a proof carries what it was verified with. */
  function compareProof(event: AuditEvent, data: string): void {
    const call = present(calls.parseTransaction({ data }) ?? undefined);
    const [vNode, epoch, proof] = call.args.toArray() as [bigint, bigint, bigint[]];
    const ofSuccessor = event.name === "TakeOverProven";
    const expected = ofSuccessor
      ? model.expectedOfSuccessor(vNode, Number(epoch))
      : model.expected(vNode, Number(epoch));
    expect(expected.node).to.equal(event.args["node"]);
    expect(expected.inputs).to.deep.equal([...proof.slice(0, 4)]);
  }

  /** Hears what has happened since. @returns the events' names */
  return async function catchUp(): Promise<string[]> {
    const names: string[] = [];
    const last = await ethers.provider.getBlockNumber();
    for (const log of await ethers.provider.getLogs({ fromBlock: next, toBlock: last })) {
      const parsed = parsers.get(log.address)?.parseLog(log);
      if (!parsed) continue;
      const { timestamp } = await log.getBlock();
      // The world records at the beacon itself.
      const name = parsed.name === "RandomnessRecorded" ? "BeaconRecorded" : parsed.name;
      const event: AuditEvent = {
        name,
        block: log.blockNumber,
        transaction: log.transactionHash,
        timestamp,
        args: { beacon: 0n, ...(parsed.args.toObject() as Record<string, unknown>) },
      };
      const epoch = Math.floor((timestamp - genesis) / EPOCH);
      if (event.name === "Proven" || (event.name === "TakeOverProven" && isTakeOver(event, epoch)))
        compareProof(event, (await log.getTransaction()).data);
      expect(model.apply(event), `${event.name} in epoch ${epoch}`).to.equal(undefined);
      names.push(event.name);
    }
    next = last + 1;
    const current = Number(await audits.currentEpoch());
    for (const epoch of [current, current + 1]) {
      const { root, total } = await registry.snapshot(VNODE, epoch);
      const theirs = { root: BigInt(root), total: Number(total) };
      expect(model.directory(VNODE, epoch), `as epoch ${epoch} begins`).to.deep.equal(theirs);
    }
    return names;
  };
}

describe("verifier: the model beside the real contracts", () => {
  it("agrees on weights, tombstones, compactions and resets, and on what is proven of them", async () => {
    const world = await createWorld();
    const catchUp = await createFollower(world);
    const mirror = createMirror(world);
    // Until epoch 3, 21, 4, 21.
    for (const [leaves, epochs] of [
      [3, 2],
      [5, 20],
      [1, 3],
      [7, 20],
    ] as const)
      await mirror.store(leaves, epochs);
    await catchUp();
    await world.proveEach(1, 2);
    await mirror.store(2, 20);
    expect(await catchUp()).to.include.members(["Proven", "SegmentStored"]);
    await world.proveEach(3, 3);
    await mirror.retire(0);
    expect(await catchUp()).to.include("SegmentRetired");

    await mirror.compact(1, 3, 4);
    expect(await catchUp(), "2 ends with the next epoch").to.include.members([
      "CompactionStarted",
      "Compacted",
    ]);
    await world.proveEach(4, 5);
    await mirror.store(4, 1);
    await catchUp();
    await world.proveEach(6, 7);
    await mirror.retire(5);
    await world.registry.connect(world.people.alice).endEarly(VNODE, 3);
    await catchUp();
    await world.proveEach(8, 9);
    await mirror.compact(1, 4);
    await catchUp();

    await world.proveEach(10, 22);
    await mirror.compact();
    expect(await catchUp()).to.include("Compacted");
    await mirror.store(9, 1);
    await world.proveEach(23, 23);
    await world.toEpoch(24);
    await mirror.retire(6);
    mirror.forget();
    expect(await catchUp()).to.include.members(["SegmentRetired", "DirectoryReset"]);
    await mirror.store(2, 5);
    await world.proveEach(25, 25);
    expect(await catchUp()).to.include("Proven");
  });

  it("agrees on who proves: a successor, a node that leaves, and the standby after a fault", async () => {
    const world = await createWorld({ maxMisses: 2 });
    const catchUp = await createFollower(world);
    const { registry, audits, people } = world;
    const manager = registry.connect(people.manager);
    await world.store({ leaves: [3], epochs: 60 });
    await world.proveEach(1, 1);
    await manager.assign(VNODE, 2);
    await world.proveEach(2, 2);
    await world.takeOver(2);
    expect(await catchUp()).to.include.members(["NodeAssigned", "TakeOverProven"]);
    await world.proveEach(3, 3);
    expect(await catchUp()).to.include("NodeSwitched");

    await manager.assign(VNODE, 3);
    await world.proveEach(4, 6);
    expect(await catchUp(), "it waited in vain").to.include("SyncDropped");
    await manager.assign(VNODE, 3);
    await manager.assign(VNODE, 0);
    await world.proveEach(7, 7);
    await catchUp();

    await audits.connect(present(people.providers[1])).announceLeave(VNODE);
    await world.proveEach(8, 11);
    await world.begin(12);
    await world.settle();
    await world.begin(13);
    await world.settle();
    expect(await catchUp()).to.include("Left");
    await manager.addStandby(1, 1);
    await manager.assign(VNODE, 3);
    await world.proveEach(14, 14);
    expect(await catchUp(), "its first proof").to.include.members([
      "NodeSwitched",
      "TakeOverProven",
      "Proven",
    ]);
    await world.missEach(15, 16);
    await world.settle();
    expect(await catchUp()).to.include.members(["Faulted", "TookOver"]);
    await world.proveEach(18, 18);
    expect(await catchUp()).to.include.members(["NodeSwitched", "Proven"]);
  });
});
