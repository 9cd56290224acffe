/**
 * A way to play: who does what otherwise than the honest would.
 */
import type { MarketName } from "../model.ts";
import type { NodeOptions, Play } from "../play.ts";

export interface Hooks {
  /** Once the market is open, in epoch 0. */
  readonly open?: () => void;
  /** At the start of an epoch, before its randomness is known. */
  readonly early?: () => void;
  /** When its randomness is known: after how many seconds whoever plays records it, if at all. */
  readonly record?: () => number | undefined;
  /** Once it is on record, after what nodes do by themselves. */
  readonly late?: () => void;
}

export interface Strategy {
  readonly name: string;
  readonly about: string;
  readonly market: MarketName;
  /** Roles that act in concert; their honest profit is that of the same roles in the market without the strategy. */
  readonly mine: readonly string[];
  /** Honest roles that must not lose by it. */
  readonly victims: readonly string[];
  /** Who stands by, in order; default: an honest node that has all data. */
  readonly standby?: readonly string[];
  /** Further nodes that the manager may name. */
  readonly reserves?: readonly string[];
  readonly node?: NodeOptions;
  /** What honest play brings, in epochs' rate, where no role of the honest market corresponds. */
  readonly allowed?: number;
  /** Customers lose what no rule gives back: the reason is in `about`. */
  readonly uncompensated?: boolean;
  /** What of the protocol's assumptions does not hold here: it may pay, and is played by name only. */
  readonly outside?: string;
  readonly play: (play: Play) => Hooks;
}
