/**
 * What an operator's Prometheus sees: the chain's view of the node first, no label that grows with the data.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeStatus } from "./duties.ts";

export interface Metrics {
  readonly proofs: Counter;
  readonly failures: Counter;
  readonly missing: Counter;
  readonly proveSeconds: Histogram;
  observe(status: NodeStatus, now: number, usedBytes: number): void;
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `holdfast_${name}`, help, registers });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `holdfast_${name}`, help, registers });
  const vNodes = gauge("vnodes", "vNodes that this node answers for");
  const due = gauge("due_unproven", "vNodes that are due in this epoch and not proven on chain");
  const misses = gauge("misses_max", "most misses in a row of any vNode, by the chain");
  const left = gauge("seconds_to_deadline", "chain seconds until the earliest deadline of what is due");
  const bytes = gauge("stored_bytes", "bytes of segments on disk");
  return {
    proofs: counter("proofs_total", "proofs confirmed on chain"),
    failures: counter("failures_total", "pieces of work that failed and are tried again"),
    missing: counter("missing_total", "samples that were not on disk, or not what was stored"),
    proveSeconds: new Histogram({
      name: "holdfast_prove_seconds",
      help: "witness and proof",
      buckets: [0.5, 1, 2, 5, 10, 20, 60],
      registers,
    }),
    observe(status, now, usedBytes) {
      const open = status.vNodes.filter((vNode) => vNode.due && !vNode.proven);
      vNodes.set(status.vNodes.length);
      due.set(open.length);
      misses.set(Math.max(0, ...status.vNodes.map((vNode) => vNode.misses)));
      left.set(open.length ? Math.min(...open.map(({ deadline }) => deadline - now)) : 0);
      bytes.set(usedBytes);
    },
    text: () => registry.metrics(),
  };
}
