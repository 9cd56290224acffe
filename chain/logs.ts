/**
 * Events of a range of blocks, as much at once as the endpoint gives: some refuse ranges of more than 1,000 blocks, some
 * answers of more than 10,000 events, and each says so in its own words.
 */
import type { Filter } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/** What is looked at of ethers' Log. */
export interface Placed {
  readonly blockNumber: number;
  /** By a reorganization. */
  readonly removed: boolean;
}

export interface LogSource<Log extends Placed> {
  getLogs(filter: Filter): Promise<Log[]>;
}

export interface LogReader<Log> {
  /**
   * In log order, of whole blocks.
   *
   * @throws HoldfastError "unreachable" if the endpoint does not answer, or not what was asked; else what it refuses a single
   *   block with
   */
  read(fromBlock: number, toBlock: number): Promise<Log[]>;
}

/** Blocks in one request, until the endpoint has refused as many. */
const FIRST_RANGE = 5_000;
/** Answers in a row, until more is asked for again: events are not spread evenly. */
const ANSWERS_TO_GROW = 16;

export function createLogReader<Log extends Placed>(
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
          // It has been asked again already.
          if (error instanceof HoldfastError || range === 1) throw error;
          shrink();
          continue;
        }
        for (const { blockNumber, removed } of logs)
          if (removed || blockNumber < first || blockNumber > last)
            throw new HoldfastError(
              "unreachable",
              "the endpoint gives events of other blocks than it was asked for",
            );
        // One by one: an argument each would be too many.
        for (const log of logs) found.push(log);
        first = last + 1;
        grow();
      }
      return found;
    },
  };
}
