/**
 * One market with its participants: a cluster, its vNodes, nodes, customers, a manager and an auditor. Other plays on the same
 * chain do not touch it.
 */
import { Books } from "./books.ts";
import { encode, quick, type ContractName } from "./calls.ts";
import { PlayChallenges } from "./challenges.ts";
import { Ground, type Segment } from "./ground.ts";
import { Holding } from "./holding.ts";
import {
  FUNDS,
  LEAF_PRICE,
  LEAVES_PER_SEGMENT,
  MARKETS,
  RATE,
  type Market,
  type MarketName,
} from "./model.ts";
import { hash32, randomOf, type Random } from "./random.ts";
import type { Hex, Outcome } from "./scene.ts";
import type { Stagehand } from "./stagehand.ts";

export interface Node {
  readonly id: number;
  /** Role of its provider, who is its operator too. */
  readonly role: string;
  readonly holding: Holding;
  /** Whether the node does nothing by itself. */
  idle: boolean;
  /** Whether it compacts its directory when that pays off. */
  compacts: boolean;
  /** Whether it compacts as soon as some lost segments have ended, because they are sampled until then. */
  tidies: boolean;
}

export interface NodeOptions {
  /** Token units. Default: more than it can ever need. */
  readonly bond?: bigint;
  readonly lockPerEpoch?: bigint;
}

/** What the chain says about a vNode in the current epoch, once the randomness is recorded. */
export interface View {
  readonly due: boolean;
  readonly proven: boolean;
  readonly node: number;
  readonly drawn: boolean;
  readonly seed: bigint;
  readonly root: bigint;
  readonly total: number;
  readonly successor: number;
  readonly successorSeed: bigint;
  readonly settled: number;
  readonly misses: number;
  readonly syncing: boolean;
  readonly named: boolean;
  readonly short: boolean;
  readonly locked: number;
  readonly deferredSince: number;
}

export interface StoreOptions {
  readonly owner?: string;
  readonly vNode?: Ground;
  readonly leaves?: number;
  /** Number of segments in one call. */
  readonly count?: number;
  /** Token units per leaf. */
  readonly price?: number;
  readonly epochs: number;
  readonly junk?: boolean;
  readonly then?: (segment: Segment | undefined) => void;
}

const hex32 = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;

export class Play {
  readonly name: string;
  readonly market: Market;
  readonly last: number;
  readonly cluster: number;
  /** Index of the play's beacon. */
  readonly beacon: number;
  readonly books: Books;
  readonly random: Random;
  readonly grounds: Ground[] = [];
  readonly nodes: Node[] = [];
  readonly views = new Map<Ground, View>();
  readonly challenges: PlayChallenges;
  /** vNodes that were due and not proven. */
  readonly missed = new Set<Ground>();
  /** Token units that all customers pay per epoch. */
  rate = RATE;
  /** The current epoch. */
  epoch = 0;
  readonly #stagehand: Stagehand;
  readonly #seed: string;
  readonly #buckets = new Map<string, number>();
  #roots = 0;
  #nonces = 0;

  constructor(
    stagehand: Stagehand,
    name: string,
    market: MarketName,
    options: { seed: number; last: number },
  ) {
    this.name = name;
    this.market = MARKETS[market];
    this.last = options.last;
    this.#stagehand = stagehand;
    this.#seed = `${options.seed}`;
    this.books = new Books(stagehand);
    this.challenges = new PlayChallenges(this, stagehand);
    this.random = randomOf(this.#seed, market, "market");
    this.beacon = this.market.ownBeacon ? stagehand.nextBeacon() : 0;
    this.cluster = ++stagehand.ids.clusters;
    this.send(
      "manager",
      "Registry",
      "createCluster",
      encode("Registry", "createCluster", [0, this.beacon, 0, this.market.params, ""]),
    );
  }

  /** The randomness of an epoch. */
  randomness(epoch: number): Hex {
    return this.randomnessOf(this.beacon, epoch);
  }

  randomnessOf(beacon: number, epoch: number): Hex {
    return `0x${hash32(this.#seed, "beacon", beacon, epoch)}`;
  }

  get chainId(): bigint {
    return this.#stagehand.scene.chainId;
  }

  /** Address of Audits. */
  get audits(): string {
    return this.#stagehand.scene.audits;
  }

  get ground(): Ground {
    return this.grounds[0] as Ground;
  }

  view(ground = this.ground): View {
    return this.views.get(ground) as View;
  }

  node(role = "node"): Node {
    const node = this.nodes.find((one) => one.role === role);
    if (!node) throw new Error(`${this.name} has no node of ${role}`);
    return node;
  }

  nodeOf(id: number): Node | undefined {
    return this.nodes.find((one) => one.id === id);
  }

  // -------------------------------------------------------------------------------------------------- preparations

  addGround(): Ground {
    const ground = new Ground(++this.#stagehand.ids.vNodes);
    const data = encode("Registry", "addVNodes", [this.cluster, [this.grounds.length + 1]]);
    this.send("manager", "Registry", "addVNodes", data);
    this.grounds.push(ground);
    return ground;
  }

  addNode(role: string, { bond = FUNDS, lockPerEpoch = 2n ** 95n }: NodeOptions = {}): Node {
    const holding = new Holding(`${this.#seed}/${role}`);
    const node = {
      id: ++this.#stagehand.ids.nodes,
      role,
      idle: false,
      compacts: true,
      tidies: false,
      holding,
    };
    const address = this.books.address(role);
    const data = encode("Registry", "registerNode", [address, "", 2n ** 39n, 2n ** 95n, lockPerEpoch, ""]);
    this.send(role, "Registry", "registerNode", data);
    this.books.nodes.push({ id: node.id, role });
    this.call(role, "Ledger", "bond", [node.id, bond]);
    this.call(role, "Registry", "trust", [this.books.address("manager"), 1]);
    this.nodes.push(node);
    return node;
  }

  assign(node: Node | undefined, ground = this.ground, then?: (outcome: Outcome) => void): void {
    this.call("manager", "Registry", "assign", [ground.id, node?.id ?? 0], then);
  }

  addStandby(node: Node): void {
    this.call("manager", "Registry", "addStandby", [this.cluster, node.id]);
  }

  #bucketOf(owner: string): number {
    const known = this.#buckets.get(owner);
    if (known !== undefined) return known;
    const bucket = ++this.#stagehand.ids.buckets;
    this.#buckets.set(owner, bucket);
    this.call(owner, "Registry", "createBucket", [this.cluster, 0]);
    return bucket;
  }

  // ---------------------------------------------------------------------------------------------------------- acts

  /** Queues a transaction of an account. Without `then` it must not fail. */
  call(
    role: string,
    contract: ContractName,
    name: string,
    args: readonly (bigint | number | string)[],
    then?: (outcome: Outcome) => void,
  ): void {
    this.send(role, contract, name, quick(contract, name, ...args), then);
  }

  send(
    role: string,
    contract: ContractName,
    name: string,
    data: string,
    then?: (outcome: Outcome) => void,
  ): void {
    this.#send(role, contract, name, data, { entries: 0, then });
  }

  #send(
    role: string,
    contract: ContractName,
    name: string,
    data: string,
    { entries, then }: { entries: number; then?: ((outcome: Outcome) => void) | undefined },
  ): void {
    this.books.spend(role, name, entries);
    this.#stagehand.act(this.books.address(role), contract, data, then);
  }

  /** A root that has not been used before. */
  freshRoot(): bigint {
    return BigInt(`0x${hash32(this.#seed, this.name, ++this.#roots).slice(0, 62)}`);
  }

  /** Stores segments. The node that is responsible in the next epoch accepts them. */
  store(options: StoreOptions): void {
    const { owner = "customers", vNode = this.ground, leaves = LEAVES_PER_SEGMENT, junk = false } = options;
    const { price = LEAF_PRICE, count = 1, then } = options;
    const epochs = Math.min(options.epochs, this.last - this.epoch);
    if (epochs < 1) return;
    const roots = Array.from({ length: count }, () => this.freshRoot());
    const rent = BigInt(price) * 10n ** 18n;
    const segments = roots.map((root) => ({ root: hex32(root), leaves }));
    const acceptance = { rent, nonce: ++this.#nonces, deadline: 2n ** 64n, signature: "0x" };
    const order = [this.#bucketOf(owner), vNode.id, segments, epochs, rent, acceptance];
    const [from, end] = [this.epoch + 1, this.epoch + 1 + epochs];
    const fresh = { leaves, perEpoch: leaves * price, from, end, owner, junk };
    this.send(owner, "Registry", "store", encode("Registry", "store", order), ({ success }) => {
      for (const root of roots) {
        const stored = success ? vNode.append(this.epoch, { ...fresh, root }) : undefined;
        then?.(stored);
      }
    });
  }

  extend(segment: Segment, epochs: number, ground = this.ground): void {
    const most = Math.min(epochs, this.last + 1 - segment.end);
    if (most < 1) return;
    const rent = (BigInt(segment.perEpoch) * 10n ** 18n) / BigInt(segment.leaves);
    const acceptance = { rent, nonce: ++this.#nonces, deadline: 2n ** 64n, signature: "0x" };
    const data = encode("Registry", "extend", [ground.id, segment.serial, most, rent, acceptance]);
    this.send(segment.owner, "Registry", "extend", data, ({ success }) => {
      if (success) segment.end += most;
    });
  }

  endEarly(segment: Segment, ground = this.ground): void {
    const end = this.epoch + 3;
    this.call(segment.owner, "Registry", "endEarly", [ground.id, segment.serial], ({ success }) => {
      if (success) segment.end = end;
    });
  }

  settle(role: string, ground = this.ground): void {
    this.call(role, "Audits", "settle", [ground.id, 64], () => undefined);
  }

  /** Lets the responsible node compact the directory. */
  compact(node: Node, ground = this.ground): void {
    const { openings, siblings, apply } = ground.compaction(this.epoch);
    this.#rewrite(node.role, "compact", ground, openings, siblings, apply);
  }

  retire(role: string, gone: readonly Segment[], ground = this.ground): void {
    const { openings, siblings, apply } = ground.retirement(this.epoch, gone);
    this.#rewrite(role, "retire", ground, openings, siblings, apply);
  }

  #rewrite(
    role: string,
    name: "compact" | "retire",
    ground: Ground,
    openings: ReturnType<Ground["compaction"]>["openings"],
    siblings: readonly bigint[],
    apply: () => void,
  ): void {
    const opened = openings.map(({ serial, start, root }) => ({ serial, start, root: hex32(root) }));
    const data = encode("Registry", name, [ground.id, opened, siblings.map(hex32)]);
    const then = ({ success, answer }: Outcome): void => {
      if (!success) throw new Error(`${this.name}, epoch ${this.epoch}: ${name} failed: ${answer}`);
      apply();
    };
    this.#send(role, "Registry", name, data, { entries: openings.length, then });
  }
}
