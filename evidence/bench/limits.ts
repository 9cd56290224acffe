/**
 * The gas of transactions and views with little and with much in the system. It must be the same, unless they work in pages.
 * Proofs are faked here, because the verifier's gas does not depend on the stored data.
 */
import { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import { domain, EXTENSION } from "../../protocol/typed-data.ts";
import { openingsOf } from "../world/openings.ts";
import { present } from "../world/present.ts";
import { createWorld, FUNDS, PARAMS, QUANTUM, type World } from "../world/world.ts";

export interface LimitRow {
  readonly call: string;
  readonly few: number;
  readonly many: number;
}

export interface Size {
  readonly segments: number;
  readonly vNodes: number;
  /** Number of epochs that nobody has settled. */
  readonly epochs: number;
}

export const FEW: Size = { segments: 1, vNodes: 2, epochs: 65 };
export const MANY: Size = { segments: 10_000, vNodes: 1000, epochs: 10_000 };

const SHAPE = { samples: 2, dataDepth: 2, directoryDepth: 7 };
/** A segment of one leaf pays a quantum per epoch. */
const RENT = QUANTUM * 10n ** 18n;
const LONG = 60_000;
/** Items of a page. */
const PAGE = 50;
const BATCH = 32;
const CAPACITY = 10n ** 9n;
/** The most entries that a call compacts. */
const COMPACTED = 150;

export async function benchLimits(log: (line: string) => void): Promise<LimitRow[]> {
  const few = await measure(FEW, log);
  const many = await measure(MANY, log);
  return [...few].map(([call, gas]) => ({ call, few: gas, many: many.get(call) ?? Number.NaN }));
}

async function measure(size: Size, log: (line: string) => void): Promise<Map<string, number>> {
  const bench = await createBench(size, log);
  await bench.fill();
  await bench.storing();
  await bench.managing();
  await bench.auditing();
  await bench.looking();
  await bench.catchingUp();
  return bench.rows;
}

type Sent = Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>;

async function createBench(size: Size, log: (line: string) => void) {
  const world = await createWorld({}, SHAPE);
  const { registry, audits, challenges, ledger, people, ethers, chain } = world;
  const { manager, alice, stranger } = people;
  const provider = present(people.providers[0]);
  const operator = present(people.operators[0]);
  const rows = new Map<string, number>();
  const directory = new Directory(SHAPE.directoryDepth);
  let root = 0n;

  /** Sends a transaction, notes its gas, and restores the state before it. */
  const count = async (call: string, send: () => Sent): Promise<void> => {
    const before = await chain.networkHelpers.takeSnapshot();
    const receipt = await (await send()).wait();
    if (!receipt) throw new Error(`${call} was not mined`);
    rows.set(call, Number(receipt.gasUsed));
    await before.restore();
  };

  const store = (many: number, epochs = LONG) => {
    const roots = Array.from({ length: many }, () => ++root);
    return world.store({
      leaves: roots.map(() => 1),
      roots: roots.map(toHex32),
      rent: RENT,
      epochs,
    });
  };
  const keep = async (many: number, epochs = LONG): Promise<void> => {
    const first = root + 1n;
    await store(many, epochs);
    for (let each = first; each <= root; each++) directory.append({ root: each, weight: 1, leaves: 1 });
  };

  async function extend(serial: number) {
    const { chainId } = await ethers.provider.getNetwork();
    const terms = { rent: RENT, nonce: 10n ** 9n, deadline: 2n ** 64n };
    const typed = domain(chainId, await registry.getAddress());
    const message = { node: 1, revision: 0, vNode: 1, serial, epochs: 5, ...terms };
    const signature = await operator.signTypedData(typed, EXTENSION, message);
    return registry.connect(alice).extend(1, serial, 5, RENT, { ...terms, signature });
  }

  return {
    rows,

    async fill(): Promise<void> {
      for (const [i, each] of people.providers.entries()) {
        const own = registry.connect(each);
        await own.updateNode(i + 1, present(people.operators[i]), "", CAPACITY, RENT, FUNDS, "");
      }
      for (let made = 2; made < size.vNodes; made += PAGE) {
        const tokens = Array.from({ length: Math.min(PAGE, size.vNodes - made) }, (_, i) => 100 + made + i);
        await registry.connect(manager).addVNodes(1, tokens);
      }
      // Every segment costs a quantum per epoch.
      const price = BigInt(size.segments + 100) * QUANTUM * BigInt(LONG);
      await world.token.mint(alice, price);
      await ledger.connect(alice).deposit(alice, price);
      // A segment that ends after its first epoch.
      await keep(1, 1);
      for (let made = 0; made < size.segments; made += BATCH) {
        await keep(Math.min(BATCH, size.segments - made));
        if (made % (BATCH * 50) === 0) log(`${made} of ${size.segments} segments`);
      }
    },

    async storing(): Promise<void> {
      await count("store", () => store(1));
      await count(`store of ${BATCH}`, () => store(BATCH));
      await count("extend", () => extend(1));
      await count("addVNodes", () => registry.connect(manager).addVNodes(1, [7]));
      await count("createBucket", () => registry.connect(alice).createBucket(1, false));
    },

    async managing(): Promise<void> {
      const [own, boss] = [ledger.connect(provider), registry.connect(manager)];
      await fund(world, provider);
      await count("deposit", async () => {
        await world.token.mint(provider, 1n);
        await world.token.connect(provider).approve(ledger, 1n);
        return own.deposit(provider, 1n);
      });
      await count("withdraw", () => own.withdraw(provider, 1n));
      await count("bond", () => own.bond(1, 1n));
      await count("requestUnbond", () => own.requestUnbond(1, 1n));
      await count("changeCluster", () => boss.changeCluster(1, 0, 0, { ...PARAMS, faultMultiple: 11 }));
      await boss.addStandby(1, 2);
      await count("addStandby", () => boss.addStandby(1, 3));
      await count("removeStandby", () => boss.removeStandby(1, 2));
    },

    async auditing(): Promise<void> {
      await world.begin(1);
      await count("prove", () => world.prove(1));
      await world.prove(1);
      await keep(1);
      await world.begin(2);
      await count("store, a vNode's first of an epoch", () => store(1));
      await count("prove, when a segment has ended", () => world.prove(2));
      await world.prove(2);
      await count("retire", () => registry.retire(1, ...openingsOf(directory, [0])));
      const serials = Array.from({ length: Math.min(COMPACTED, size.segments) }, (_, i) => i + 1);
      await count(`compact, ${COMPACTED} entries at most`, () =>
        registry.connect(operator).compact(1, ...openingsOf(directory, serials)),
      );
      await count("endEarly", () => registry.connect(alice).endEarly(1, 1));
      await count("assign", () => registry.connect(manager).assign(1, 2));
      await count("pause", () => audits.connect(provider).pause(1, 1));
      await count("announceLeave", () => audits.connect(provider).announceLeave(1));
      const own = challenges.connect(stranger);
      await fund(world, stranger);
      await count("challenge", () => own.challenge(1, 0, 1, FUNDS));
      await own.challenge(1, 0, 1, FUNDS);
      await world.begin(3);
      const { inputs } = await challenges.inputsOf(1);
      const answer = () => challenges.answer(1, [...inputs, 1n, 0n, 0n, 0n]);
      await count("answer", answer);
      await count("expire", async () => {
        await world.toEpoch(5);
        return challenges.expire(1);
      });
      await answer();
      await world.begin(4);
      await count("settle, a miss", () => audits.settle(1, 1));
      await audits.settle(1, 1);
      await count("claim", () => registry.claim(1, 1));
    },

    async looking(): Promise<void> {
      const lens = await ethers.deployContract("Lens", [audits]);
      const views: Record<string, () => Promise<bigint>> = {
        [`Lens.vNodes, ${PAGE} of them`]: () => lens.vNodes.estimateGas(1, 0, PAGE),
        [`Lens.supply, of ${PAGE} vNodes`]: () => lens.supply.estimateGas(1, 0, PAGE),
        [`Lens.segments, ${PAGE} of them`]: () => lens.segments.estimateGas(1, 0, PAGE),
        [`Lens.segmentsOf, ${PAGE} of them`]: () => lens.segmentsOf.estimateGas(1, 0, PAGE),
      };
      for (const [view, estimate] of Object.entries(views)) rows.set(view, Number(await estimate()));
    },

    async catchingUp(): Promise<void> {
      log(`${size.epochs} epochs go by`);
      await world.toEpoch(5 + size.epochs);
      await count("settle, 64 epochs", () => audits.settle(1, 64));
      await count("settle, all epochs of a vNode without data", () => audits.settle(2, 2n ** 32n));
      for (let left = size.epochs; left > 64; left -= 64) await audits.settle(1, 64);
      await count("store, up to 64 epochs to be settled", () => store(1));
      await count("claim, of all epochs", () => registry.claim(1, 1));
    },
  };
}

/** Pays for a challenge, which costs 8 epochs' pay of the whole vNode. */
async function fund({ token, ledger }: World, who: World["people"]["stranger"]): Promise<void> {
  await token.mint(who, FUNDS);
  await token.connect(who).approve(ledger, FUNDS);
  await ledger.connect(who).deposit(who, FUNDS);
}
