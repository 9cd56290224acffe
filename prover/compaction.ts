/**
 * Compacts a directory: writes its live entries into a fresh tree, if that is worth the gas, in as many transactions
 * as needed (protocol.md, section 5).
 *
 * The chain knows how far a compaction is. A node that was interrupted continues from there; if it comes too late,
 * the contract has given the compaction up, and a new one may begin. From the decision to the end, nothing is stored
 * and nothing is retired.
 */
import type { Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { maxSegments, type Profile } from "../protocol/profiles.ts";
import { fit, openingCall, withIndexes } from "./batches.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import { forecast, reasonFor, type Forecast, type Reason } from "./coverage.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import { lastEndOf, mayGoOn } from "./responsibility.ts";
import type { Sender } from "./sender.ts";

export interface CompactionOptions {
  readonly profile: Profile;
  /** Coverage below which a directory is compacted, if that saves more than it costs. 0: never. */
  readonly compactBelow: number;
  /** Epochs in which a compaction must save its cost. */
  readonly compactHorizon: number;
  /** The most gas of one transaction. */
  readonly compactGas: number;
  /** Value of 10^18 wei in token units. */
  readonly coinValue: bigint;
  readonly signal: AbortSignal;
}

export interface CompactionModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly sender: Sender;
  /** vNodes whose directories are being compacted. */
  readonly compacting: Set<bigint>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface Compaction {
  /** Begins a compaction if it is worth its cost, or continues one. */
  attend(vNode: bigint, now: Present): Promise<void>;
}

export interface Present {
  readonly epoch: number;
  /** Chain time in seconds. */
  readonly time: number;
  /** Whether the node is paid for the vNode at present. */
  readonly earning: boolean;
}

/**
 * Gas per live entry, if half of all entries have ended, and for the rest: what the contracts take at the standard
 * depth.
 */
const ENTRY_GAS = 62_000n;
const BASE_GAS = 250_000n;
/**
 * Share of an epoch. A compaction begun so close to the end may be mined in the next epoch, when fewer entries are
 * live.
 */
const TOO_LATE = 0.1;

/** A transaction to send. */
interface Step {
  readonly key: string;
  readonly call: Call;
}

export function createCompaction(options: CompactionOptions, modules: CompactionModules): Compaction {
  const { profile, compactBelow, compactHorizon, coinValue, signal } = options;
  const { chain, holdings, journal, sender, compacting, metrics, log } = modules;
  const maxGas = BigInt(options.compactGas);

  const costOf = async ({ live }: Forecast): Promise<bigint> => {
    if (coinValue === 0n) return 0n;
    const gas = BASE_GAS + ENTRY_GAS * BigInt(live);
    return (gas * (await chain.gasPrice()) * coinValue) / 10n ** 18n;
  };

  const reasonToBegin = async (
    vNode: bigint,
    { epoch, time, earning }: Present,
  ): Promise<Reason | undefined> => {
    if (chain.epochAt(time + TOO_LATE * chain.epochSeconds) > epoch) return undefined;
    const seen = forecast(holdings.latest(vNode).holdings, epoch, compactHorizon);
    const terms = { below: compactBelow, earning, places: maxSegments(profile) };
    // The gas price is asked for only if the rest speaks for a compaction.
    if (!reasonFor(seen, { ...terms, cost: 0n })) return undefined;
    const cost = await costOf(seen);
    const reason = reasonFor(seen, { ...terms, cost });
    if (!reason) return undefined;
    const facts = { vNode: Number(vNode), reason, entries: seen.entries, live: seen.live };
    const money = { coverage: round(seen.coverage), saves: String(seen.saved), costs: String(cost) };
    log.info({ ...facts, ...money }, "compaction begins");
    return reason;
  };

  /** The next transaction, from the state that the chain reports. */
  const nextStep = async (vNode: bigint, epoch: number, time: number): Promise<Step> => {
    const contents = holdings.latest(vNode);
    const [record, directory] = await Promise.all([chain.compaction(vNode), chain.directory(vNode)]);
    if (directory.root !== contents.directory.root) {
      const message = `the directory of vNode ${vNode} differs between the chain's events and the contract: it is not compacted until they agree`;
      throw new HoldfastError("chain", message, { vNode: Number(vNode) });
    }
    const goesOn = record.left > 0 && mayGoOn(record.epoch, epoch);
    const since = goesOn ? record.epoch : epoch;
    const from = goesOn ? record.nextSerial : 0;
    const lastEnd = lastEndOf(since);
    const rest = withIndexes(contents).filter(({ end, serial }) => end > lastEnd && serial >= from);
    const callFor = (count: number): Call =>
      openingCall("compact", vNode, contents.directory, rest.slice(0, count));
    const key = `compact/${vNode}/${since}`;
    // The first transaction opens no entries in two cases. A compaction that was given up would take openings from
    // where it had stopped. And accepted segments may still be stored until the compaction begins, which would change
    // the tree.
    const givenUp = !goesOn && record.left > 0 && (rest[0]?.serial ?? 0) >= record.nextSerial;
    const beginsOnly = !goesOn && (givenUp || journal.mayBeUsed(vNode, time));
    if (rest.length === 0 || beginsOnly) return { key: `${key}/begin`, call: callFor(0) };
    const { call } = await fit(chain, callFor, { count: rest.length, maxGas });
    return { key: `${key}/${goesOn ? from : "first"}`, call };
  };

  const work = async (vNode: bigint): Promise<void> => {
    let [transactions, gasUsed, lastKey] = [0, 0, ""];
    const entriesBefore = holdings.latest(vNode).holdings.length;
    while (!signal.aborted) {
      const { timestamp: time } = await holdings.update();
      const epoch = chain.epochAt(time);
      const { compactingSince } = holdings.responsibilityOf(vNode);
      if (transactions > 0 && !mayGoOn(compactingSince, epoch)) {
        if (compactingSince !== undefined) break; // given up
        const entries = holdings.latest(vNode).holdings.length;
        const facts = { vNode: Number(vNode), entries, removed: entriesBefore - entries };
        log.info({ ...facts, transactions, gasUsed }, "compacted");
        metrics.compacted();
        return;
      }
      const { key, call } = await nextStep(vNode, epoch, time);
      if (key === lastKey) return; // the endpoint is behind: the next look continues
      lastKey = key;
      const delivery = await sender.send(key, call);
      transactions++;
      gasUsed += delivery.gasUsed;
      metrics.compacting(delivery.gasUsed);
      log.info({ vNode: Number(vNode), tx: delivery.hash, gasUsed: delivery.gasUsed }, "compaction goes on");
    }
  };

  return {
    async attend(vNode, now) {
      const prefix = `compact/${vNode}/`;
      // Transactions from before a crash or a failure come first. The next look then sees what is missing.
      const isOpen = journal.openTransactions().some(({ key }) => key.startsWith(prefix));
      const goesOn = mayGoOn(holdings.responsibilityOf(vNode).compactingSince, now.epoch);
      if (!isOpen && !goesOn && !(await reasonToBegin(vNode, now))) return;
      compacting.add(vNode);
      try {
        if (isOpen) await sender.finish(prefix);
        else await work(vNode);
      } finally {
        compacting.delete(vNode);
      }
    },
  };
}

const round = (share: number): number => Math.round(1000 * share) / 1000;
