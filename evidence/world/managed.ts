/**
 * A world whose cluster 1 a ProofOfStorageManager manages: nodes join, prove in their probation, are seated and serve.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Log } from "ethers";
import type { ProofOfStorageManager } from "../../types/ethers/index.js";
import { present } from "./present.ts";
import { createWorld, FUNDS, LOCK_PER_EPOCH, RENT, type Proof } from "./world.ts";

export const RULES = {
  seatLeaves: 10,
  probation: 2,
  shareBits: 3,
  standby: 2,
  maxMisses: 2,
  period: 8,
  reentry: 30,
  patience: 6,
  reward: 0n,
  curve: { least: RENT, kink: 2n * RENT, most: 4n * RENT, kinkAt: 8000, step: 500 },
};
export type ProofRules = typeof RULES;

/** Leaves that a node offers unless a test says otherwise, and those of its probation segment. */
export const OFFERED = 100;
export const SEGMENT = 8;
/** Alice's bucket in the probation cluster. */
export const PROBATION_BUCKET = 3;

export const REASON = {
  none: 0n,
  left: 1n,
  otherProvider: 2n,
  untrusted: 3n,
  faulted: 4n,
  lostChallenge: 5n,
  unbacked: 6n,
  tooManyMisses: 7n,
  failedProbation: 8n,
  displaced: 9n,
  rentTooHigh: 10n,
  noRoom: 11n,
  noBond: 12n,
  incumbent: 13n,
  neighbour: 14n,
};
export const WHY = { served: 0n, nobody: 1n, notAMember: 2n, nextToItself: 3n, leaving: 4n };

export type ManagedWorld = Awaited<ReturnType<typeof createManagedWorld>>;

export async function createManagedWorld(
  rules: Partial<ProofRules> = {},
  params: Parameters<typeof createWorld>[0] = {},
) {
  const world = await createWorld(params);
  const { audits, ethers, ledger, people, registry, token } = world;
  const deploy = async (name: string): Promise<string> => (await ethers.deployContract(name)).getAddress();
  const libraries = { Admission: await deploy("Admission"), SeatDraws: await deploy("SeatDraws") };
  const makeManager = (given: Partial<ProofRules> = {}, cluster = 1) =>
    ethers.deployContract("ProofOfStorageManager", [audits, cluster, { ...RULES, ...given }], { libraries });
  const manager: ProofOfStorageManager = await makeManager(rules);
  /** By node. */
  const providers = new Map<number, HardhatEthersSigner>(people.providers.map((who, i) => [i + 1, who]));
  const operators = new Map<number, HardhatEthersSigner>(people.operators.map((who, i) => [i + 1, who]));

  const managed = {
    ...world,
    manager,
    libraries,
    makeManager,
    provider: (node: number): HardhatEthersSigner => present(providers.get(node)),
    operator: (node: number): HardhatEthersSigner => present(operators.get(node)),
    asProvider: (node: number) => manager.connect(present(providers.get(node))),
    now: async (): Promise<number> => Number(await audits.currentEpoch()),

    /** A further node with a bond, whose provider trusts the manager. */
    async addNode(capacity = 1000, text = ""): Promise<number> {
      const who = await managed.account();
      const operator = present(people.operators[0]);
      await registry.connect(who).registerNode(operator, text, capacity, RENT, LOCK_PER_EPOCH, text);
      const node = Number(await registry.nodeCount());
      providers.set(node, who);
      operators.set(node, operator);
      await token.mint(people.stranger, FUNDS);
      await token.connect(people.stranger).approve(ledger, 2n ** 255n);
      await ledger.connect(people.stranger).deposit(people.stranger, FUNDS);
      await ledger.connect(people.stranger).bond(node, FUNDS);
      await registry.connect(who).trust(manager, true);
      return node;
    },

    setRent: (node: number, rent: bigint, text = "") =>
      registry
        .connect(managed.provider(node))
        .updateNode(node, managed.operator(node), text, 1000, rent, LOCK_PER_EPOCH, text),

    /** Acts as the manager's contract. */
    async asManager(act: (signer: HardhatEthersSigner) => Promise<unknown>): Promise<void> {
      const { networkHelpers } = world.chain;
      await networkHelpers.impersonateAccount(managerAddress);
      await networkHelpers.setBalance(managerAddress, 10n ** 20n);
      await act(await ethers.getSigner(managerAddress));
      await networkHelpers.stopImpersonatingAccount(managerAddress);
    },

    /** Adds vNodes to cluster 1, as its previous manager would have: their tokens are 100, 110, 120 and so on. */
    async addVNodes(count: number): Promise<number[]> {
      const first = Number(await registry.vNodeCount()) + 1;
      const tokens = Array.from({ length: count }, (_, i) => 100 + 10 * i);
      await managed.asManager((signer) => registry.connect(signer).addVNodes(1, tokens));
      return tokens.map((_, i) => first + i);
    },

    /** A further account with gas. */
    async account(): Promise<HardhatEthersSigner> {
      const { address } = ethers.Wallet.createRandom();
      await world.chain.networkHelpers.impersonateAccount(address);
      await world.chain.networkHelpers.setBalance(address, 10n ** 20n);
      return ethers.getSigner(address);
    },

    async join(node: number, offered = OFFERED) {
      return managed.asProvider(node).join(node, offered, await manager.termsHash());
    },

    /** Stores a candidate's probation segment. */
    async storeProbation(node: number, { leaves = [SEGMENT], epochs = 12, rent = RENT } = {}) {
      const { vNode } = await manager.memberOf(node);
      const operator = managed.operator(node);
      return world.store({
        by: people.alice,
        bucket: PROBATION_BUCKET,
        vNode: Number(vNode),
        leaves,
        epochs,
        rent,
        node,
        operator,
      });
    },

    /** Proves whatever is due in the epoch, but for these vNodes. */
    async proveAll(epoch: number, but: readonly number[] = []): Promise<void> {
      const count = Number(await registry.vNodeCount());
      for (let vNode = 1; vNode <= count; vNode++) {
        if (but.includes(vNode)) continue;
        await audits.settle(vNode, 64);
        const { due, proven, node, successor, root, seed, successorSeed, total, rate } = await audits.duty(
          vNode,
          epoch,
        );
        const proof = (by: bigint): Proof => [BigInt(root), by, 0n, total, 1n, 0n, 0n, 0n];
        if (due && !proven)
          await audits.connect(managed.provider(Number(node))).prove(vNode, epoch, proof(seed));
        if (successor !== 0n && rate !== 0n)
          await audits
            .connect(managed.provider(Number(successor)))
            .takeOver(vNode, epoch, proof(successorSeed));
      }
    },

    /** Goes through the next epochs, records the randomness of each and proves what is due. */
    async pass(epochs: number, but: readonly number[] = []): Promise<void> {
      for (let i = 0; i < epochs; i++) {
        const epoch = (await managed.now()) + 1;
        await world.begin(epoch);
        await managed.proveAll(epoch, but);
      }
    },

    /** Makes members of nodes. */
    async admit(nodes: readonly number[], offered = OFFERED): Promise<void> {
      for (const node of nodes) await managed.join(node, offered);
      for (const node of nodes) await managed.storeProbation(node, { leaves: [await segmentOf(offered)] });
      await managed.pass(RULES.probation);
      await world.begin((await managed.now()) + 1);
      for (const node of nodes) await manager.admit(node, 0);
    },

    /** Puts the cluster's first vNodes on the ring. */
    async enlist(...vNodes: readonly number[]): Promise<void> {
      for (const vNode of vNodes) await manager.enlist(vNode, vNodes[0] ?? 0);
    },

    /** Draws every vacancy that waits, in the next epoch. */
    async seatAll(value?: number): Promise<void> {
      await world.begin((await managed.now()) + 1, value);
      const { length } = await manager.queue();
      for (let i = 0; i < length; i++) await manager.seat();
    },

    /** Events of the manager in a transaction, with its libraries'. */
    async said(sent: Promise<{ wait(): Promise<{ logs: readonly Log[] } | null> }>) {
      const receipt = await (await sent).wait();
      return (receipt?.logs ?? []).flatMap((log) => {
        if (log.address !== managerAddress) return [];
        const parsed = manager.interface.parseLog(log);
        return parsed ? [{ name: parsed.name, args: parsed.args.toObject() as Record<string, unknown> }] : [];
      });
    },
  };
  const managerAddress = await manager.getAddress();
  const segmentOf = async (offered: number): Promise<number> =>
    Number(await manager.probationLeaves(offered));

  for (const [, who] of providers) await registry.connect(who).trust(manager, true);
  await registry.connect(people.alice).createBucket(await manager.probationCluster(), false);
  await registry.connect(people.manager).proposeManager(1, manager);
  await world.toEpoch(Number((await registry.cluster(1)).acceptableFrom));
  await manager.accept();
  return managed;
}
