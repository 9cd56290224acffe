/**
 * The scenario of the local network: a file is stored and proven, a challenge is answered, one disk loses the file, the
 * misses are punished, the standby takes over with its first proof, and the file is read back.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { leafCount } from "../../protocol/field.ts";
import { createApp, type App } from "../app.ts";
import type { ChainEvent } from "../chain.ts";
import type { StoredObject } from "../object.ts";
import { formatAmount } from "../output.ts";
import { defaultQuantumBits } from "../quantum.ts";
import type { VNodeRecord, VNodeState } from "../records.ts";
import { sum } from "../sum.ts";
import { compensationIn, refundsIn } from "./accounting.ts";
import { challenge, seeDismissal, seeAnswer, type Asked } from "./challenges.ts";
import { decisionsOf } from "./decisions.ts";
import { covering, select, total, type History, type Span } from "./history.ts";
import { fund, type RunningNode } from "./network.ts";
import { BOND_EPOCHS, clusterParams, RENT, SERVING, STORED_EPOCHS } from "./roles.ts";
import type { Stage } from "./stage.ts";

export interface Outcome {
  readonly object: StoredObject;
  /** What the app claimed, in token units. */
  readonly claimed: bigint;
}

/** Number of vNodes that store the file. */
export const REPLICAS = 3;
const HEALTHY_EPOCHS = 2;
/** Epochs that each step of the scenario may take at most. */
const PATIENCE = 4;

export async function play(stage: Stage): Promise<Outcome> {
  const { cluster, bucket } = await buildCluster(stage);
  const app = createApp({
    chain: stage.network.chain.as(stage.network.roles.app.privateKey),
    engine: await loadHashEngine(),
    signal: stage.options.signal,
    allowPrivateNodes: true,
  });
  const object = await storeFile(stage, app, bucket);
  const first = await stayHealthy(stage);
  const answering = await challenge(stage, BigInt(stage.vNodes[1] ?? 0));
  await seeAnswer(stage, answering, first + HEALTHY_EPOCHS);
  const victim = await loseData(stage);
  const dismissing = await challenge(stage, victim.vNode);
  await seePenalties(stage, victim, dismissing);
  await seeTakeOver(stage, victim);
  await readBack(stage, app, object);
  const claimed = await settleUp(stage, app, object, cluster);
  return { object, claimed };
}

// ------------------------------------------------------------------------------------------------------------- setting

async function buildCluster({
  network,
  options,
  vNodes,
}: Stage): Promise<{ cluster: bigint; bucket: bigint }> {
  const { chain, roles, nodes, deployment } = network;
  options.log("the manager creates a cluster with four vNodes and a standby; the app creates a bucket");
  const manager = chain.as(roles.manager.privateKey);
  const created = await manager.send("registry", "createCluster", [
    0,
    0,
    defaultQuantumBits(chain.decimals),
    clusterParams(deployment),
    "",
  ]);
  const cluster = created.events.find(({ name }) => name === "ClusterCreated")?.args["cluster"] as bigint;
  const tokens = Array.from({ length: SERVING }, (_, i) => (BigInt(i) << 64n) / BigInt(SERVING));
  const added = await manager.send("registry", "addVNodes", [cluster, tokens]);
  const ids = select(added.events, "VNodeAdded").map(({ args }) => args["vNode"] as bigint);
  for (const [i, id] of ids.entries()) await manager.send("registry", "assign", [id, nodes[i]?.id]);
  await manager.send("registry", "addStandby", [cluster, nodes[SERVING]?.id]);
  const made = await chain.as(roles.app.privateKey).send("registry", "createBucket", [cluster, false]);
  const bucket = made.events.find(({ name }) => name === "BucketCreated")?.args["bucket"] as bigint;
  vNodes.push(...ids.map(Number));
  return { cluster, bucket };
}

async function storeFile(
  { network, options, history, vNodes }: Stage,
  app: App,
  bucket: bigint,
): Promise<StoredObject> {
  const { chain, roles } = network;
  const plan = await app.plan({
    path: options.file,
    bucket,
    epochs: STORED_EPOCHS,
    vNodes: vNodes.slice(0, REPLICAS).map(BigInt),
  });
  const { segments, bytes } = plan.file;
  const price = formatAmount(plan.price.total, chain.decimals);
  options.log(
    `the app stores ${bytes} bytes (${segments.length} segments) on each of ${REPLICAS} vNodes for ${price} ${chain.symbol}`,
  );
  await fund(chain.as(roles.app.privateKey), plan.price.total);
  const object = await app.put(plan);
  await history.update();
  return object;
}

/** Bond, in tokens, that a node needs to store a file of this size, with room to spare. */
export function bondFor(bytes: number): bigint {
  const rate = (BigInt(leafCount(bytes)) * RENT) / 10n ** 18n;
  return 2n * rate * BigInt(BOND_EPOCHS) + 1_000n;
}

// -------------------------------------------------------------------------------------------------------------- turns

/** @returns the first epoch that was proven */
async function stayHealthy({ history, checks, vNodes, options }: Stage): Promise<number> {
  const holders = vNodes.slice(0, REPLICAS);
  // Replicas may begin in different epochs: storing a large file can take longer than the rest of an epoch.
  const first = latest(select(history.events, "SegmentStored"), "from");
  const last = first + HEALTHY_EPOCHS - 1;
  options.log(`epochs ${first} to ${last}: every vNode proves what it stores`);
  const proofs = (): ChainEvent[] =>
    holders.flatMap((vNode) =>
      select(history.events, "Proven", { vNode: BigInt(vNode) }).filter(({ args }) =>
        inRange(args["epoch"], first, last),
      ),
    );
  const expected = HEALTHY_EPOCHS * holders.length;
  await history.until(
    "every proof of the healthy epochs",
    last + 1,
    () => proofs().length >= expected || undefined,
  );
  const paid = proofs().filter(({ args }) => (args["amount"] as bigint) > 0n && args["refunded"] === 0n);
  checks.expect(
    "healthy vNodes prove every epoch and are paid in full",
    paid.length === expected && select(history.events, "Missed").length === 0,
    `${proofs().length} proofs and ${paid.length} payments in ${HEALTHY_EPOCHS} epochs of ${holders.length} vNodes`,
  );
  return first;
}

interface Victim {
  readonly vNode: bigint;
  readonly node: RunningNode;
}

/** The first node's disk fails while the node runs: its files are gone, and nothing can be written any more. */
async function loseData({ network, vNodes, options }: Stage): Promise<Victim> {
  const node = network.nodes[0] as RunningNode;
  const lost = await breakDisk(node.dataFolder);
  options.log(
    `the disk of node ${node.id} fails: ${lost} segment files are gone, and no new ones can be written`,
  );
  return { vNode: BigInt(vNodes[0] ?? 0), node };
}

/** The disk must stay broken: otherwise the node would fetch its segments from another replica. */
async function breakDisk(dataFolder: string): Promise<number> {
  const lost = (await readdir(join(dataFolder, "segments"))).length;
  for (const folder of ["segments", "incoming"]) {
    await rm(join(dataFolder, folder), { recursive: true });
    await writeFile(join(dataFolder, folder), "");
  }
  return lost;
}

async function seePenalties(stage: Stage, victim: Victim, dismissing: Asked): Promise<void> {
  const { history, checks, network, options } = stage;
  const { vNode, node } = victim;
  const { decimals, symbol } = network.chain;
  const amount = (value: bigint): string => `${formatAmount(value, decimals)} ${symbol}`;
  const limit = lastProven(history) + 2 * PATIENCE;
  const where = { vNode, node: node.id };

  const miss = await history.until("the first miss", limit, () => select(history.events, "Missed", where)[0]);
  const epoch = miss.args["epoch"] as bigint;
  const atMiss = { vNode, epoch };
  const refunded = total(covering(history.events, "EpochsRefunded", atMiss), "amount");
  checks.expect(
    "the first miss costs the epoch's pay and nothing else",
    refunded > 0n &&
      covering(history.events, "Proven", atMiss).length === 0 &&
      select(history.events, "Slashed", atMiss).length === 0,
    `vNode ${vNode} missed epoch ${epoch}: ${amount(refunded)} goes back to the owners`,
  );
  options.log(`node ${node.id} could not prove; one more miss and it is removed`);

  const fault = await history.until("the fault", limit, () => select(history.events, "Faulted", where)[0]);
  const slashed = total(select(history.events, "Slashed", where), "amount");
  checks.expect(
    "the next miss slashes the node's bond",
    slashed > 0n,
    `node ${node.id} loses ${amount(slashed)}`,
  );
  checks.expect(
    "after the last allowed miss the node is removed",
    fault.args["epoch"] === epoch + 1n,
    `node ${node.id} faulted in epoch ${fault.args["epoch"] as bigint}`,
  );
  const rewards = select(history.events, "Slashed", where);
  const reporter = rewards.some(({ args }) => args["reporter"] === network.roles.auditor.address)
    ? "auditor"
    : "challenger";
  const rewarded = total(rewards, "reward");
  checks.expect(
    "the reporter of the miss is rewarded",
    rewarded > 0n,
    `${amount(rewarded)} to the ${reporter}`,
  );
  await seeDismissal(stage, dismissing);
}

async function seeTakeOver({ history, checks, network }: Stage, { vNode }: Victim): Promise<void> {
  const standby = network.nodes[SERVING] as RunningNode;
  const where = { vNode, node: standby.id };
  const removed = Number(select(history.events, "Faulted", { vNode })[0]?.args["epoch"]);
  const takeOver = await history.until(
    "the take-over",
    removed + PATIENCE,
    () => select(history.events, "TookOver", { vNode })[0],
  );
  const from = Number(takeOver.args["fromEpoch"]);
  checks.expect(
    "the standby is named as the successor",
    takeOver.args["node"] === standby.id,
    `node ${takeOver.args["node"] as bigint} from epoch ${from}`,
  );
  const proof = await history.until(
    "the standby's first proof",
    from + PATIENCE,
    () => select(history.events, "Proven", where)[0],
  );
  const epoch = proof.args["epoch"] as bigint;
  checks.expect(
    "the standby has fetched the data from another replica and takes over with its first proof",
    select(history.events, "TakeOverProven", { ...where, epoch }).length === 1,
    `proof of epoch ${epoch}`,
  );
  const before = Array.from({ length: Number(epoch) - removed - 1 }, (_, i) => BigInt(removed + 1 + i));
  const unpaid = before.filter(
    (e) => covering(history.events, "EpochsRefunded", { vNode, epoch: e }).length === 1,
  );
  checks.expect(
    "the standby is paid from its first proof on, and the owners get the pay of the epochs before back",
    (proof.args["amount"] as bigint) > 0n && proof.args["since"] === epoch && unpaid.length === before.length,
    `paid for epoch ${epoch}, ${unpaid.length} epochs refunded after epoch ${removed}`,
  );
}

async function readBack({ folder, checks, options }: Stage, app: App, object: StoredObject): Promise<void> {
  const out = join(folder, "read-back");
  await app.get(object, out);
  const hash = createHash("sha256");
  await pipeline(createReadStream(out), hash);
  const sha256 = hash.digest("hex");
  options.log(`the app reads its file back: ${object.bytes} bytes`);
  checks.expect("the file comes back with the same SHA-256", sha256 === object.sha256, sha256);
  await rm(out);
}

async function settleUp(stage: Stage, app: App, object: StoredObject, cluster: bigint): Promise<bigint> {
  const { network, history, checks, vNodes } = stage;
  const { chain, roles } = network;
  const { decimals, symbol } = chain;
  const claimed = await app.claim(object);
  await chain.as(roles.manager.privateKey).send("ledger", "collectFees", [cluster]);
  await history.update();
  const { events } = history;

  const owed = refundsIn(events) + compensationIn(events);
  // Each segment's share is rounded down, so a few units stay in the credits.
  const dust = owed - claimed;
  checks.expect(
    "the owner gets the refunds and the compensation",
    claimed > 0n && dust >= 0n && dust <= BigInt(2 * object.segments.length),
    `${formatAmount(claimed, decimals)} ${symbol}, ${dust} units of rounding left`,
  );
  await seeVerdicts(stage);
  expectBeacons(stage);
  await expectDecisions(stage);
  const others = select(events, "Missed").filter(
    ({ args }) => args["vNode"] !== BigInt(vNodes[0] ?? 0),
  ).length;
  checks.expect("no healthy vNode missed anything", others === 0, `${others} misses`);
  return claimed;
}

/** Waits until the auditor has verified all proofs. */
async function seeVerdicts({ history, checks, verdicts }: Stage): Promise<void> {
  const proofs = (): number => select(history.events, "Proven").length;
  const judged = (): number => verdicts.valid + verdicts.invalid + verdicts.unseen;
  const limit = lastProven(history) + 1;
  await history.until("the auditor's verdict on every proof", limit, () => judged() >= proofs() || undefined);
  const { valid, invalid, unseen, contradictions } = verdicts;
  checks.expect(
    "the auditor verified every proof with its own verifier, and the chain's directories agree with its events",
    invalid === 0 && unseen === 0 && contradictions === 0,
    `${valid} valid, ${invalid} invalid, ${unseen} not seen, ${contradictions} contradictions`,
  );
}

async function expectDecisions({ network, history, checks, vNodes }: Stage): Promise<void> {
  const { events } = history;
  const first = earliest(select(events, "SegmentStored"), "from");
  const spans = await Promise.all(
    vNodes.slice(0, REPLICAS).map(async (id): Promise<Span> => {
      const vNode = BigInt(id);
      const { settled, deferredSince } = await network.chain.read<VNodeState>("audits", "state", [id]);
      const epoch = deferredSince === 0n ? settled : deferredSince - 1n;
      const stored = select(events, "SegmentStored", { vNode }).map(({ args }) => args["from"] as bigint);
      return { vNode, since: stored[0] ?? BigInt(first), epoch };
    }),
  );
  await history.update();
  const { proven, refunded, deferred, wrong } = decisionsOf(history.events, spans);
  checks.expect(
    "every epoch is paid once, after its own proof or a later one, or refunded once",
    wrong.length === 0,
    wrong.join("; ") || `${proven} paid, ${refunded} refunded, ${deferred} of them deferred first`,
  );
}

/** An epoch without randomness is void: nobody would have to prove anything. */
function expectBeacons({ history, checks }: Stage): void {
  const first = earliest(select(history.events, "SegmentStored"), "from");
  const last = lastProven(history);
  const recorded = new Set(select(history.events, "BeaconRecorded").map(({ args }) => Number(args["epoch"])));
  const missing = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
    (e) => !recorded.has(e),
  );
  checks.expect(
    "the beacon is recorded in every epoch",
    missing.length === 0,
    `epochs ${first} to ${last}${missing.length > 0 ? ` but for ${missing.join(", ")}` : ""}`,
  );
}

function lastProven(history: History): number {
  return latest(select(history.events, "Proven"), "epoch");
}

/** Bytes of all leaves that the vNodes must store now. */
export async function bytesHeld({ network, vNodes }: Stage): Promise<number> {
  const totals = await Promise.all(
    vNodes.map((vNode) => network.chain.read<VNodeRecord>("registry", "vNode", [vNode])),
  );
  return Number(sum(totals.map(({ held }) => held))) * 496;
}

function inRange(epoch: unknown, first: number, last: number): boolean {
  return typeof epoch === "bigint" && epoch >= BigInt(first) && epoch <= BigInt(last);
}

const latest = (events: readonly ChainEvent[], argument: string): number =>
  events.reduce((most, { args }) => Math.max(most, Number(args[argument])), -Infinity);

const earliest = (events: readonly ChainEvent[], argument: string): number =>
  events.reduce((least, { args }) => Math.min(least, Number(args[argument])), Infinity);
