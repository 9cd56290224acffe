// Following events: they are stored, read again if they do not add up, and read no further than the endpoint is.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { openEventStore, type EventStore } from "../../chain/event-store.ts";
import type { Block, ChainEvent, EventSource } from "../../chain/events.ts";
import { createFollower, isIncomplete, type Follower } from "../../chain/follow.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

const EPOCH = 10;
const FROM = 3;

/** A chain with an event in each block, whose name is the block's hash; `head` is its server's newest block. */
class FakeSource implements EventSource {
  head = 9;
  /** From this block on, it is another chain. */
  forkAt = Infinity;
  /** Blocks whose events the server leaves out. */
  readonly hidden = new Set<number>();
  readonly asked: (readonly [from: number, to: number])[] = [];
  page = 4;

  hash(number: number): string {
    return `${number}${number >= this.forkAt ? "'" : ""}`;
  }
  at(number: number): Block {
    return { number, hash: this.hash(number), parent: this.hash(number - 1), timestamp: number };
  }
  block(): Promise<Block> {
    return Promise.resolve(this.at(this.head));
  }
  blockHash(number: number): Promise<string | undefined> {
    return Promise.resolve(number > this.head ? undefined : this.hash(number));
  }
  async *events(fromBlock: number, head: Block) {
    this.asked.push([fromBlock, head.number]);
    await Promise.resolve();
    for (let first = fromBlock; first <= head.number; first += this.page) {
      const to = Math.min(first + this.page - 1, head.number);
      const numbers = Array.from({ length: to - first + 1 }, (_, i) => first + i);
      yield { events: numbers.filter((n) => !this.hidden.has(n)).map((n) => this.event(n)), to };
    }
  }
  event(number: number): ChainEvent {
    return {
      name: this.hash(number),
      args: { n: BigInt(number) },
      block: number,
      transaction: "",
      timestamp: number,
    };
  }
}

describe("chain: following", () => {
  const folder = useFolder();
  let source: FakeSource;
  let store: EventStore;
  let troubles: unknown[];
  /** Names of events, as they are known after an update. */
  let known: string[];
  /** The difference that the contracts show at a block; undefined: none. */
  let check: (head: Block, isNew: boolean) => string | undefined;
  let follower: Follower;

  const path = (): string => join(folder(), "events.sqlite");
  const openStore = (name = "one", maxPages?: number): EventStore =>
    openEventStore(path(), name, { trouble: (error) => void troubles.push(error), maxPages });
  const create = (): Follower => {
    let next: string[] = [];
    return createFollower(
      { fromBlock: FROM, epochAt: (time) => Math.floor(time / EPOCH) },
      {
        source,
        store,
        log: pino({ level: "silent" }),
        reader: {
          restart: () => void (next = []),
          take({ name }) {
            if (name === "no") throw new Error("it says no");
            next.push(name);
          },
          ready: () => void (known = next),
          check: (head, isNew) => Promise.resolve(check(head, isNew)),
        },
      },
    );
  };
  /** The names of all events of the chain. */
  const all = (): string[] => Array.from({ length: source.head - FROM + 1 }, (_, i) => source.hash(FROM + i));
  /** The contracts count as many events as blocks. */
  const counted = ({ number }: Block): string | undefined =>
    known.length === number - FROM + 1 ? undefined : `${known.length} events`;

  beforeEach(() => {
    [source, troubles, known, check] = [new FakeSource(), [], [], () => undefined];
    store = openStore();
    follower = create();
  });
  afterEach(() => store.close());

  it("takes each event once, in order, however many ask at a time", async () => {
    await Promise.all([follower.update(), follower.update()]);
    source.head = 12;
    expect(await follower.update()).to.deep.equal(source.at(12));
    expect(known).to.deep.equal(all());
    expect(source.asked).to.deep.equal([
      [FROM, 9],
      [10, 12],
    ]);
  });

  it("asks after a restart for what is new only, and knows all the same", async () => {
    await follower.update();
    store.close();
    [source.head, store] = [11, openStore()];
    await create().update();
    expect(known).to.deep.equal(all());
    expect(source.asked.at(-1)).to.deep.equal([10, 11]);
  });

  it("goes on after a crash in the middle from the last page", async () => {
    const events = source.events.bind(source);
    source.events = async function* (from, head) {
      yield* events(from, { ...head, number: 6 });
      throw new HoldfastError("unreachable", "cut off");
    };
    expect((await holdfastErrorOf(follower.update())).code).to.equal("unreachable");
    source.events = events;
    store.close();
    store = openStore();
    await create().update();
    expect(known).to.deep.equal(all());
    expect(source.asked.at(-1)).to.deep.equal([7, 9]);
  });

  for (const [what, make] of [
    ["of another deployment", () => openStore("two")],
    ["that is no database", () => (writeFileSync(path(), "x".repeat(5_000)), openStore())],
  ] as const)
    it(`reads everything anew with a file ${what}`, async () => {
      await follower.update();
      store.close();
      store = make();
      await create().update();
      expect(known).to.deep.equal(all());
      expect(source.asked.at(-1)).to.deep.equal([FROM, 9]);
    });

  it("reads again what was kept and can be made nothing of", async () => {
    store.append([{ ...source.event(4), name: "no" }], { number: 5, hash: source.hash(5), shown: true });
    await follower.update();
    expect(known).to.deep.equal(all());
    expect(source.asked).to.deep.equal([[FROM, 9]]);
  });

  it("keeps nothing of a page whose last block the server does not know", async () => {
    const blockHash = source.blockHash.bind(source);
    source.blockHash = (number) => (number === 6 ? Promise.resolve(undefined) : blockHash(number));
    const error = await holdfastErrorOf(follower.update());
    expect(error.code).to.equal("unreachable");
    expect(error.message).to.include("lacks block 6, although it returned the block's events");
    expect(store.checkpoints()).to.deep.equal([]);
    source.blockHash = blockHash;
    await follower.update();
    expect(known).to.deep.equal(all());
  });

  describe("when events are left out", () => {
    beforeEach(() => void (check = counted));

    it("reads again what was not shown to be there, and then knows it", async () => {
      await follower.update();
      source.head = 12;
      source.hidden.add(11);
      expect(isIncomplete(await errorOf(follower.update()))).to.equal(true);
      source.hidden.clear();
      await follower.update();
      expect(known).to.deep.equal(all());
      expect(source.asked.slice(-2)).to.deep.equal([
        [10, 12],
        [10, 12],
      ]);
    });

    it("reads again since the epoch's first look, in which more was compared", async () => {
      source.head = 10;
      await follower.update();
      for (source.head = 11; source.head < 20; source.head++) await follower.update();
      check = () => "it is not all there";
      expect(isIncomplete(await errorOf(follower.update()))).to.equal(true);
      check = () => undefined;
      await follower.update();
      expect(source.asked.at(-1)).to.deep.equal([11, 20]);
    });

    it("reads again from as far back as is kept, where that first look is not", async () => {
      const long = createFollower(
        { fromBlock: FROM, epochAt: (time) => Math.floor(time / 10_000) },
        {
          source,
          store,
          log: pino({ level: "silent" }),
          reader: { restart() {}, take() {}, ready() {}, check: () => Promise.resolve(why) },
        },
      );
      let why: string | undefined;
      for (source.head = FROM; source.head < FROM + 1_100; source.head++) await long.update();
      why = "it is not all there";
      expect(isIncomplete(await errorOf(long.update()))).to.equal(true);
      why = undefined;
      await long.update();
      const [from] = source.asked.at(-1) ?? [0];
      expect(from).to.be.within(FROM + 50, FROM + 150);
    });

    it("reads everything again when that does not help", async () => {
      source.hidden.add(4);
      check = () => undefined;
      await follower.update();
      check = counted;
      source.head = 12;
      for (let i = 0; i < 2; i++) expect(isIncomplete(await errorOf(follower.update()))).to.equal(true);
      source.hidden.clear();
      await follower.update();
      expect(known).to.deep.equal(all());
      expect(source.asked.at(-1)).to.deep.equal([FROM, 12]);
    });

    it("never keeps for shown what was not, also across a restart", async () => {
      source.hidden.add(5);
      expect(isIncomplete(await errorOf(follower.update()))).to.equal(true);
      store.close();
      [source, store] = [new FakeSource(), openStore()];
      await create().update();
      expect(known).to.deep.equal(all());
    });

    it("knows what it knew until everything is read again", async () => {
      await follower.update();
      const before = [...known];
      source.head = 12;
      source.hidden.add(11);
      for (let i = 0; i < 2; i++) await errorOf(follower.update());
      expect(known.slice(0, before.length)).to.deep.equal(before);
    });

    it("takes an event that contradicts earlier ones as a sign of missing events", async () => {
      const event = source.event.bind(source);
      source.event = (number) => ({ ...event(number), ...(number === 8 && { name: "no" }) });
      expect((await errorOf(follower.update())).message).to.include("it says no");
      source.event = event;
      await follower.update();
      expect(known).to.deep.equal(all());
    });
  });

  it("says once an epoch that it is a new one, and again after a start and after a reorganization", async () => {
    const seen: (readonly [number, boolean])[] = [];
    check = ({ number }, isNew) => void seen.push([number, isNew]);
    for (source.head of [9, 9, 10, 11]) await follower.update();
    source.forkAt = 11;
    await follower.update();
    source.head = 12;
    await create().update();
    expect(seen).to.deep.equal([
      [9, true],
      [10, true],
      [11, false],
      [11, true],
      [12, true],
    ]);
  });

  it("compares again what it could not compare", async () => {
    check = () => {
      throw new HoldfastError("unreachable", "busy");
    };
    expect((await holdfastErrorOf(follower.update())).code).to.equal("unreachable");
    const seen: boolean[] = [];
    check = (_head, isNew) => void seen.push(isNew);
    await follower.update();
    expect(seen).to.deep.equal([true]);
    expect(known).to.deep.equal(all());
  });

  describe("on a server that lags", () => {
    for (const behind of [1, 5])
      it(`keeps what it has read, ${behind} blocks further`, async () => {
        await follower.update();
        source.head -= behind;
        expect(await follower.update()).to.deep.equal(source.at(9));
        source.head = 10;
        await follower.update();
        expect(known).to.deep.equal(all());
        expect(source.asked).to.deep.equal([
          [FROM, 9],
          [10, 10],
        ]);
      });

    it("keeps it where one backend knows the newest block, and another not the one before", async () => {
      await follower.update();
      source.head = 12;
      source.blockHash = () => Promise.resolve(undefined);
      expect(await follower.update()).to.deep.equal(source.at(9));
      expect(known).to.have.lengthOf(7);
    });

    it("waits for it after a start", async () => {
      await follower.update();
      source.head = 7;
      expect((await holdfastErrorOf(create().update())).message).to.include("block 9 was read before");
      source.head = 9;
      await create().update();
      expect(known).to.deep.equal(all());
    });
  });

  for (const depth of [1, 2, 5, 64])
    it(`goes back ${depth} blocks where the chain was reorganized, and no further than it must`, async () => {
      for (source.head = 4; source.head <= 100; source.head++) await follower.update();
      source.head = 101;
      source.forkAt = 101 - depth;
      await follower.update();
      expect(known).to.deep.equal(all());
      expect(source.asked.at(-1)).to.deep.equal([101 - depth, 101]);
    });

  it("follows a chain that was reorganized while it was down", async () => {
    for (source.head of [5, 9]) await follower.update();
    [source.head, source.forkAt] = [12, 7];
    await create().update();
    expect(known).to.deep.equal(all());
    expect(source.asked.at(-1)).to.deep.equal([6, 12]);
  });

  it("reads everything again when it is told to", async () => {
    await follower.update();
    follower.distrust();
    await follower.update();
    expect(known).to.deep.equal(all());
    expect(source.asked.at(-1)).to.deep.equal([FROM, 9]);
  });

  it("goes on where nothing can be kept from the start, and says so", async () => {
    store.close();
    store = openEventStore(join(folder(), "none", "events.sqlite"), "one", {
      trouble: (error) => void troubles.push(error),
    });
    follower = create();
    for (source.head of [9, 12]) await follower.update();
    expect(known).to.deep.equal(all());
    expect(troubles).to.have.lengthOf(1);
  });

  it("goes on where nothing more can be kept, says so once, and is right after a reorganization", async () => {
    store.close();
    store = openStore("one", 12);
    follower = create();
    source.page = 1;
    for (source.head of [100, 300, 900]) await follower.update();
    expect(known).to.deep.equal(all());
    expect(troubles).to.have.lengthOf(1);
    [source.head, source.forkAt] = [1_000, 10];
    await follower.update();
    expect(known).to.deep.equal(all());
    store.close();
    store = openStore();
    await create().update();
    expect(known).to.deep.equal(all());
  });
});
