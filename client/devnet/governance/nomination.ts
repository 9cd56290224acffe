/**
 * Nominated proof-of-stake: stakers elect who serves, while another manager has the cluster, and the elected get its vNodes
 * when it is theirs.
 */
import type { Chain } from "../../chain.ts";
import {
  createNomination,
  leastUnbondEpochs,
  openNomination,
  solve,
  submitResult,
  type Nomination,
} from "../../governance/nomination.ts";
import { vNodesOf } from "../../governance/vnodes.ts";
import { formatAmount } from "../../output.ts";
import { accept, enact, move, type Motion } from "./ballot.ts";
import type { Manager } from "./hand-overs.ts";
import { trust } from "./people.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

const NAME = "nomination";
const SEATS = 3;
const ERA = 4;
const ELECTION = 3;
/** Token units that each candidate stakes on its own node: the third has the least. */
const OWN = [400n, 300n, 100n, 200n].map((parts) => parts * 10n ** 12n);
const COMMISSION = 500;
/** What two nominators stake, and on whom. */
const NOMINATIONS = [
  { amount: 500n * 10n ** 12n, targets: [1, 4] },
  { amount: 300n * 10n ** 12n, targets: [2, 4] },
] as const;
const UNIT = 10n ** 9n;

export async function makeNomination({
  people,
  cluster,
}: Pick<GovernanceStage, "people" | "cluster">): Promise<Nomination> {
  const quarter = await people.deployer.read<bigint>("audits", "quarterEpochs");
  const made = await createNomination(people.deployer, {
    cluster,
    terms: {
      ...{ seats: SEATS, eraEpochs: ERA, electionEpochs: ELECTION },
      ...{ unbondEpochs: leastUnbondEpochs(ERA, quarter), leastOwn: UNIT, leastNomination: UNIT },
      ...{ deposit: UNIT, solverReward: 1n, pageReward: 1n },
    },
    shares: { miss: 100, fault: 1_000, lost: 1_000 },
    ...{ crankReward: 1n, maxVNodes: 8 },
  });
  await trust(people, made.manager);
  return made;
}

interface Elected {
  readonly nodes: readonly bigint[];
  readonly motion: Motion;
}

/** Stakes, nominates, elects and ends the era, and has the elected move who is next. */
export async function electMembers(stage: GovernanceStage, at: Nomination, next: Manager): Promise<Elected> {
  const { people, network, watch, decide, cluster, checks } = stage;
  const open = (chain: Chain): Promise<Nomination> => openNomination(chain, at.manager);
  await Promise.all([
    ...people.providers.map(async (provider, i) => {
      const amount = OWN[i] ?? 0n;
      await provide(provider, at, amount);
      const own = await open(provider);
      const { id } = network.nodes[i] as { id: bigint };
      await own.send("staking", "offer", [id, COMMISSION, amount, 0]);
    }),
  ]);
  // Candidates have the numbers in which they came.
  const numbers = new Map<bigint, number>();
  for (const { id } of network.nodes)
    numbers.set(id, Number(await at.view<bigint>("staking", "candidateOf", [id])));
  await Promise.all(
    NOMINATIONS.map(async ({ amount, targets }, i) => {
      const nominator = people.holders[i] as Chain;
      await provide(nominator, at, amount);
      const ids = targets.map((node) => numbers.get(BigInt(node)) ?? 0).toSorted((a, b) => a - b);
      await (await open(nominator)).send("staking", "nominate", [ids, amount, 0]);
    }),
  );
  const solver = await open(people.anybody);
  await provide(people.anybody, at, UNIT);
  const result = await watch.until("an election", watch.epoch + 2 * PATIENCE, () =>
    solve(solver, people.anybody).catch(() => undefined),
  );
  await submitResult(solver, people.anybody, result.submission);
  await watch.until("the end of the era", watch.epoch + 2 * PATIENCE, async () =>
    watch.epoch >= Number(await at.view<bigint>("staking", "endsAt")) ? true : undefined,
  );
  await solver.send("manager", "turn", []);
  const era = await at.view<bigint>("staking", "era");
  const members = await at.view<{ node: bigint; support: bigint }[]>("staking", "members", [era]);
  const nodes = members.map(({ node }) => node);
  decide({
    ...{ manager: NAME, by: `${OWN.length} candidates and ${NOMINATIONS.length} nominators` },
    what: `nodes ${nodes.join(", ")} are elected for era ${era}`,
    rule: "sequential Phragmén, checked on the chain",
  });
  checks.expect(
    "the elected are those of sequential Phragmén",
    nodes.map((node) => numbers.get(node)).join() === result.submission.winners.join(),
    `candidates ${result.submission.winners.join(", ")}`,
  );
  const action = { name: "proposeManager", cluster, manager: next.manager } as const;
  const voters = people.providers.filter((_, i) => nodes.includes(network.nodes[i]?.id ?? 0n));
  return { nodes, motion: await move(at.manager, action, voters) };
}

/** Gives the account the tokens, and lets the staking take them. */
async function provide(chain: Chain, { staking }: Nomination, amount: bigint): Promise<void> {
  await chain.send("token", "mint", [chain.account(), amount]);
  await chain.send("token", "approve", [staking, amount]);
}

export async function decideAsNomination(
  stage: GovernanceStage,
  at: Nomination,
  { nodes, motion }: Elected,
  next: Manager,
): Promise<void> {
  const { people, cluster, decide, handOvers, watch, checks } = stage;
  await accept(stage, at.manager);
  const { sent, tally } = await enact(stage, motion);
  decide({
    ...{ manager: NAME, by: tally, what: `the next manager is ${next.name}` },
    rule: "a ballot of more than half of the stake behind the elected",
  });
  await handOvers.offered(NAME, next.name, sent);
  const anyone = await openNomination(people.anybody, at.manager);
  const all = await vNodesOf(people.anybody, cluster);
  await anyone.send("manager", "enlist", [all.map(({ vNode }) => vNode)]);
  const strangers = all.filter(({ node }) => !nodes.includes(node));
  await anyone.send("manager", "place", [all.length]);
  const placed = (await vNodesOf(people.anybody, cluster)).filter(({ successor }) => successor !== 0n);
  for (const { vNode, node, successor } of placed)
    decide({
      ...{
        manager: NAME,
        by: "the rules",
        what: `node ${successor} replaces node ${node} on vNode ${vNode}`,
      },
      rule: "the elected node with the fewest vNodes",
    });
  await anyone.send("manager", "standBy", []);
  await watch.until("the proofs of the elected", watch.epoch + PATIENCE, async () => {
    const now = await vNodesOf(people.anybody, cluster);
    return now.every(({ node, successor }) => nodes.includes(node) && successor === 0n) ? true : undefined;
  });
  checks.expect(
    "the elected serve every vNode",
    placed.length === strangers.length,
    `${placed.length} of ${all.length} vNodes went to another node`,
  );
  await endEra(stage, anyone);
}

/** The manager's fee of the era goes to those who stake. */
async function endEra({ decide, checks, network }: GovernanceStage, at: Nomination): Promise<void> {
  const era = await at.view<bigint>("staking", "era");
  await at.send("manager", "turn", []);
  const { perSeat } = await at.view<{ perSeat: bigint }>("staking", "eraOf", [era]);
  const amount = `${formatAmount(perSeat, network.chain.decimals)} ${network.chain.symbol}`;
  decide({
    ...{ manager: NAME, by: "the rules", what: `era ${era} ends, and each seat earns ${amount}` },
    rule: "seats share the manager's fee, those without misses",
  });
  checks.expect("the stakers earn the manager's fee", perSeat > 0n, `${amount} for each of ${SEATS} seats`);
}
