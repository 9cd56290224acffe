/**
 * A deployment with participants, for tests about rules and money. Proofs are faked, and the test sets the randomness.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { AbiCoder, getCreateAddress, id, keccak256, type BytesLike } from "ethers";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import type {
  Audits,
  Challenges,
  FlagVerifier,
  Ledger,
  Registry,
  SettableBeacon,
  TestToken,
} from "../../types/ethers/index.js";
import { testChain, type TestChain } from "./contracts.ts";
import { present } from "./present.ts";

/** Seconds: long enough that a slow machine changes nothing. */
export const EPOCH = 10_000;
export const MARGIN = 1_000;
export const WINDOW = 6_000;
export const UNBOND = 100_000;
export const PROTOCOL_FEE = 200;
/** Balance of each owner's account, and each bond. */
export const FUNDS = 10n ** 9n;
/** Least bond of a challenge: more than 8 epochs' price of one leaf, and odd. */
export const MIN_BOND = 10_001n;
/** A leaf costs 1,000 units per epoch. */
export const RENT = 1000n * 10n ** 18n;
/** A segment pays a multiple of 8 units per epoch. */
export const QUANTUM_BITS = 3;
export const QUANTUM = 2n ** BigInt(QUANTUM_BITS);
/** The most that acceptances lock of a bond in an epoch. */
export const LOCK_PER_EPOCH = FUNDS;

/** Penalties that rare audits need: for odds of up to 34. */
export const SELDOM = { slashMultiple: 50, faultMultiple: 250, bondEpochs: 350 };

export const PARAMS = {
  odds: 1,
  window: WINDOW,
  grace: 1,
  maxMisses: 3,
  slashMultiple: 5,
  faultMultiple: 10,
  syncEpochs: 2,
  bondEpochs: 30,
  managerFee: 200,
  auditFee: 100,
  reporterShare: 1000,
};
export type Params = typeof PARAMS;

export const SHAPE = { samples: 2, dataDepth: 2, directoryDepth: 2 };

/** IProofs.Refusal. */
const PROOF_REFUSED = id("ProofRefused(uint32,uint32,uint8)").slice(0, 10);
const NOT_CONSENTED = 8n;

export interface People {
  readonly deployer: HardhatEthersSigner;
  readonly manager: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly auditor: HardhatEthersSigner;
  readonly treasury: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
  /** The providers of nodes 1, 2, 3. */
  readonly providers: readonly HardhatEthersSigner[];
  readonly operators: readonly HardhatEthersSigner[];
}

export interface Order {
  readonly by?: HardhatEthersSigner;
  readonly bucket?: number;
  readonly vNode?: number;
  readonly leaves?: readonly number[];
  readonly roots?: readonly BytesLike[];
  readonly epochs?: number;
  readonly rent?: bigint;
  readonly maxRent?: bigint;
  readonly nonce?: bigint;
  readonly deadline?: bigint;
  /** Default: the node whose operator signs, or 1. */
  readonly node?: number;
  readonly revision?: bigint;
  readonly operator?: HardhatEthersSigner;
  /** Values that the operator signed instead. */
  readonly signed?: Readonly<Record<string, unknown>>;
  readonly signature?: string;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Two owners with a bucket each, three nodes with a bond, cluster 1 with vNodes 1 and 2, node 1 on vNode 1 from epoch 1 on. */
export async function createWorld(
  params: Partial<Params> = {},
  shape = SHAPE,
  protocolFee = PROTOCOL_FEE,
  makeToken: MakeToken = ({ ethers }) => ethers.deployContract("TestToken"),
) {
  const chain = await testChain();
  const { ethers, networkHelpers } = chain;
  const people = await castPeople(chain);
  const { manager, alice, bob, providers, operators } = people;
  const token = await makeToken(chain);
  const contracts = await deployAll(chain, people, { token, shape, protocolFee });
  const { ledger, registry, audits, beacon } = contracts;
  const genesis = Number(await audits.genesis());
  let nonce = 0n;
  let root = 0n;

  const world = {
    ...contracts,
    chain,
    ethers,
    people,
    genesis,

    /** Goes to the epoch, unless it is the current one. */
    async toEpoch(epoch: number): Promise<void> {
      const start = genesis + epoch * EPOCH;
      if ((await networkHelpers.time.latest()) < start) await networkHelpers.time.increaseTo(start);
    },

    /** Makes the next transaction happen this many seconds after the epoch's start. */
    at: (epoch: number, seconds: number): Promise<void> =>
      networkHelpers.time.setNextBlockTimestamp(genesis + epoch * EPOCH + seconds),

    /** Goes to the epoch and records its randomness. */
    async begin(epoch: number, value = epoch + 1): Promise<void> {
      await world.toEpoch(epoch);
      await beacon.record(epoch, ethers.toBeHex(value, 32));
    },

    freshRoot: (): string => ethers.toBeHex(++root, 32),

    async order(options: Order = {}) {
      const { bucket = 1, vNode = 1, epochs = 10, rent = RENT } = options;
      const segments = (options.leaves ?? [1]).map((leaves, i) => ({
        root: ethers.hexlify(options.roots?.[i] ?? world.freshRoot()),
        leaves,
      }));
      const terms = { rent, nonce: options.nonce ?? ++nonce, deadline: options.deadline ?? 2n ** 64n };
      const operator = options.operator ?? present(operators[(options.node ?? 1) - 1]);
      const node = options.node ?? Math.max(operators.indexOf(operator), 0) + 1;
      const message = {
        node,
        revision: options.revision ?? (await registry.node(node)).revision,
        bucket,
        vNode,
        segments: hashSegments(segments),
        epochs,
        ...terms,
        ...options.signed,
      };
      const { chainId } = await ethers.provider.getNetwork();
      const signature =
        options.signature ??
        (await operator.signTypedData(domain(chainId, await registry.getAddress()), ACCEPTANCE, message));
      return { bucket, vNode, segments, epochs, maxRent: options.maxRent ?? rent, ...terms, signature };
    },

    /** Bucket 1 is alice's, bucket 2 bob's. */
    async store(options: Order = {}) {
      const { bucket, vNode, segments, epochs, maxRent, ...acceptance } = await world.order(options);
      const by = options.by ?? (bucket === 2 ? bob : alice);
      return registry.connect(by).store(bucket, vNode, segments, epochs, maxRent, acceptance);
    },

    /** A valid proof for what the current epoch asks of the vNode. */
    async proof(epoch: number, vNode = 1): Promise<Proof> {
      const { root, seed, total } = await audits.duty(vNode, epoch);
      return [BigInt(root), seed, 0n, total, 1n, 0n, 0n, 0n];
    },

    /** A valid proof of the node that waits to take over. */
    async takeOver(epoch: number, vNode = 1) {
      const { root, successor, successorSeed, total } = await audits.duty(vNode, epoch);
      const proof: Proof = [BigInt(root), successorSeed, 0n, total, 1n, 0n, 0n, 0n];
      return audits
        .connect(providers[Number(successor) - 1] ?? people.stranger)
        .takeOver(vNode, epoch, proof);
    },

    async prove(epoch: number, vNode = 1) {
      // Anybody may deliver, except the first proof of a node that takes over.
      const proof = await world.proof(epoch, vNode);
      const anybody = audits.connect(people.stranger);
      const isOwn = await anybody.prove.staticCall(vNode, epoch, proof).then(() => false, isNotConsented);
      if (!isOwn) return anybody.prove(vNode, epoch, proof);
      const { node } = await audits.duty(vNode, epoch);
      return audits.connect(present(providers[Number(node) - 1])).prove(vNode, epoch, proof);
    },

    /** Begins each epoch and proves it. */
    async proveEach(first: number, last: number, vNode = 1): Promise<void> {
      for (let epoch = first; epoch <= last; epoch++) {
        await world.begin(epoch);
        await world.prove(epoch, vNode);
      }
    },

    /** Begins each epoch, and does not prove it. */
    async missEach(first: number, last: number): Promise<void> {
      for (let epoch = first; epoch <= last; epoch++) await world.begin(epoch);
      await world.toEpoch(last + 1);
    },

    settle: (vNode = 1, max = 1000) => audits.connect(people.auditor).settle(vNode, max),

    balance: (who: HardhatEthersSigner): Promise<bigint> => ledger.balanceOf(who),

    async totals() {
      const { accounts, bonds, escrow, credits, fees } = await ledger.totals();
      return { accounts, bonds, escrow, credits, fees };
    },
  };

  for (const owner of [alice, bob]) await fund(contracts, owner);
  for (const [i, provider] of providers.entries()) {
    await registry
      .connect(provider)
      .registerNode(present(operators[i]), `http://node${i}`, 1000, RENT, LOCK_PER_EPOCH, "");
    await fund(contracts, provider);
    await ledger.connect(provider).bond(i + 1, FUNDS);
    await registry.connect(provider).trust(manager, true);
  }
  await registry.connect(manager).createCluster(0, 0, QUANTUM_BITS, { ...PARAMS, ...params }, "one");
  await registry.connect(manager).addVNodes(1, [10, 20]);
  await registry.connect(alice).createBucket(1, false);
  await registry.connect(bob).createBucket(1, false);
  await registry.connect(manager).assign(1, 1);
  await token.connect(alice).approve(ledger, 2n ** 255n);
  return world;
}

/** Whether a proof was refused because only the node that takes over may deliver it. */
function isNotConsented(error: unknown): boolean {
  const { message, revert, data } = error as RevertedCall;
  if (revert) return revert.name === "ProofRefused" && revert.args[2] === NOT_CONSENTED;
  // anvil returns the bytes of the error, Hardhat its name.
  if (data?.startsWith(PROOF_REFUSED)) return BigInt(`0x${data.slice(-64)}`) === NOT_CONSENTED;
  return /ProofRefused\(\d+, \d+, 8\)/.test(message);
}

interface RevertedCall {
  readonly message: string;
  readonly data?: string;
  readonly revert?: { name: string; args: bigint[] };
}

export type Proof = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

export function hashSegments(segments: readonly { root: string; leaves: number }[]): string {
  const values = segments.map(({ root, leaves }) => [root, leaves]);
  return keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(bytes32,uint32)[]"], [values]));
}

async function castPeople({ ethers }: TestChain): Promise<People> {
  const [deployer, manager, alice, bob, auditor, treasury, stranger, ...others] = (
    await ethers.getSigners()
  ).map(present);
  return {
    deployer: present(deployer),
    manager: present(manager),
    alice: present(alice),
    bob: present(bob),
    auditor: present(auditor),
    treasury: present(treasury),
    stranger: present(stranger),
    providers: others.slice(0, 3),
    operators: others.slice(3, 6),
  };
}

/** Makes the token. The world only uses functions that all test tokens have. */
export type MakeToken = (chain: TestChain) => Promise<TestToken>;

export interface Contracts {
  readonly token: TestToken;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly audits: Audits;
  readonly challenges: Challenges;
  readonly verifier: FlagVerifier;
  readonly beacon: SettableBeacon;
}

async function deployAll(
  { ethers, networkHelpers }: TestChain,
  people: People,
  { token, shape, protocolFee }: { token: TestToken; shape: typeof SHAPE; protocolFee: number },
): Promise<Contracts> {
  const verifier = await ethers.deployContract("FlagVerifier");
  const factory = await ethers.deployContract("AnyFactory");
  // Epoch 0 is to last for all of the preparations.
  const genesis = await networkHelpers.time.latest();
  const { ledger, registry, beacon, libraries, addresses } = await deployBooks(
    { ethers },
    people.deployer,
    token,
    people.treasury,
    (audits) => ethers.deployContract("SettableBeacon", [audits, genesis, EPOCH, MARGIN]),
  );
  const audits = await ethers.deployContract(
    "Audits",
    [ledger, registry, factory, [{ verifier, ...shape }], [beacon], genesis, EPOCH, MARGIN, protocolFee],
    { libraries },
  );
  if ((await audits.getAddress()) !== addresses.audits)
    throw new Error("Audits has another address than planned");
  const challenges = await ethers.deployContract("Challenges", [ledger, registry, audits, MIN_BOND]);
  return { token, ledger, registry, audits, challenges, verifier, beacon };
}

/** The libraries that Audits and Registry are linked with. */
export async function deployLibraries({ ethers }: Pick<TestChain, "ethers">) {
  const deploy = async (name: string): Promise<string> => (await ethers.deployContract(name)).getAddress();
  return {
    audits: {
      Settlement: await deploy("Settlement"),
      Responsibility: await deploy("Responsibility"),
      AuditViews: await deploy("AuditViews"),
      Choices: await deploy("Choices"),
    },
    registry: {
      Segments: await deploy("Segments"),
      Claims: await deploy("Claims"),
      Compaction: await deploy("Compaction"),
    },
  };
}

/**
 * Ledger and Registry, which expect Audits and Challenges as the next contracts of the account.
 *
 * `makeBeacon` gets the address of Audits, and makes a beacon at which Audits may record.
 */
export async function deployBooks<Beacon = undefined>(
  { ethers }: Pick<TestChain, "ethers">,
  deployer: HardhatEthersSigner,
  token: { getAddress(): Promise<string> },
  treasury: { getAddress(): Promise<string> },
  makeBeacon: (audits: string) => Promise<Beacon>,
  unbond = UNBOND,
) {
  const libraries = await deployLibraries({ ethers });
  const nonce = await deployer.getNonce();
  const from = deployer.address;
  const addresses = {
    registry: getCreateAddress({ from, nonce: nonce + 2 }),
    audits: getCreateAddress({ from, nonce: nonce + 3 }),
    challenges: getCreateAddress({ from, nonce: nonce + 4 }),
  };
  const beacon = await makeBeacon(addresses.audits);
  const ledger = await ethers.deployContract("Ledger", [
    token,
    addresses.registry,
    addresses.audits,
    addresses.challenges,
    treasury,
    unbond,
  ]);
  const registry = await ethers.deployContract("Registry", [ledger, addresses.audits], {
    libraries: libraries.registry,
  });
  return { ledger, registry, beacon, libraries: libraries.audits, addresses };
}

async function fund({ token, ledger }: Contracts, who: HardhatEthersSigner): Promise<void> {
  await token.mint(who, 2n * FUNDS);
  await token.connect(who).approve(ledger, 2n ** 255n);
  await ledger.connect(who).deposit(who, FUNDS);
}
