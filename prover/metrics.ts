/**
 * The metrics for an operator's Prometheus: first of all what the chain says of the node, and no label that grows
 * with the data.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeStatus } from "./status.ts";

export interface Metrics {
  proved(seconds: number): void;
  proven(): void;
  answered(): void;
  missing(): void;
  repaired(bytes: number): void;
  /** Bytes read by a scrub. */
  scrubbed(bytes: number): void;
  failed(): void;
  /** Called for each transaction of a compaction. */
  compacting(gasUsed: number): void;
  compacted(): void;
  observe(status: NodeStatus, usedBytes: number): void;
  text(): Promise<string>;
}

/** Seconds. */
const PROVE_BUCKETS = [0.5, 1, 2, 5, 10, 20, 60, 180];

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `holdfast_${name}`, help, registers });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `holdfast_${name}`, help, registers });

  const proofs = counter("proofs_confirmed_total", "proofs that are on the chain");
  const answers = counter(
    "challenges_answered_total",
    "challenges on demand that were answered on the chain",
  );
  const failures = counter("failures_total", "pieces of work that failed and were tried again");
  const missing = counter("missing_total", "samples that were missing or damaged on disk");
  const repairedBytes = counter("repaired_bytes_total", "bytes fetched from other nodes");
  const scrubbedBytes = counter("scrubbed_bytes_total", "bytes on disk that were read and checked");
  const compactions = counter("compactions_total", "directories that were compacted");
  const compactionGas = counter("compaction_gas_total", "gas spent on compactions");
  const proveSeconds = new Histogram({
    name: "holdfast_prove_seconds",
    help: "time to make a witness and a proof",
    buckets: PROVE_BUCKETS,
    registers,
  });
  const ready = gauge("ready", "1 if the node is ready: the chain and the disk answer");
  const headAge = gauge("chain_head_age_seconds", "age of the chain's newest block by the host's clock");
  const aside = gauge(
    "endpoints_aside",
    "endpoints of the chain that are left aside: they lag, differ or fail",
  );
  const vNodes = gauge("vnodes", "vNodes that this node is responsible or named for");
  const unproven = gauge("due_unproven", "vNodes that are due in this epoch and not yet proven on the chain");
  const challenges = gauge("challenges_open", "challenges on demand that this node must answer");
  const challengeDeadline = gauge(
    "seconds_to_challenge_deadline",
    "chain seconds to the first deadline of an open challenge; -1: no challenge is open",
  );
  const misses = gauge("misses", "the most misses in a row of a vNode, by the chain");
  const deadline = gauge(
    "seconds_to_deadline",
    "chain seconds to the first deadline of a due vNode; -1: nothing is due",
  );
  const coverage = gauge(
    "coverage",
    "the lowest paid share of a vNode's directory: below 0.75, less is paid",
  );
  const compacting = gauge("vnodes_compacting", "vNodes whose directories are being compacted");
  const deferred = gauge("vnodes_deferred", "vNodes with epochs whose pay waits for the next proof");
  const short = gauge("vnodes_short", "vNodes that pay nothing until the bond is topped up");
  const foreign = gauge(
    "foreign_acceptances",
    "acceptances used on chain that this node did not sign: the operator's key may be stolen",
  );
  const used = gauge("stored_bytes", "bytes of segments on disk");
  const absent = gauge(
    "absent_segments",
    "segments that this node's vNodes must hold and that are not on disk",
  );
  const damaged = gauge("damaged_segments", "segments that were set aside as damaged and not yet replaced");
  const heldBack = gauge(
    "removals_held_back",
    "segments whose removal waits for the operator's confirmation",
  );
  const skew = gauge(
    "clock_skew_seconds",
    "seconds by which the host's clock is ahead of the chain's newest block",
  );
  const payable = gauge(
    "payable_proofs",
    "proofs that the operator's coins can pay for at the present gas price; -1: not known yet",
  );
  const trouble = gauge("disk_trouble", "1 while the disk does not answer");

  return {
    proved: (seconds) => proveSeconds.observe(seconds),
    proven: () => proofs.inc(),
    answered: () => answers.inc(),
    missing: () => missing.inc(),
    repaired: (bytes) => repairedBytes.inc(bytes),
    scrubbed: (bytes) => scrubbedBytes.inc(bytes),
    failed: () => failures.inc(),
    compacting: (gasUsed) => compactionGas.inc(gasUsed),
    compacted: () => compactions.inc(),
    observe(status, usedBytes) {
      const open = status.vNodes.filter((vNode) => vNode.due && !vNode.proven);
      ready.set(status.ready ? 1 : 0);
      headAge.set(status.headAge);
      aside.set(status.endpoints.filter(({ state }) => state === "aside").length);
      vNodes.set(status.vNodes.length);
      unproven.set(open.length);
      misses.set(status.vNodes.reduce((most, vNode) => Math.max(most, vNode.misses), 0));
      deadline.set(open.length === 0 ? -1 : least(open.map((vNode) => vNode.deadline)) - status.time);
      const asked = status.challenges.map((challenge) => challenge.deadline);
      challenges.set(asked.length);
      challengeDeadline.set(asked.length === 0 ? -1 : least(asked) - status.time);
      coverage.set(least([1, ...status.vNodes.map((vNode) => vNode.coverage)]));
      compacting.set(status.vNodes.filter((vNode) => vNode.compactingSince !== undefined).length);
      deferred.set(status.vNodes.filter((vNode) => vNode.deferred !== undefined).length);
      short.set(status.vNodes.filter((vNode) => vNode.short).length);
      foreign.set(status.alarm?.foreign.length ?? 0);
      damaged.set(status.damaged.length);
      heldBack.set(status.heldBack?.segments ?? 0);
      trouble.set(status.diskTrouble === undefined ? 0 : 1);
      skew.set(status.clockSkew);
      payable.set(status.payableProofs ?? -1);
      used.set(usedBytes);
      absent.set(status.vNodes.reduce((sum, vNode) => sum + vNode.absent, 0));
    },
    text: () => registry.metrics(),
  };
}

/** Not Math.min(...values): a call cannot take so many arguments. */
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
