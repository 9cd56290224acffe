/**
 * A soak from start to end: the network is started, faults are injected for a while, two epochs pass without faults, and the
 * chain's record is checked.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { select } from "../../client/devnet/history.ts";
import { fund } from "../../client/devnet/network.ts";
import { ensureProfile } from "../../keys/make.ts";
import { randomOf, type Random } from "../simulation/random.ts";
import { conclude } from "./conclude.ts";
import { createCustomer } from "./customer.ts";
import { createDiary, type Diary } from "./diary.ts";
import { createDisks } from "./disks.ts";
import { isOutage, nextFault, nextQuiet } from "./faults.ts";
import type { Evidence } from "./judge.ts";
import { rpcAt } from "./mining.ts";
import { startNetwork, type Network, type Served } from "./network.ts";
import { createReorganizations, pause } from "./reorganizations.ts";
import type { SoakReport } from "./report.ts";
import { createStrangers } from "./strangers.ts";
import { createWatch, type Watch } from "./watch.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly epochSeconds: number;
  /** Whether to keep the folder with data and logs. */
  readonly keep: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds between two faults of a kind. */
const EVERY = {
  kill: [30_000, 90_000],
  reorganization: [25_000, 75_000],
  disk: [6_000, 20_000],
  full: [20_000, 60_000],
  stranger: [3_000, 15_000],
  customer: [2_000, 8_000],
} as const;
const FULL_MS = [4_000, 20_000] as const;
const DOWN_MS = [200, 4_000] as const;
const LOOK_MS = 5_000;
const MINUTE = 60_000;
/** Number of objects that are stored before the first fault. */
const FIRST = 4;
const CALM_EPOCHS = 2;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, epochSeconds, log, signal } = options;
  await ensureProfile("tiny");
  const folder = await mkdtemp(join(tmpdir(), "holdfast-soak-"));
  const diary = createDiary(join(folder, "diary.jsonl"));
  const ended: string[] = [];
  const times: Evidence["times"][number][] = [];
  log(`starting the network in ${folder}; seed ${seed}`);
  const network = await startNetwork({
    seed,
    folder,
    epochSeconds,
    onLine(node, line) {
      if (line["msg"] !== "proven") return;
      const milliseconds = Number(line["witnessMs"]) + Number(line["proveMs"]);
      times.push({ node, epoch: Number(line["epoch"]), milliseconds });
    },
    onEnd: (why) => {
      ended.push(why);
      diary.note("note", "processes", "ended by itself", { why });
    },
  });
  let succeeded = false;
  try {
    const report = await perform(options, { network, folder, diary, ended, times });
    succeeded = report.passed;
    return report;
  } finally {
    const isWanted = options.keep || !(succeeded || signal.aborted);
    await network.stop(isWanted);
    network.chain.close();
    await diary.close();
    if (isWanted) log(`logs, data and the diary are in ${folder}`);
    else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface SoakRun {
  readonly network: Network;
  readonly folder: string;
  readonly diary: Diary;
  readonly ended: readonly string[];
  readonly times: Evidence["times"];
}

async function perform(options: SoakOptions, run: SoakRun): Promise<SoakReport> {
  const { minutes, seed, epochSeconds, log, signal } = options;
  const { network, folder, diary } = run;
  const { chain, nodes, auditor, roles, cluster } = network;
  const over = new AbortController();
  const chaos = AbortSignal.any([signal, over.signal]);
  const customer = await createCustomer(network, { seed, folder, diary, signal: chaos });
  const { contents } = customer;
  const disks = createDisks(nodes, { seed, diary, contents });
  const watch = createWatch(network, disks);
  const stranger = chain.as(roles.challenger.privateKey);
  await fund(stranger, 10n ** 18n);
  const made = await stranger.send("registry", "createBucket", [cluster, false]);
  const bucket = select(made.events, "BucketCreated")[0]?.args["bucket"] as bigint;
  const strangers = createStrangers(nodes, { seed, diary, chain: stranger, bucket });
  while (customer.counts.stored < FIRST && !chaos.aborted) await customer.act();
  const reorganizations = createReorganizations(network.miner, rpcAt(network.rpcUrl), chain.provider, {
    seed,
    diary,
    first: await chain.provider.getBlockNumber(),
  });
  await watch.look();

  const loop = async (
    name: string,
    act: (random: Random) => Promise<void>,
    [low, high]: readonly [number, number],
  ): Promise<void> => {
    const random = randomOf(seed, "times", name);
    while (await pause(random.between(low, high), chaos)) {
      await act(random).catch((error: unknown) =>
        diary.note("note", name, "did not work", { why: (error as Error).message }),
      );
    }
  };
  const begun = Date.now();
  const lasting = minutes * MINUTE;
  const work = [
    ...[...nodes, auditor].map((served) => spoil(served, { seed, diary, chaos })),
    loop("kill", (random) => kill([...nodes, auditor], random, diary), EVERY.kill),
    loop("reorganization", () => reorganizations.act(), EVERY.reorganization),
    loop("disk", () => disks.damage(watch.owed.filter(({ from }) => from <= watch.epoch)), EVERY.disk),
    loop("full", (random) => disks.fill(random.between(...FULL_MS), chaos), EVERY.full),
    loop("stranger", () => strangers.act([...contents.keys()], chaos), EVERY.stranger),
    loop("customer", () => customer.act(), EVERY.customer),
    loop("watch", () => watch.look(), [LOOK_MS, LOOK_MS]),
  ];
  const progress = setInterval(() => log(tell(watch, diary, begun + lasting)), MINUTE);
  try {
    await pause(lasting, signal);
  } finally {
    clearInterval(progress);
    over.abort();
    await Promise.all(work);
  }
  signal.throwIfAborted();
  const last = Number(await chain.read<bigint>("audits", "currentEpoch")) + CALM_EPOCHS;
  log(`two epochs without faults, until epoch ${last} is over`);
  while (Number(await chain.read<bigint>("audits", "currentEpoch")) <= last) {
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
    await watch.look();
  }
  // Give the auditor time to settle the last epoch.
  await pause(LOOK_MS, signal);
  await watch.look();
  return conclude({
    network,
    diary,
    watch,
    disks,
    customer,
    seed,
    minutes,
    epochSeconds,
    last,
    ended: run.ended,
    times: run.times,
  });
}

/** Runs the schedule of one endpoint's faults. */
async function spoil(
  { daemon, proxy }: Served,
  { seed, diary, chaos }: { seed: number; diary: Diary; chaos: AbortSignal },
): Promise<void> {
  const random = randomOf(seed, "endpoint", daemon.name);
  while (await pause(nextQuiet(random), chaos)) {
    const fault = nextFault(random);
    const { kind, share, size } = fault;
    proxy.fault = fault;
    const end = diary.begin("endpoint", daemon.name, kind, {
      outage: isOutage(fault),
      details: { share, size },
    });
    await pause(fault.milliseconds, chaos);
    proxy.fault = undefined;
    end();
  }
}

async function kill(all: readonly Served[], random: Random, diary: Diary): Promise<void> {
  const { daemon } = all[random.between(0, all.length - 1)] as Served;
  const down = random.between(...DOWN_MS);
  const end = diary.begin("kill", daemon.name, "killed", { outage: true, details: { down } });
  await daemon.end("SIGKILL");
  await pause(down, new AbortController().signal);
  await daemon.start().finally(end);
}

function tell({ epoch, seen, owed }: Watch, { entries }: Diary, end: number): string {
  const left = Math.max(0, Math.round((end - Date.now()) / 1000));
  const time = `${Math.floor(left / 60)} min ${left % 60} s left`;
  return `epoch ${epoch}: ${seen.size} proofs, ${owed.length} segments, ${entries.length} faults and notes, ${time}`;
}
