/**
 * Motions of the members of a manager that has rules: about what no rule decides.
 */
import type { Chain, Sent } from "../../chain.ts";
import { encodeAction, type Action } from "../../governance/actions.ts";
import { openBallot } from "../../governance/ballot.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

/** Ballot.OPEN_EPOCHS: a motion can be carried out so many epochs after it was opened. */
export const OPEN_EPOCHS = 4;

export interface Motion {
  readonly manager: string;
  readonly call: string;
  /** The epoch from which it can be carried out. */
  readonly from: number;
}

/** Opens a motion with the support of all these members. */
export async function move(manager: string, action: Action, members: readonly Chain[]): Promise<Motion> {
  const call = encodeAction(action);
  const ballots = await Promise.all(members.map((member) => openBallot(member, manager)));
  for (const ballot of ballots) await ballot.support(call, true);
  const since = Number((await ballots[0]?.tally(call))?.since);
  return { manager, call, from: since + OPEN_EPOCHS };
}

/** Carries a motion out once it has been open for long enough. @returns also the weight in favour, in percent */
export async function enact(
  { watch, people: { anybody } }: GovernanceStage,
  { manager, call, from }: Motion,
): Promise<{ sent: Sent; tally: string }> {
  const ballot = await openBallot(anybody, manager);
  const limit = Math.max(from, watch.epoch) + PATIENCE;
  const { inFavour, all } = await watch.until("a majority for the motion", limit, async () => {
    const count = await ballot.tally(call);
    return watch.epoch >= from && 2n * count.inFavour > count.all ? count : undefined;
  });
  return { sent: await ballot.enact(call), tally: `${(100n * inFavour) / all} % of the members' weight` };
}

/** Accepts the cluster for a manager that has rules, which anybody may do. */
export async function accept({ people, handOvers }: GovernanceStage, manager: string): Promise<void> {
  await handOvers.untilAcceptable();
  await (await openBallot(people.anybody, manager)).accept();
  await handOvers.accepted();
}
