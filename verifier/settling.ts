/**
 * Settles epochs that are over, once per epoch: many vNodes in one transaction, several transactions at a time, and
 * none that would delay a beacon.
 */
import type { Log } from "../chain/delivery.ts";
import type { Sender } from "../chain/sender.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { AuditCall, AuditChain, Preview } from "./chain.ts";
import type { AuditorState } from "./state.ts";
import { chooseWorth, HORIZON, inBatches, type Chosen, type Incomes, type SettleChoice } from "./worth.ts";

export interface SettlingOptions {
  readonly settle: SettleChoice;
  /** Value of 10^18 wei in token units. 0: unknown. */
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
  /** Whether another transaction may be sent now. */
  readonly mayBegin: () => boolean;
}

export interface Settling {
  /** Plans the epoch if that is not done yet, and sends as much of the plan as may be sent now. */
  attend(now: Present): Promise<void>;
  /** Why transactions failed to settle. */
  readonly troubles: readonly string[];
  /** Resolves when no transaction is under way. */
  settled(): Promise<void>;
}

/** The most epochs of one vNode that one transaction settles. */
const MAX_EPOCHS = 64;
/** The most vNodes in one call. */
const PAGE = 32;
/** The most gas of a transaction, by the estimates. With all margins, a transaction takes at most 16.7 million. */
const MAX_GAS = 9_000_000n;
const MAX_BATCH = 64;
/** Transactions at a time. A block has room for some of them, and every later transaction waits for all of them. */
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
          "the endpoint allows too little gas for a call, so settling cannot be previewed: use another endpoint",
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
        // Transactions under way, also from before a crash, may settle the same epochs.
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
