/**
 * The hand-overs of the cluster: each is offered, waits for its delay, and is accepted by the next manager.
 */
import { HoldfastError } from "../../../protocol/errors.ts";
import { refuse } from "../../chain-errors.ts";
import type { Chain, Sent } from "../../chain.ts";
import { encodeAction } from "../../governance/actions.ts";
import { handOverOf } from "../../governance/hand-over.ts";
import type { Calendar } from "../../governance/time.ts";
import type { Checks } from "../checks.ts";
import { select } from "../history.ts";
import type { Watch } from "./watch.ts";

/** A way of deciding, and the address that the cluster is handed to. */
export interface Manager {
  readonly name: string;
  readonly manager: string;
}

export interface HandOver {
  readonly from: string;
  readonly to: string;
  readonly manager: string;
  readonly offered: number;
  readonly acceptableFrom: number;
  accepted: number | undefined;
}

export interface HandOvers {
  readonly all: readonly HandOver[];
  /** Notes an offer, which that transaction has made, and tries to accept it too early. */
  offered(from: string, to: string, sent: Pick<Sent, "events">): Promise<void>;
  /** Waits for the delay of the last offer. */
  untilAcceptable(): Promise<void>;
  /** Looks who has the cluster, after the next manager has accepted it. */
  accepted(): Promise<void>;
}

export interface HandOversOptions {
  readonly chain: Chain;
  readonly cluster: bigint;
  readonly calendar: Calendar;
  readonly checks: Checks;
  readonly watch: Watch;
}

export function createHandOvers(options: HandOversOptions): HandOvers {
  const { chain, cluster, calendar, checks, watch } = options;
  const all: HandOver[] = [];
  const last = (): HandOver => all.at(-1) as HandOver;
  /** The error of the contract if the next manager accepted now. */
  const refusalOf = async (from: string): Promise<unknown> => {
    const data = encodeAction({ name: "acceptManager", cluster });
    const call = { from, to: chain.addresses.registry, data };
    try {
      await chain.provider.call(call).catch(refuse("acceptManager"));
      return undefined;
    } catch (error) {
      return error instanceof HoldfastError ? error.details["error"] : error;
    }
  };
  return {
    all,
    async offered(from, to, { events }) {
      const args = select(events, "ManagerProposed", { cluster })[0]?.args ?? {};
      const [manager, acceptableFrom] = [args["manager"] as string, Number(args["acceptableFrom"])];
      const offered = acceptableFrom - Number(calendar.changeDelay);
      all.push({ from, to, manager, offered, acceptableFrom, accepted: undefined });
      checks.expect(
        `${from} -> ${to}: not before the delay`,
        (await refusalOf(manager)) === "ManagerTooEarly",
        `offered in epoch ${offered}, acceptable from epoch ${acceptableFrom}`,
      );
    },
    untilAcceptable: () => watch.toEpoch(last().acceptableFrom),
    async accepted() {
      const { from, to, manager, offered, acceptableFrom } = last();
      const { manager: found } = await handOverOf(chain, cluster);
      const epoch = Number(await chain.read<bigint>("audits", "currentEpoch"));
      last().accepted = epoch;
      checks.expect(
        `${from} -> ${to}: the cluster is handed over`,
        found === manager && epoch >= acceptableFrom,
        `offered in epoch ${offered}, accepted in epoch ${epoch}`,
      );
    },
  };
}
