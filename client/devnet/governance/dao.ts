/**
 * Token holders: they vote while others have the cluster, so that what they decide is due when it is theirs.
 */
import type { Chain } from "../../chain.ts";
import { encodeAction, type Action } from "../../governance/actions.ts";
import {
  castVote,
  createDao,
  executeProposal,
  leavingSeconds,
  propose,
  queue,
  readProposal,
  type Choice,
  type OpenDao,
} from "../../governance/dao.ts";
import { select } from "../history.ts";
import type { Manager } from "./hand-overs.ts";
import { termsOf } from "./safe.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

const NAME = "token holders";
/** Votes of each holder. */
const VOTES = [50n, 30n, 20n];
/** Percent. */
const QUORUM = 20n;
/** Basis points that the holders refuse: the most that a manager may take. */
const REFUSED_FEE = 2_000n;

export function makeDao({
  people,
  calendar,
}: Pick<GovernanceStage, "people" | "calendar">): Promise<OpenDao> {
  const { epochSeconds: epoch } = calendar;
  const holders = people.holders.map((holder, i) => ({ holder: holder.account(), amount: VOTES[i] ?? 0n }));
  const rules = {
    ...{ votingDelay: epoch, votingPeriod: 2n * epoch, voteExtension: epoch },
    ...{ proposalThreshold: 1n, quorum: QUORUM, delay: leavingSeconds(calendar) + 1n },
  };
  return createDao(people.deployer, { name: "Cluster votes", symbol: "CV", holders, rules });
}

interface Motion {
  readonly actions: readonly Action[];
  readonly what: string;
  /** Of each holder. */
  readonly choices: readonly Choice[];
}

export interface Agenda {
  /** What is executed when the cluster is theirs, in this order. */
  readonly due: readonly Decided[];
  readonly replaced: { readonly vNode: bigint; readonly before: bigint; readonly node: bigint };
}

interface Decided {
  readonly id: bigint;
  readonly what: string;
  readonly tally: string;
}

/** Proposes, votes and queues. One proposal takes the cluster over and replaces a node, one offers it, one is refused. */
export async function voteAsDao(stage: GovernanceStage, dao: OpenDao, next: Manager): Promise<Agenda> {
  const { people, decide, checks, watch, calendar } = stage;
  const { motions, replaced } = await motionsOf(stage, next);
  const limit = watch.epoch + 2 * PATIENCE;
  const [takeOver, offer, refused] = (await voteOn(stage, dao, motions)) as [Decided, Decided, Decided];
  await untilState(stage, dao, { id: refused.id, state: "defeated", limit });
  const who = { manager: NAME, rule: `a majority of the votes, a quorum of ${QUORUM} %` };
  decide({ ...who, by: refused.tally, what: `refused: ${refused.what}` });
  for (const { id } of [takeOver, offer]) {
    await untilState(stage, dao, { id, state: "succeeded", limit });
    await queue(people.anybody, dao, id);
  }
  const delay = leavingSeconds(calendar) + 1n;
  decide({ ...who, by: takeOver.tally, what: `two proposals wait in the timelock for ${delay} s` });
  const queueing = queue(people.anybody, dao, refused.id).then(
    () => "it was queued",
    () => undefined,
  );
  checks.expect("what the holders refuse cannot be queued", (await queueing) === undefined, refused.what);
  return { due: [takeOver, offer], replaced };
}

async function motionsOf(
  stage: GovernanceStage,
  next: Manager,
): Promise<Pick<Agenda, "replaced"> & { readonly motions: readonly Motion[] }> {
  const { cluster, network } = stage;
  const [vNode, before, node] = [3n, network.nodes[2]?.id ?? 0n, network.nodes[3]?.id ?? 0n];
  const { params, profile, beacon } = await termsOf(stage);
  const dear = { profile, beacon, params: { ...params, managerFee: REFUSED_FEE } };
  return {
    replaced: { vNode, before, node },
    motions: [
      {
        actions: [
          { name: "acceptManager", cluster },
          { name: "assign", vNode, node },
          { name: "removeStandby", cluster, node },
        ],
        what: `take the cluster over; node ${node} replaces node ${before} on vNode ${vNode}`,
        choices: ["for", "for", "against"],
      },
      {
        actions: [{ name: "proposeManager", cluster, manager: next.manager }],
        what: `the next manager is ${next.name}`,
        choices: ["for", "abstain", "for"],
      },
      {
        actions: [{ name: "changeCluster", cluster, ...dear }],
        what: "the manager's fee is 20 %",
        choices: ["against", "against", "for"],
      },
    ],
  };
}

async function voteOn(stage: GovernanceStage, dao: OpenDao, motions: readonly Motion[]): Promise<Decided[]> {
  const { people, watch } = stage;
  const limit = watch.epoch + PATIENCE;
  // A proposer's votes count as they were a second before.
  const { timestamp } = await people.anybody.block();
  await watch.until("a later block", limit, async () =>
    (await people.anybody.block()).timestamp > timestamp ? true : undefined,
  );
  const [proposer] = people.holders as readonly [Chain];
  const to = proposer.addresses.registry;
  const ids: bigint[] = [];
  for (const { actions } of motions) {
    const calls = actions.map((action) => ({ to, data: encodeAction(action) }));
    ids.push((await propose(proposer, dao, calls)).id);
  }
  return Promise.all(
    motions.map(async ({ choices, what }, i) => {
      const id = ids[i] ?? 0n;
      await untilState(stage, dao, { id, state: "active", limit });
      for (const [k, choice] of choices.entries())
        await castVote(people.holders[k] as Chain, dao, { id, choice, reason: "" });
      return { id, what, tally: tallyOf(choices) };
    }),
  );
}

const tallyOf = (choices: readonly Choice[]): string => {
  const votes = (wanted: Choice): bigint =>
    choices.reduce((sum, choice, i) => sum + (choice === wanted ? (VOTES[i] ?? 0n) : 0n), 0n);
  return `${votes("for")} votes to ${votes("against")}`;
};

async function untilState(
  { watch, people }: GovernanceStage,
  dao: OpenDao,
  { id, state, limit }: { id: bigint; state: string; limit: number },
): Promise<void> {
  await watch.until(`the state "${state}" of a proposal`, limit, async () =>
    (await readProposal(people.anybody, dao, id)).state === state ? true : undefined,
  );
}

/** Executes both proposals as soon as the cluster can be taken over. */
export async function decideAsDao(
  stage: GovernanceStage,
  dao: OpenDao,
  agenda: Agenda,
  next: Manager,
): Promise<void> {
  const { people, watch, decide, handOvers, checks } = stage;
  const { anybody } = people;
  await handOvers.untilAcceptable();
  const [takeOver, offer] = agenda.due as [Decided, Decided];
  for (const { id } of agenda.due)
    await watch.until("the end of the timelock", watch.epoch + PATIENCE, async () => {
      const { timestamp } = await anybody.block();
      return BigInt(timestamp) >= (await readProposal(anybody, dao, id)).eta ? true : undefined;
    });
  const rule = "executed by anybody after the timelock";
  await executeProposal(anybody, dao, takeOver.id);
  await handOvers.accepted();
  decide({ manager: NAME, by: takeOver.tally, what: takeOver.what, rule });
  const sent = await executeProposal(anybody, dao, offer.id);
  decide({ manager: NAME, by: offer.tally, what: offer.what, rule });
  await handOvers.offered(NAME, next.name, sent);
  const { vNode, node } = agenda.replaced;
  const { successor } = await anybody.read<{ successor: bigint }>("registry", "vNode", [vNode]);
  checks.expect(
    "the holders' node is named",
    successor === node,
    `node ${successor} takes vNode ${vNode} over`,
  );
}

/** Waits for the new node's first proof. Until then the old one proves and is paid. */
export async function seeReplaced({ watch, checks }: GovernanceStage, { replaced }: Agenda): Promise<void> {
  const { vNode, before, node } = replaced;
  const proof = await watch.until(
    "the new node's first proof",
    watch.epoch + PATIENCE,
    () => select(watch.events, "Proven", { vNode, node })[0],
  );
  checks.expect(
    "a node that is replaced goes on until the next one has proven the data",
    true,
    `node ${node} proves vNode ${vNode} from epoch ${proof.args["epoch"] as bigint} on, node ${before} did before`,
  );
}
