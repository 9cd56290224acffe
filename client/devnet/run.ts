/**
 * Runs the local network's storage scenario from start to end.
 */
import { leafCount } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { isConserved, summarizeRoles, takeStock } from "./accounting.ts";
import { createChecks } from "./checks.ts";
import { createEpochs } from "./epochs.ts";
import { createHistory, select } from "./history.ts";
import { startNetwork } from "./network.ts";
import type { DevnetOptions } from "./options.ts";
import type { DevnetReport } from "./report.ts";
import { bondFor, bytesHeld, play, REPLICAS } from "./scenario.ts";
import { runSession, type Session } from "./session.ts";
import type { Stage } from "./stage.ts";
import { createWitness } from "./witness.ts";

export interface DevnetResult {
  readonly report: DevnetReport;
  readonly decimals: number;
}

export function runDevnet(options: DevnetOptions): Promise<DevnetResult> {
  return runSession(options, perform);
}

async function perform({ options, folder, processes, bytes }: Session): Promise<DevnetResult> {
  const { profile, log, signal } = options;
  const started = performance.now();
  const vNodes: number[] = [];
  const checks = createChecks(log);
  const { verdicts, times, onLog } = createWitness();

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

function mean(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? 0 : Math.round(known.reduce((total, value) => total + value, 0) / known.length);
}
