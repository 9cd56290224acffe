/**
 * Motions of the members of a manager that has rules: about what no rule decides.
 */
import { Interface, type JsonFragment } from "ethers";
import { contractArtifact } from "../../../contracts/artifacts.ts";
import type { Chain, Sent } from "../../chain.ts";
import { encodeAction, type Action } from "../../governance/actions.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

/** Ballot.OPEN_EPOCHS: a motion can be carried out so many epochs after it was opened. */
export const OPEN_EPOCHS = 4;

const abi = (): JsonFragment[] => contractArtifact("Ballot").abi as unknown as JsonFragment[];
const encode = (method: string, args: readonly unknown[]): string =>
  new Interface(abi()).encodeFunctionData(method, args);

export interface Motion {
  readonly manager: string;
  readonly call: string;
  /** The epoch from which it can be carried out. */
  readonly from: number;
}

interface Count {
  readonly since: bigint;
  readonly inFavour: bigint;
  readonly all: bigint;
}

const countOf = (chain: Chain, manager: string, call: string): Promise<Count> =>
  chain.view<Count>(abi(), manager, "motion", [call]);

/** Opens a motion with the support of all these members. */
export async function move(manager: string, action: Action, members: readonly Chain[]): Promise<Motion> {
  const call = encodeAction(action);
  const [first] = members as readonly [Chain];
  for (const member of members) await member.submit("support", manager, encode("support", [call, true]));
  const { since } = await countOf(first, manager, call);
  return { manager, call, from: Number(since) + OPEN_EPOCHS };
}

/** Carries a motion out once it has been open for long enough. @returns also the weight in favour, in percent */
export async function enact(
  { watch, people: { anybody } }: GovernanceStage,
  { manager, call, from }: Motion,
): Promise<{ sent: Sent; tally: string }> {
  const limit = Math.max(from, watch.epoch) + PATIENCE;
  const { inFavour, all } = await watch.until("a majority for the motion", limit, async () => {
    const count = await countOf(anybody, manager, call);
    return watch.epoch >= from && 2n * count.inFavour > count.all ? count : undefined;
  });
  const sent = await anybody.submit("enact", manager, encode("enact", [call]));
  return { sent, tally: `${(100n * inFavour) / all} % of the members' weight` };
}

/** Accepts the cluster for a manager that has rules, which anybody may do. */
export async function accept({ people, handOvers }: GovernanceStage, manager: string): Promise<void> {
  await handOvers.untilAcceptable();
  await people.anybody.submit("accept", manager, encode("accept", []));
  await handOvers.accepted();
}
