/**
 * Settles what is over, once an epoch: many vNodes with one transaction, several transactions at a time, and none that would
 * come before a beacon.
 */
import type { Log } from "../chain/delivery.ts";
import type { Sender } from "../chain/sender.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { AuditCall, AuditChain, Preview } from "./chain.ts";
import type { AuditorState } from "./state.ts";
import { chooseWorth, HORIZON, inBatches, type Chosen, type Incomes, type SettleChoice } from "./worth.ts";

export interface SettlingOptions {
  readonly settle: SettleChoice;
  /** Token units that 10^18 wei are worth; 0: nobody knows. */
  readonly coinValue: bigint;
}

export interface SettlingModules {
  readonly chain: Pick<AuditChain, "previews" | "transactions">;
  readonly sender: Sender<AuditCall>;
  readonly state: AuditorState;
  readonly incomes: Incomes;
  readonly log: Log;
}

export interface Present {
  readonly epoch: number;
  readonly vNodes: readonly bigint[];
  /** Whether another transaction may go out. */
  readonly mayBegin: () => boolean;
}

export interface Settling {
  /** Plans the epoch, if that is to be done, and sends as much of it as may go out now. */
  attend(now: Present): Promise<void>;
  /** Of what was sent and not settled, why. */
  readonly troubles: readonly string[];
  /** Ends when nothing is under way. */
  settled(): Promise<void>;
}

/** Epochs of one vNode settled by one transaction. */
const MAX_EPOCHS = 64;
/** vNodes looked at in one call, at most. */
const PAGE = 32;
/** Of the estimates; a transaction takes 16.7 million at most, with all margins. */
const MAX_GAS = 9_000_000n;
const MAX_BATCH = 64;
/** Transactions at a time: a block has room for some of them, and whatever else comes has to wait for all. */
const MAX_FLYING = 8;
const PREFIX = "settle/";

export function createSettling(
  { settle, coinValue }: SettlingOptions,
  { chain, sender, state, incomes, log }: SettlingModules,
): Settling {
  const flying = new Set<Promise<void>>();
  let round: { readonly epoch: number; readonly batches: Chosen[][] } | undefined;
  let troubles: string[] = [];

  const previewAll = async (vNodes: readonly bigint[]): Promise<Preview[]> => {
    const found: Preview[] = [];
    while (found.length < vNodes.length) {
      const page = await chain.previews(vNodes.slice(found.length, found.length + PAGE), MAX_EPOCHS);
      if (page.length === 0)
        throw new HoldfastError(
          "unreachable",
          "the endpoint gives too little gas to a call: settling cannot be looked at",
        );
      for (const each of page) found.push(each);
    }
    return found;
  };

  const choose = async (epoch: number, vNodes: readonly bigint[]): Promise<Chosen[]> => {
    const previews = await previewAll(vNodes);
    if (settle === "all")
      return previews
        .filter(({ from, through }) => through > from)
        .map((each) => ({ ...each, onCluster: false }));
    const gasPrice = await chain.transactions.gasPrice();
    const since = epoch - HORIZON;
    const [paid, spent] = [incomes.since(since), state.spentSince(since)];
    return chooseWorth({ previews, paid, spent, price: { gasPrice, coinValue } });
  };

  const note = (epoch: number, batch: readonly Chosen[], gasUsed: number): void => {
    const estimated = batch.reduce((sum, { gas }) => sum + gas, 0n) || 1n;
    for (const { vNode, cluster, from, through, gas, onCluster } of batch) {
      if (onCluster) state.addSpent(cluster, epoch, (BigInt(gasUsed) * gas) / estimated);
      log.info({ vNode: Number(vNode), from: from + 1, through }, "settled");
    }
  };

  const send = async (epoch: number, batch: readonly Chosen[]): Promise<void> => {
    const vNodes = batch.map(({ vNode }) => vNode);
    const [first] = batch;
    const key = `${PREFIX}${epoch}/${first?.vNode ?? 0n}/${first?.from ?? 0}`;
    try {
      const { gasUsed } = await sender.send(key, { kind: "settle", vNodes, epochs: MAX_EPOCHS });
      note(epoch, batch, gasUsed);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "aborted") return;
      const reason = error instanceof Error ? error.message : String(error);
      troubles.push(`settling ${vNodes.length} vNodes: ${reason}`);
      log.warn({ vNodes: vNodes.map(Number), reason }, "not settled");
    }
  };

  return {
    get troubles() {
      return troubles;
    },
    async attend({ epoch, vNodes, mayBegin }) {
      if (settle === "none" || epoch === 0 || !mayBegin()) return;
      if (round?.epoch !== epoch) {
        // What is on its way may be what would be planned again, also after a crash.
        const open = state.transactions.openTransactions();
        if (flying.size > 0 || open.some(({ key }) => key.startsWith(PREFIX))) return;
        round = { epoch, batches: inBatches(await choose(epoch, vNodes), MAX_GAS, MAX_BATCH) };
        troubles = [];
      }
      while (round.batches.length > 0 && flying.size < MAX_FLYING && mayBegin()) {
        const flight = send(epoch, round.batches.shift() ?? []).finally(() => flying.delete(flight));
        flying.add(flight);
      }
    },
    async settled() {
      while (flying.size > 0) await Promise.all(flying);
    },
  };
}
