/**
 * The checks at the end of a soak.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import type { ChainEvent } from "../../client/chain.ts";
import { createChecks, type Checks } from "../../client/devnet/checks.ts";
import { select } from "../../client/devnet/history.ts";
import type { Customer } from "./customer.ts";
import type { Diary } from "./diary.ts";
import type { Disks } from "./disks.ts";
import { segmentsIn } from "./holdings.ts";
import { judge, type Evidence, type Judged } from "./judge.ts";
import type { Network } from "./network.ts";
import type { SoakReport } from "./report.ts";
import { flatness } from "./usage.ts";
import { allEvents, proofKey, type Watch } from "./watch.ts";

export interface Ended extends Pick<SoakReport, "seed" | "minutes" | "epochSeconds"> {
  readonly network: Network;
  readonly diary: Diary;
  readonly watch: Watch;
  readonly disks: Disks;
  readonly customer: Customer;
  readonly times: Evidence["times"];
  /** Processes that ended by themselves. */
  readonly ended: readonly string[];
  /** The last epoch that counts. */
  readonly last: number;
}

/** Ends the processes of nodes and auditor, and reads their records. */
export async function conclude(run: Ended): Promise<SoakReport> {
  const { network, diary, watch, disks, customer, ended, last, seed, minutes, epochSeconds } = run;
  const { chain, nodes, auditor, deployment } = network;
  const checks = createChecks(() => undefined);
  const none = (name: string, found: readonly string[]): void =>
    checks.expect(name, found.length === 0, found.length === 0 ? "none" : list(found));

  const events = await allEvents(chain, deployment.block);
  const { rows, twice } = judge({
    clock: deployment,
    entries: diary.entries,
    times: run.times,
    last,
    vNodes: nodes.flatMap(({ vNodes, daemon }) => vNodes.map((id) => ({ id, node: daemon.name }))),
    segments: segmentsIn(events),
    proofs: select(events, "Proven").map(({ args }) => ({
      vNode: Number(args["vNode"]),
      epoch: Number(args["epoch"]),
    })),
    recorded: await recordedIn(events, network),
  });
  const lost = rows.filter(({ verdict }) => verdict === "lost");
  const without = lost.filter(({ cause }) => cause === undefined);
  none("epochs lost without an injected fault", without.map(describe));
  none("epochs proven more than once", twice);
  none("segments deleted although they are paid for", [...watch.deleted]);
  none("damaged segments not repaired, although there was a copy", disks.unrepaired(watch.owed));
  none("reads with wrong bytes", customer.wrong);
  none("processes that ended by themselves", ended);

  const statuses = await Promise.all([...nodes, auditor].map(({ daemon }) => daemon.end("SIGTERM")));
  checks.expect(
    "all processes exit with 0 when asked to",
    statuses.every((status) => status === 0),
    statuses.join(", "),
  );
  const verdicts = judgeAuditor(join(auditor.dataFolder, "auditor.sqlite"), events, checks);
  const usage = judgeUsage(watch, checks);
  return {
    seed,
    minutes,
    epochSeconds,
    usage,
    verdicts,
    injected: injectedIn(diary),
    requests: total([...nodes, auditor].map(({ proxy }) => proxy.counts.requests)),
    spoiled: total([...nodes, auditor].map(({ proxy }) => proxy.counts.spoiled)),
    epochs: {
      due: rows.length,
      proven: rows.length - lost.length,
      provenAgain: provenAgain(watch, events),
      lostToData: lost.filter(({ cause }) => cause === "data").length,
      lostToOutages: lost.filter(({ cause }) => cause === "outage").length,
      lost: without.length,
    },
    segments: select(events, "SegmentStored").length,
    customer: customer.counts,
    losses: lost.map(describe),
    checks: checks.all,
    passed: checks.all.every(({ passed }) => passed),
  };
}

function describe({ vNode, epoch, cause, clear, enough }: Judged): string {
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
  const stretch = `its window had ${seconds(clear)} without a fault, and ${seconds(enough)} suffice`;
  return `vNode ${vNode}, epoch ${epoch}: ${cause ?? "no injected fault"} (${stretch})`;
}

async function recordedIn(events: readonly ChainEvent[], { chain }: Network): Promise<Map<number, number>> {
  const recorded = new Map<number, number>();
  for (const { args, block } of select(events, "BeaconRecorded")) {
    const found = await chain.provider.getBlock(block);
    if (found) recorded.set(Number(args["epoch"]), 1000 * found.timestamp);
  }
  return recorded;
}

/** Number of proofs whose transaction on the chain is not the first one that was seen. */
function provenAgain({ again }: Watch, events: readonly ChainEvent[]): number {
  return select(events, "Proven").filter(({ args }) => again.has(proofKey(args))).length;
}

function judgeAuditor(path: string, events: readonly ChainEvent[], checks: Checks): Record<string, number> {
  const database = new Database(path, { readonly: true });
  try {
    const count = (table: string, where = "1"): number =>
      (database.prepare(`SELECT count(*) n FROM ${table} WHERE ${where}`).get() as { n: number }).n;
    const [valid, invalid, unseen] = ["valid", "invalid", "unseen"].map((outcome) =>
      count("verdicts", `outcome = '${outcome}'`),
    ) as [number, number, number];
    const contradictions = database.prepare("SELECT source, what FROM contradictions").all() as {
      source: string;
      what: string;
    }[];
    const judged = new Set(
      (
        database.prepare("SELECT transaction_hash hash FROM verdicts WHERE outcome = 'valid'").all() as {
          hash: string;
        }[]
      ).map(({ hash }) => hash),
    );
    const unjudged = select(events, "Proven").filter(({ transaction }) => !judged.has(transaction));
    checks.expect(
      "proofs that the auditor found invalid",
      invalid === 0,
      invalid === 0 ? "none" : String(invalid),
    );
    checks.expect(
      "contradictions that the auditor reported",
      contradictions.length === 0,
      contradictions.length === 0
        ? "none"
        : list(contradictions.map(({ source, what }) => `${source}: ${what}`)),
    );
    checks.expect(
      "proofs on the chain that the auditor did not verify",
      unjudged.length === 0,
      unjudged.length === 0 ? "none" : list(unjudged.map(({ transaction }) => transaction)),
    );
    return { valid, invalid, unseen, misses: count("misses") };
  } finally {
    database.close();
  }
}

function judgeUsage({ usage }: Watch, checks: Checks): SoakReport["usage"] {
  return [...usage].flatMap(([process, samples]) =>
    (["memory", "descriptors"] as const).map((of) => {
      const { early, late, isFlat } = flatness(samples, of);
      checks.expect(`${of} of ${process} does not grow`, isFlat, `${early}, then ${late}`);
      return { process, of: of === "memory" ? "MB" : of, early, late };
    }),
  );
}

function injectedIn({ entries }: Diary): Record<string, Record<string, number>> {
  const injected: Record<string, Record<string, number>> = {};
  for (const { kind, what } of entries) {
    if (kind === "customer" || kind === "note") continue;
    const counts = (injected[kind] ??= {});
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return injected;
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const SHOWN = 5;
function list(found: readonly string[]): string {
  const more = found.length > SHOWN ? `, and ${found.length - SHOWN} more` : "";
  return `${found.length}: ${found.slice(0, SHOWN).join("; ")}${more}`;
}
