/**
 * Runs a local network from start to end, and removes everything that it started.
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HoldfastError } from "../../protocol/errors.ts";
import { leafCount } from "../../protocol/field.ts";
import { PROFILES, maxBytes, maxSegments } from "../../protocol/profiles.ts";
import type { Outcome } from "../../verifier/state.ts";
import { fileSize } from "../app/segments.ts";
import { isConserved, summarizeRoles, takeStock } from "./accounting.ts";
import { createChecks } from "./checks.ts";
import { createEpochs } from "./epochs.ts";
import { createHistory, select } from "./history.ts";
import { startNetwork } from "./network.ts";
import { MAX_FILE_BYTES, type DevnetOptions } from "./options.ts";
import { createProcesses, type LogLine, type Processes } from "./processes.ts";
import type { DevnetReport } from "./report.ts";
import { bondFor, bytesHeld, play, REPLICAS } from "./scenario.ts";
import type { Stage, Verdicts } from "./stage.ts";

export interface DevnetResult {
  readonly report: DevnetReport;
  readonly decimals: number;
}

/** Milliseconds in which the work must notice that its processes have ended. */
const WORK_ENDS_MS = 5_000;

export async function runDevnet(options: DevnetOptions): Promise<DevnetResult> {
  const bytes = await acceptableSize(options);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-devnet-"));
  const logs = join(folder, "logs");
  await mkdir(logs);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const processes = createProcesses({ logs, signal });
  let succeeded = false;
  const isWanted = (): boolean => options.keep || !(succeeded || options.signal.aborted);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // The folder has keys in it: remove it even if a second Ctrl-C ends this process at once.
  const atExit = (): void => (isWanted() ? undefined : remove());
  process.on("exit", atExit);
  const work = perform({ ...options, signal }, { folder, processes, bytes });
  try {
    const result = await Promise.race([work, processes.failure, aborted(options.signal)]);
    succeeded = result.report.passed;
    return result;
  } finally {
    ending.abort();
    await processes.stop();
    // Wait until the work has ended, so that it writes nothing into the folder any more.
    const over = new AbortController();
    const late = delay(WORK_ENDS_MS, undefined, { signal: over.signal });
    await Promise.race([work, late]).catch(() => undefined);
    over.abort();
    process.off("exit", atExit);
    if (isWanted()) options.log(`logs and data are in ${folder}`);
    else remove();
  }
}

interface Resources {
  readonly folder: string;
  readonly processes: Processes;
  readonly bytes: number;
}

async function perform(
  options: DevnetOptions,
  { folder, processes, bytes }: Resources,
): Promise<DevnetResult> {
  const { profile, log, signal } = options;
  const started = performance.now();
  const verdicts: Verdicts = { valid: 0, invalid: 0, unseen: 0, contradictions: 0 };
  const vNodes: number[] = [];
  const checks = createChecks(log);
  const times = new Map<string, number>();
  const onLog = (process: string, line: LogLine): void => {
    // Proofs of take-overs are not counted, because they are not paid.
    if (process === "auditor" && line["msg"] === "verified" && line["takeOver"] !== true)
      verdicts[line["outcome"] as Outcome]++;
    if (process === "auditor" && line["msg"] === "contradiction") verdicts.contradictions++;
    if (line["msg"] === "proven")
      times.set(
        `${String(line["vNode"])}/${String(line["epoch"])}`,
        Number(line["witnessMs"]) + Number(line["proveMs"]),
      );
  };

  const network = await startNetwork({
    profile,
    log,
    folder,
    processes,
    onLog,
    provers: REPLICAS,
    epochSeconds: options.epochSeconds,
    capacity: 2 * leafCount(bytes) + 1_000,
    bond: bondFor(bytes),
  });
  const { chain, deployment } = network;
  const epochs = createEpochs({
    chain,
    log,
    samples: PROFILES[profile].samples,
    vNodes: () => vNodes,
    proveMs: (vNode, epoch) => times.get(`${vNode}/${epoch}`),
  });
  const history = createHistory({
    chain,
    signal,
    fromBlock: deployment.block,
    onUpdate: (events, epoch) => epochs.follow(events, epoch),
  });

  const stage: Stage = { options, folder, network, history, checks, verdicts, vNodes };
  const { object } = await play(stage);

  const money = await takeStock(chain);
  const conserved = isConserved(money);
  checks.expect("tokens are conserved to the unit", conserved, `the ledger holds ${money.held} units`);
  const rows = epochs.rows.filter(({ proven }) => proven);
  const report: DevnetReport = {
    profile,
    epochSeconds: deployment.epochSeconds,
    file: { bytes: object.bytes, segments: object.segments.length, sha256: object.sha256 },
    roles: await summarizeRoles(network, history.events),
    system: {
      proofs: select(history.events, "Proven").length,
      misses: select(history.events, "Missed").length,
      epochs: Number(await chain.read<bigint>("audits", "currentEpoch")),
      bytesHeld: await bytesHeld(stage),
      meanProveMs: mean(rows.map(({ proveMs }) => proveMs)),
      meanProveGas: mean(rows.map(({ gas }) => (gas === undefined ? undefined : Number(gas)))),
      tokensConserved: conserved,
      seconds: Math.round((performance.now() - started) / 1000),
    },
    money,
    epochs: epochs.rows,
    checks: checks.all,
    passed: checks.all.every(({ passed }) => passed),
  };
  chain.close();
  return { report, decimals: chain.decimals };
}

async function acceptableSize({ file, profile }: DevnetOptions): Promise<number> {
  const bytes = await fileSize(file);
  const limit = Math.min(MAX_FILE_BYTES, maxBytes(PROFILES[profile]) * maxSegments(PROFILES[profile]));
  if (bytes <= limit) return bytes;
  throw new HoldfastError(
    "too-large",
    `${file} has ${bytes} bytes, and a local network of the ${profile} profile takes at most ${limit}: give a smaller file`,
    { bytes, limit },
  );
}

function mean(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? 0 : Math.round(known.reduce((total, value) => total + value, 0) / known.length);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void =>
      reject(new HoldfastError("aborted", "stopped: every process of the network is ended"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
