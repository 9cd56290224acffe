/**
 * Proof of storage: candidates prove themselves in the probation cluster, and the beacon draws who gets the vNode of a node
 * that has not joined.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../../../protocol/errors.ts";
import type { Chain } from "../../chain.ts";
import { findCranks } from "../../governance/proof-cranks.ts";
import {
  createProofManager,
  openProofManager,
  REASONS,
  type ProofManager,
  type Said,
} from "../../governance/proof-manager.ts";
import { usualRules } from "../../governance/proof-rules.ts";
import { writeProbation } from "../../governance/proof-seed.ts";
import type { StoredObject } from "../../object.ts";
import { formatAmount } from "../../output.ts";
import { select, total } from "../history.ts";
import type { RunningNode } from "../network.ts";
import { RENT } from "../roles.ts";
import { accept, enact, move, OPEN_EPOCHS } from "./ballot.ts";
import type { Manager } from "./hand-overs.ts";
import { trust } from "./people.ts";
import { PATIENCE, type GovernanceStage } from "./stage.ts";

const NAME = "proof of storage";
const SEAT_LEAVES = 128n;
/** Two seats. */
const OFFERED = 2n * SEAT_LEAVES;
/** Epochs for which a probation segment is paid: those that count, and some until all are admitted. */
const PROBATION_PAID = 8;
/** The shortest that the contract takes. */
export const PROBATION = 2;
/** Epochs in which the nodes of the managers before keep their vNodes, so that they can become members. */
const PATIENT_EPOCHS = PROBATION + 3;

export async function makeProofManager({
  people,
  cluster,
}: Pick<GovernanceStage, "people" | "cluster">): Promise<string> {
  const given = { probation: PROBATION, patience: PATIENT_EPOCHS, standby: 1 };
  const usual = usualRules(SEAT_LEAVES, RENT, 0n, given);
  // Four times this rent is more than a rent can be.
  const curve = { ...usual.curve, kink: (5n * RENT) / 4n, most: (3n * RENT) / 2n };
  const rules = { ...usual, curve };
  const manager = await createProofManager(people.deployer, { cluster, rules });
  await trust(people, manager);
  return manager;
}

interface Candidate {
  readonly node: RunningNode;
  readonly provider: Chain;
  readonly manager: ProofManager;
}

interface Drawn {
  readonly vNode: bigint;
  readonly node: bigint;
  readonly epoch: bigint;
}

/**
 * All nodes are candidates. One of them loses what it stores for its probation, and is excluded.
 *
 * @returns the vNode of that one's probation
 */
export async function decideAsProof(stage: GovernanceStage, address: string, next: Manager): Promise<bigint> {
  const { people, network, cluster, decide, handOvers } = stage;
  const candidates = await Promise.all(
    people.providers.map(async (provider, i): Promise<Candidate> => ({
      node: network.nodes[i] as RunningNode,
      provider,
      manager: await openProofManager(provider, address),
    })),
  );
  const manager = await openProofManager(people.anybody, address);
  await accept(stage, address);
  const stored = await Promise.all(candidates.map((candidate) => pass(stage, candidate)));
  const [sound, careless] = [candidates.slice(0, -1), candidates.at(-1) as Candidate];
  const [lost, loser] = [stored.at(-1) as StoredObject, careless.node.id];
  await loseSegment(careless.node, lost);
  const said: Said[] = [];
  await crankUntil(stage, manager, "the admission of the candidates", said, async () => {
    const members = await manager.read<bigint[]>("members");
    return members.length === sound.length;
  });
  const names = sound.map(({ node }) => node.id).join(", ");
  decide({
    ...{ manager: NAME, by: "the rules", what: `nodes ${names} are members` },
    rule: `${PROBATION} epochs of a segment of their own are proven, none missed`,
  });
  // Their weight are the vNodes that they serve, once a look has found these.
  const action = { name: "proposeManager", cluster, manager: next.manager } as const;
  const providers = sound.map(({ provider }) => provider);
  const motion = await move(address, action, providers);
  const [drawn, excluded] = await Promise.all([
    seeDraw(stage, manager, said, loser),
    seeExclusion(stage, loser, lost),
  ]);
  const { sent, tally } = await enact(stage, motion);
  decide({
    ...{ manager: NAME, by: tally, what: `the next manager is ${next.name}` },
    rule: `a ballot of more than half of all vNodes, open for ${OPEN_EPOCHS} epochs`,
  });
  await handOvers.offered(NAME, next.name, sent);
  await seeServed(stage, drawn);
  return excluded;
}

/** The node that has lost its data is excluded, and its vNode drawn among the others. */
async function seeDraw(
  stage: GovernanceStage,
  manager: ProofManager,
  said: Said[],
  loser: bigint,
): Promise<Drawn> {
  const { decide, checks } = stage;
  const about = (name: string): Said | undefined => said.find((one) => one.name === name);
  await crankUntil(stage, manager, "the draw of a seat and the eviction", said, () =>
    Promise.resolve(about("Seated") !== undefined && about("Ended") !== undefined),
  );
  const { reason, node } = about("Ended")?.args as unknown as { reason: bigint; node: bigint };
  const why = REASONS[Number(reason)] ?? "broke a rule";
  decide({
    ...{ manager: NAME, by: "the rules", what: `node ${node} is excluded: it ${why}` },
    rule: "a missed proof ends a probation",
  });
  checks.expect("only the node that lost its data is excluded", node === loser, `node ${node}`);
  const drawn = about("Seated")?.args as unknown as Drawn;
  decide({
    ...{
      manager: NAME,
      by: "the beacon",
      what: `node ${drawn.node} gets vNode ${drawn.vNode} of node ${loser}`,
    },
    rule: `the least lot by the randomness of epoch ${drawn.epoch}`,
  });
  return drawn;
}

/** Who was drawn may have served the vNode before. */
async function seeServed({ watch, checks }: GovernanceStage, drawn: Drawn): Promise<void> {
  const { vNode, node } = drawn;
  const proof = await watch.until("the proof of who was drawn", watch.epoch + PATIENCE, () =>
    select(watch.events, "Proven", { vNode, node }).find(
      ({ args }) => (args["epoch"] as bigint) > drawn.epoch,
    ),
  );
  const from = proof.args["epoch"] as bigint;
  checks.expect("who was drawn serves", true, `node ${node} proves vNode ${vNode} from epoch ${from} on`);
}

/** What a missed proof costs is in the terms, whoever is the manager. */
async function seeExclusion(
  stage: GovernanceStage,
  node: bigint,
  { replicas }: StoredObject,
): Promise<bigint> {
  const { watch, decide, checks, network } = stage;
  const where = { vNode: BigInt(replicas[0]?.vNode ?? 0), node };
  const fault = await watch.until(
    "the removal for misses",
    watch.epoch + PATIENCE,
    () => select(watch.events, "Faulted", where)[0],
  );
  const slashed = total(select(watch.events, "Slashed", where), "amount");
  const amount = `${formatAmount(slashed, network.chain.decimals)} ${network.chain.symbol}`;
  decide({
    ...{ manager: "the terms", by: "missed proofs", what: `node ${node} loses ${amount} of its bond` },
    rule: "the second miss in a row is slashed and ends the service",
  });
  const paid = select(watch.events, "Proven", where).length;
  checks.expect(
    "a node without its data is slashed and not paid",
    slashed > 0n && paid === 0,
    `${amount}, removed after epoch ${fault.args["epoch"] as bigint}`,
  );
  return where.vNode;
}

/** Nobody else has the segment, so it cannot be fetched again. */
async function loseSegment({ dataFolder }: RunningNode, { segments }: StoredObject): Promise<void> {
  const folder = join(dataFolder, "segments");
  const root = segments[0]?.root.slice(2) ?? "";
  const files = (await readdir(folder)).filter((name) => name.startsWith(root));
  if (files.length === 0) throw new HoldfastError("not-found", `there is no segment ${root} in ${folder}`);
  for (const name of files) await rm(join(folder, name));
}

/** Joins, and stores what the chain asks the node to store. */
async function pass(stage: GovernanceStage, { node, provider, manager }: Candidate): Promise<StoredObject> {
  const { watch, storing, folder } = stage;
  const terms = await manager.read<string>("termsHash");
  await manager.send({ method: "join", args: [node.id, OFFERED, terms] });
  const seed = await watch.until(`the seed of node ${node.id}`, watch.epoch + PATIENCE, async () => {
    const found = await manager.read<string>("seedOf", [node.id]);
    return BigInt(found) === 0n ? undefined : found;
  });
  const { vNode } = await manager.read<{ vNode: bigint }>("memberOf", [node.id]);
  const leaves = Number(await manager.read<bigint>("probationLeaves", [OFFERED]));
  const path = join(folder, `probation-${node.id}`);
  await writeProbation(path, seed, leaves);
  const cluster = await manager.read<bigint>("probationCluster");
  return storing.put({ customer: provider, path, cluster, vNodes: [vNode], epochs: PROBATION_PAID });
}

/** Does what there is to do until something is done. */
async function crankUntil(
  { watch, people }: GovernanceStage,
  manager: ProofManager,
  what: string,
  said: Said[],
  isDone: () => Promise<boolean>,
): Promise<void> {
  await watch.until(what, watch.epoch + 2 * PATIENCE, async () => {
    if (await isDone()) return true;
    for await (const crank of findCranks(people.anybody, manager))
      said.push(...(await manager.send(crank)).events);
    return (await isDone()) ? true : undefined;
  });
}
