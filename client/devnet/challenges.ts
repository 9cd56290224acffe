/**
 * The challenger's part of the scenario: it challenges a node that has its data, and one whose disk has just failed.
 */
import { RESPONSE_EPOCHS } from "../../protocol/limits.ts";
import { formatAmount } from "../output.ts";
import { challengeBond, wholeRange } from "../ranges.ts";
import type { ChallengeRecord } from "../records.ts";
import { select, total } from "./history.ts";
import { fund } from "./network.ts";
import type { Stage } from "./stage.ts";

export interface Asked {
  readonly id: bigint;
  readonly vNode: bigint;
  readonly bond: bigint;
}

/** Challenges all that a vNode stores, and gives the challenger the bond for it. */
export async function challenge({ network, options, history }: Stage, vNode: bigint): Promise<Asked> {
  const chain = network.chain.as(network.roles.challenger.privateKey);
  const price = await challengeBond(chain, vNode);
  await fund(chain, price);
  const { start, length } = await wholeRange(chain, vNode);
  const { events } = await chain.send("challenges", "challenge", [vNode, start, length, price]);
  const made = select(events, "Challenged")[0]?.args ?? {};
  const { bond, epoch } = made["challenge"] as unknown as ChallengeRecord;
  const amount = `${formatAmount(bond, chain.decimals)} ${chain.symbol}`;
  options.log(
    `a challenger asks vNode ${vNode} for a proof of all that it stores, with a bond of ${amount}: the node must answer before epoch ${epoch + BigInt(RESPONSE_EPOCHS + 1)}`,
  );
  await history.update();
  return { id: made["id"] as bigint, vNode, bond };
}

/** A node that has the data answers. Its provider gets half of the bond, the treasury the rest. */
export async function seeAnswer(
  { network, history, checks }: Stage,
  asked: Asked,
  limit: number,
): Promise<void> {
  const { decimals, symbol } = network.chain;
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  const { id, bond, vNode } = asked;
  const answer = await history.until(
    "the answer to the challenge",
    limit + RESPONSE_EPOCHS,
    () => select(history.events, "Answered", { id })[0],
  );
  const [toProvider, toTreasury] = [answer.args["toProvider"] as bigint, answer.args["toTreasury"] as bigint];
  checks.expect(
    "a node that has the data answers a challenge, and its provider and the treasury share the bond",
    toProvider === bond / 2n && toProvider + toTreasury === bond,
    `vNode ${vNode}: ${amount(toProvider)} to the provider, ${amount(toTreasury)} to the treasury`,
  );
}

/**
 * A node that was removed for its misses is not punished a second time: the challenge is dismissed, its bond returned. If the
 * fault came to light when the challenge was to expire, before it was settled, the challenger is who reported it.
 */
export async function seeDismissal(
  { network, history, checks }: Stage,
  { id, vNode, bond }: Asked,
): Promise<void> {
  const { chain, roles } = network;
  const dismissed = select(history.events, "Dismissed", { id }).length;
  const failed = select(history.events, "Failed").length;
  // The bond of the answered challenge is lost, so this balance is the dismissed one's.
  const { address } = roles.challenger;
  const account = await chain.read<bigint>("ledger", "balanceOf", [address]);
  const slashes = select(history.events, "Slashed", { vNode });
  const reward = total(
    slashes.filter(({ args }) => args["reporter"] === address),
    "reward",
  );
  checks.expect(
    "a removed node is punished only once: the open challenge is dismissed and its bond returned",
    dismissed === 1 && failed === 0 && account === bond + reward,
    `challenge ${id} of vNode ${vNode}: the challenger has ${formatAmount(account, chain.decimals)} ${chain.symbol} back${reward === 0n ? "" : ", a reward among it, for the fault that it brought to light"}`,
  );
}
