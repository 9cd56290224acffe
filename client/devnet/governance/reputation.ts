/**
 * Reputation: what nodes have proven and were paid for makes them members, before and while the contract has the cluster. A
 * newcomer gets a vNode from the rules, and becomes a member by what it proves there.
 */
import type { Chain } from "../../chain.ts";
import {
  createReputation,
  openReputation,
  sampleOf,
  STANDINGS,
  type Entry,
  type Reputation,
  type Rules,
} from "../../governance/reputation-manager.ts";
import { formatAmount } from "../../output.ts";
import { select } from "../history.ts";
import { RENT } from "../roles.ts";
import { accept, enact, move, OPEN_EPOCHS, type Motion } from "./ballot.ts";
import type { Manager } from "./hand-overs.ts";
import { trust } from "./people.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

const NAME = "reputation";
const RULE_NAME = "scores of proven and paid service";
const MAX_AMOUNT = 2n ** 80n - 1n;

/** @param leaves that each vNode stores */
export async function makeReputation(
  { people, calendar, cluster }: Pick<GovernanceStage, "people" | "calendar" | "cluster">,
  leaves: number,
): Promise<string> {
  const epochPay = (BigInt(leaves) * RENT) / 10n ** 18n;
  const rules: Rules = {
    // Each epoch is sampled, and an epoch is the shortest probation.
    ...{
      period: 1n,
      memoryEpochs: 1_000n,
      payerCap: MAX_AMOUNT,
      probation: 1n,
      notice: calendar.changeDelay,
    },
    // The first two members need a sample, those after them two.
    ...{ admitScore: (3n * epochPay) / 2n, evictScore: epochPay / 2n, founders: 2n, members: 8n },
    ...{ probationLeaves: 4n * BigInt(leaves), bond: 1n, seats: 4n, vNodes: 1n, reward: 0n },
  };
  const manager = await createReputation(people.deployer, { cluster, rules });
  await trust(people, manager);
  return manager;
}

interface Voter {
  readonly node: bigint;
  readonly provider: Chain;
  readonly manager: Reputation;
}

async function voters({ people, network }: GovernanceStage, address: string): Promise<Voter[]> {
  return Promise.all(
    people.providers.map(async (provider, i) => ({
      node: network.nodes[i]?.id ?? 0n,
      provider,
      manager: await openReputation(provider, address),
    })),
  );
}

/** The first two nodes become members by what they serve already. @returns the motion that offers the cluster */
export async function gainReputation(
  stage: GovernanceStage,
  address: string,
  next: Manager,
): Promise<Motion> {
  const { cluster, watch, decide } = stage;
  const first = (await voters(stage, address)).slice(0, 2);
  await Promise.all(
    first.map(async (voter, i) => {
      const { node, manager: own } = voter;
      const vNode = BigInt(i + 1);
      await own.send("join", [node]);
      await watch.until("service that can be adopted", watch.epoch + PATIENCE, () =>
        own.attempt("adopt", [vNode]),
      );
      await own.send("adopt", [vNode]);
      await admission(stage, voter, vNode);
    }),
  );
  decide({ manager: NAME, by: "the rules", what: "nodes 1 and 2 are members", rule: RULE_NAME });
  // A member counts from the epoch after its admission on.
  await watch.toEpoch(watch.epoch + 1);
  const action = { name: "proposeManager", cluster, manager: next.manager } as const;
  const providers = first.map(({ provider }) => provider);
  return move(address, action, providers);
}

/** Samples a vNode in each epoch, until its node is a member. */
async function admission(stage: GovernanceStage, { node, manager }: Voter, vNode: bigint): Promise<void> {
  const { watch, people } = stage;
  let sampled = 0;
  await watch.until(`the admission of node ${node}`, watch.epoch + 2 * PATIENCE, async () => {
    const { epoch, drawn, proven, serials } = await sampleOf(people.anybody, manager, vNode);
    if (drawn && proven && Number(epoch) > sampled) {
      // The epoch may end meanwhile: then the next one is sampled.
      if (await manager.attempt("sample", [vNode, serials])) {
        await manager.send("sample", [vNode, serials]).catch(() => undefined);
        sampled = Number(epoch);
      }
    }
    if ((await manager.attempt("review", [node])) !== undefined) await manager.send("review", [node]);
    return (await standingOf(manager, node)) === "member" ? true : undefined;
  });
}

const standingOf = async (manager: Reputation, node: bigint): Promise<string | undefined> =>
  STANDINGS[Number((await manager.view<Entry>("entryOf", [node])).standing)];

/** A newcomer gets a new vNode, and becomes a member there. */
export async function decideAsReputation(
  stage: GovernanceStage,
  address: string,
  { motion, next }: { motion: Motion; next: Manager },
): Promise<void> {
  const { people, decide, handOvers, cluster, storing, options } = stage;
  const newcomer = (await voters(stage, address))[2] as Voter;
  await newcomer.manager.send("join", [newcomer.node]);
  await accept(stage, address);
  const { sent, tally } = await enact(stage, motion);
  decide({
    ...{ manager: NAME, by: tally, what: `the next manager is ${next.name}` },
    rule: `a ballot of more than half of all scores, open for ${OPEN_EPOCHS} epochs`,
  });
  await handOvers.offered(NAME, next.name, sent);
  const anyone = await openReputation(people.anybody, address);
  const grown = await anyone.send("grow", []);
  const vNode = select(grown.events, "VNodeAdded")[0]?.args["vNode"] as bigint;
  decide({
    ...{
      manager: NAME,
      by: "the rules",
      what: `node ${newcomer.node} gets the new vNode ${vNode} on probation`,
    },
    rule: "the candidate that has waited for longest",
  });
  await anyone.send("lineUp", []);
  const standby = await people.anybody.read<bigint[]>("registry", "standby", [cluster]);
  decide({
    ...{ manager: NAME, by: "the rules", what: `nodes ${standby.join(" and ")} stand by, in this order` },
    rule: "members by their scores",
  });
  await storing.put({ customer: people.app, path: options.file, cluster, vNodes: [vNode] });
  await seeAdmission(stage, newcomer, vNode);
}

async function seeAdmission(stage: GovernanceStage, newcomer: Voter, vNode: bigint): Promise<void> {
  const { decide, checks, network } = stage;
  const { node, manager } = newcomer;
  const needed = await manager.view<bigint>("neededScore");
  await admission(stage, newcomer, vNode);
  const score = await manager.view<bigint>("scoreOf", [node]);
  const [has, needs] = [score, needed].map((each) => formatAmount(each, network.chain.decimals));
  decide({
    ...{ manager: NAME, by: "the rules", what: `node ${node} is a member` },
    rule: `a score of ${has} ${network.chain.symbol}, where ${needs} is enough`,
  });
  const members = await manager.view<bigint[]>("memberNodes");
  checks.expect(
    "the newcomer is a member by what it has proven and was paid for",
    members.includes(node) && score >= needed,
    `members are the nodes ${members.join(", ")}`,
  );
}
