/**
 * An external account: it creates the cluster, hands it over, and has it back in the end.
 */
import type { Sent } from "../../chain.ts";
import { defaultQuantumBits } from "../../quantum.ts";
import { select } from "../history.ts";
import type { Deployed } from "../network.ts";
import { clusterParams } from "../roles.ts";
import type { People } from "./people.ts";
import type { GovernanceStage } from "./stage.ts";

const WHO = { manager: "account", by: "its holder", rule: "the key of the account alone" };
/** vNodes that the cluster begins with, each on another node. */
export const FIRST_VNODES = 3;

/** Makes the cluster, before its nodes have started. @returns its id */
export async function createCluster({ deployment, chain }: Deployed, { account }: People): Promise<bigint> {
  const made = await account.send("registry", "createCluster", [
    ...[0, 0, defaultQuantumBits(chain.decimals)],
    ...[clusterParams(deployment), "made by its founder"],
  ]);
  return select(made.events, "ClusterCreated")[0]?.args["cluster"] as bigint;
}

export const offerTo = ({ account }: People, cluster: bigint, manager: string): Promise<Sent> =>
  account.send("registry", "proposeManager", [cluster, manager]);

/** The account offers the cluster, appoints the first nodes and describes it. @returns the first vNodes */
export async function decideAsAccount(stage: GovernanceStage): Promise<bigint[]> {
  const { people, cluster, decide, checks, network, handOvers } = stage;
  const { account } = people;
  decide({ ...WHO, what: "the next manager is the Safe" }, handOvers.all[0]?.offered);
  const tokens = Array.from({ length: FIRST_VNODES }, (_, i) => (BigInt(i) << 64n) / BigInt(FIRST_VNODES));
  const added = await account.send("registry", "addVNodes", [cluster, tokens]);
  const vNodes = select(added.events, "VNodeAdded").map(({ args }) => args["vNode"] as bigint);
  for (const [i, id] of vNodes.entries())
    await account.send("registry", "assign", [id, network.nodes[i]?.id]);
  decide({ ...WHO, what: `nodes 1 to ${FIRST_VNODES} serve vNodes 1 to ${FIRST_VNODES}` });
  const text = "three replicas, by a Safe soon";
  await account.send("registry", "describeCluster", [cluster, text]);
  decide({ ...WHO, what: `the description is "${text}"` });
  const { metadata } = await account.read<{ metadata: string }>("registry", "cluster", [cluster]);
  checks.expect("the account's description holds", metadata === text, metadata);
  return vNodes;
}

/** The account takes the cluster back, and the fees that it has earned by then. */
export async function takeBack({ people, cluster, decide, handOvers }: GovernanceStage): Promise<void> {
  const { account } = people;
  await handOvers.untilAcceptable();
  await account.send("registry", "acceptManager", [cluster]);
  await handOvers.accepted();
  await account.send("ledger", "collectFees", [cluster]);
  decide({ ...WHO, what: "it takes the cluster back, and its fees" });
}
