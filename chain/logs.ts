/**
 * Reads the events of a range of blocks, in parts that the endpoint accepts. Some endpoints refuse ranges of more
 * than 1,000 blocks, some refuse more than 10,000 events, and each words it differently.
 */
import type { Filter } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/** The part of ethers' Log that is used. */
export interface MinedLog {
  readonly blockNumber: number;
  /** True if a reorganization has removed it. */
  readonly removed: boolean;
}

export interface LogSource<Log extends MinedLog> {
  getLogs(filter: Filter): Promise<Log[]>;
}

export interface LogReader<Log> {
  /**
   * Events in log order, of whole blocks.
   *
   * @throws HoldfastError "unreachable" if the endpoint does not answer, or answers something else
   * @throws the refusal, if the endpoint refuses a single block
   */
  read(fromBlock: number, toBlock: number): Promise<Log[]>;
}

/** Blocks in one request, before the endpoint has refused a range. */
const FIRST_RANGE = 5_000;
/** Successful answers in a row before the range grows again: events are not spread evenly. */
const ANSWERS_TO_GROW = 16;

export function createLogReader<Log extends MinedLog>(
  source: LogSource<Log>,
  address: readonly string[],
): LogReader<Log> {
  let range = FIRST_RANGE;
  let answers = 0;

  const shrink = (): void => {
    range = Math.floor(range / 2);
    answers = 0;
  };
  const grow = (): void => {
    if (++answers < ANSWERS_TO_GROW) return;
    range = Math.min(2 * range, FIRST_RANGE);
    answers = 0;
  };

  return {
    async read(fromBlock, toBlock) {
      const found: Log[] = [];
      for (let first = fromBlock; first <= toBlock;) {
        const last = Math.min(toBlock, first + range - 1);
        let logs: Log[];
        try {
          logs = await source.getLogs({ address: [...address], fromBlock: first, toBlock: last });
        } catch (error) {
          // A HoldfastError was already retried by the endpoint's client.
          if (error instanceof HoldfastError || range === 1) throw error;
          shrink();
          continue;
        }
        for (const { blockNumber, removed } of logs)
          if (removed || blockNumber < first || blockNumber > last)
            throw new HoldfastError(
              "unreachable",
              "the endpoint returned events of other blocks than it was asked for",
            );
        // Not push(...logs): a call cannot take so many arguments.
        for (const log of logs) found.push(log);
        first = last + 1;
        grow();
      }
      return found;
    },
  };
}
