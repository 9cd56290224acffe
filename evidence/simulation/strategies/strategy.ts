/**
 * A strategy: what its players do differently from honest ones.
 */
import type { MarketName } from "../model.ts";
import type { NodeOptions, Play } from "../play.ts";

export interface Hooks {
  /** Called in epoch 0, when the market is open. */
  readonly open?: () => void;
  /** Called at the start of an epoch, before its randomness is known. */
  readonly early?: () => void;
  /** Called when the randomness is known. @returns after how many seconds the players record it; undefined: never */
  readonly record?: () => number | undefined;
  /** Called after the randomness is recorded and the nodes have acted. */
  readonly late?: () => void;
}

export interface Strategy {
  readonly name: string;
  readonly about: string;
  readonly market: MarketName;
  /** Roles of the players. Their honest profit is that of the same roles in the market without the strategy. */
  readonly mine: readonly string[];
  /** Honest roles that must not lose by the strategy. */
  readonly victims: readonly string[];
  /** Standby nodes, in order. Default: an honest node that has all data. */
  readonly standby?: readonly string[];
  /** Further nodes that the manager may name. */
  readonly reserves?: readonly string[];
  readonly node?: NodeOptions;
  /** Honest profit, in epochs' rate, if no role of the honest market corresponds. */
  readonly allowed?: number;
  /** Whether customers may lose what no rule gives back. `about` has the reason. */
  readonly uncompensated?: boolean;
  /** The assumption of the protocol that does not hold here. Such a strategy may pay, and is played by name only. */
  readonly outside?: string;
  readonly play: (play: Play) => Hooks;
}
