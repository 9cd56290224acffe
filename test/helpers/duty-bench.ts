/**
 * A node's loop with a fake chain, clock, disk and pool, which do what the test says.
 */
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { createDuties, type Duties, type DutyModules, type DutyOptions } from "../../prover/duties.ts";
import { createHoldings, type Observer } from "../../prover/holdings.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createMetrics, type Metrics } from "../../prover/metrics.ts";
import { createSender } from "../../prover/sender.ts";
import { createStore, type Store, type StoreModules } from "../../prover/store.ts";
import { createFakeChain, NODE, type FakeChain } from "./fake-chain.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createLogs, type LogLine, type Logs } from "./logs.ts";
import { resultFor } from "./results.ts";
import { streamOf, testSegment } from "./segments.ts";

const profile = PROFILES.tiny;

/** Settings with which nothing is compacted or retired. */
export const NO_UPKEEP = {
  retire: false,
  compactBelow: 0,
  compactHorizon: 10,
  compactGas: 12_000_000,
  coinValue: 0n,
};

export interface DutyBench {
  readonly chain: FakeChain;
  readonly clock: FakeClock;
  readonly logs: Logs;
  readonly metrics: Metrics;
  /** The inputs of the proofs, in order. */
  readonly asked: CircuitInput[];
  readonly compacting: Set<bigint>;
  readonly journal: Journal;
  readonly store: Store;
  /** Restarts as after a crash, with a new journal and store on the same folder. */
  restart(modules?: Partial<StoreModules>): Promise<void>;
  /** Puts a segment of 5 leaves on the disk. */
  put(tag: number): Promise<Hex>;
  create(options?: Partial<DutyOptions>, modules?: Partial<DutyModules>, observer?: Observer): Duties;
  lookOnce(duties: Duties): Promise<void>;
  linesOf(msg: string): LogLine[];
  /** Aborts what runs. */
  stop(): void;
  end(): void;
}

export async function createDutyBench(folder: string): Promise<DutyBench> {
  const [chain, clock, logs, metrics] = [createFakeChain(), createFakeClock(), createLogs(), createMetrics()];
  const open = async (
    modules: Partial<StoreModules> = {},
  ): Promise<{ ending: AbortController; journal: Journal; store: Store }> => ({
    ending: new AbortController(),
    journal: openJournal(folder),
    store: await createStore(
      { folder, profile, quotaBytes: 1e6, reserveBytes: 0 },
      { engine: referenceEngine, ...modules },
    ),
  });
  let opened = await open();
  const bench: DutyBench = {
    chain,
    clock,
    logs,
    metrics,
    asked: [],
    compacting: new Set(),
    get journal() {
      return opened.journal;
    },
    get store() {
      return opened.store;
    },
    async restart(modules) {
      bench.end();
      bench.compacting.clear();
      opened = await open(modules);
    },
    async put(tag) {
      const segment = testSegment(2_000, tag);
      await opened.store.receive(streamOf(segment.data), segment);
      opened.journal.recordSegment(segment.root, 2_000, chain.time);
      return segment.root;
    },
    create(options = {}, modules = {}, observer) {
      const { ending } = opened;
      const { journal = opened.journal, store = opened.store } = modules;
      const { signal } = ending;
      const { log } = logs;
      const depth = { node: NODE, directoryDepth: profile.directoryDepth, fromBlock: 0 };
      const pacing = { confirmations: 0, bumpAfterMs: 1000, pollMs: 100, signal };
      return createDuties(
        {
          node: NODE,
          profile,
          recordAfter: 0.5,
          keepUnpaidSeconds: 60,
          removeShare: 0.1,
          repairLost: true,
          pollMs: 100,
          maxHeadAgeSeconds: 300,
          ...NO_UPKEEP,
          signal,
          ...options,
        },
        {
          chain,
          store,
          journal,
          clock,
          log,
          metrics,
          compacting: bench.compacting,
          holdings: createHoldings(depth, { chain, log, observer }),
          sender: createSender(pacing, { chain, journal, clock, log }),
          pool: {
            prove(input) {
              bench.asked.push(input as CircuitInput);
              return Promise.resolve(resultFor(input as CircuitInput));
            },
            close: () => Promise.resolve(),
          },
          verify: () => Promise.resolve(true),
          fetchRound: ({ round }) =>
            Promise.resolve({ round, signature: `0x${"00".repeat(64)}`, randomness: `0x${"00".repeat(32)}` }),
          repair: () => Promise.resolve(),
          ...modules,
        },
      );
    },
    async lookOnce(duties) {
      await duties.look();
      await duties.settled();
    },
    linesOf: (msg) => logs.lines.filter((line) => line["msg"] === msg),
    stop: () => opened.ending.abort(),
    end() {
      bench.stop();
      opened.journal.close();
    },
  };
  return bench;
}

/** With a segment on disk that is stored on the chain since epoch 4, in epoch 5. */
export async function startDutyBench(folder: string): Promise<{ bench: DutyBench; root: Hex }> {
  const bench = await createDutyBench(folder);
  const root = await bench.put(1);
  bench.chain.time = 80;
  bench.chain.store({ root, leaves: 5 });
  bench.chain.time = 100;
  return { bench, root };
}
