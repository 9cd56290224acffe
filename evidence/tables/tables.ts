/**
 * The tables in the documents that benches write: the document, the command that writes each, and what it measures.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { POINT_BYTES } from "../bench/circuit-size.ts";
import type { CircuitsBench } from "../bench/circuits.ts";
import type { CoverageRow } from "../bench/coverage/run.ts";
import type { GasRow } from "../bench/gas.ts";
import type { GovernanceRow } from "../bench/governance.ts";
import type { LimitRow } from "../bench/limits.ts";
import { fingerprint, type Measured } from "./fingerprints.ts";
import { grouped, markdownTable, readMarked, replaceMarked } from "./markers.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface Table {
  readonly name: string;
  readonly document: string;
  /** The command that writes it again. */
  readonly command: string;
  readonly measured: Measured;
}

export const TABLES: readonly Table[] = [
  { name: "gas", document: "docs/contracts.md", command: "bench -- gas --docs", measured: "contracts" },
  { name: "limits", document: "docs/contracts.md", command: "bench -- limits --docs", measured: "contracts" },
  {
    name: "coverage",
    document: "docs/contracts.md",
    command: "bench -- coverage --docs",
    measured: "contracts",
  },
  {
    name: "governance",
    document: "docs/governance.md",
    command: "bench -- governance --docs",
    measured: "managers",
  },
  {
    name: "circuits",
    document: "docs/circuits.md",
    command: "bench -- circuits --docs",
    measured: "circuits",
  },
  { name: "parts", document: "docs/circuits.md", command: "bench -- circuits --docs", measured: "circuits" },
  {
    name: "slither",
    document: "docs/static-analysis.md",
    command: "slither -- --docs",
    measured: "contracts",
  },
  {
    name: "simulation",
    document: "docs/incentives.md",
    command: "simulate -- --docs",
    measured: "contracts",
  },
];

export const tableNamed = (name: string): Table => {
  const table = TABLES.find((one) => one.name === name);
  if (!table)
    throw new RangeError(
      `there is no table ${JSON.stringify(name)}: ${TABLES.map((one) => one.name).join(", ")}`,
    );
  return table;
};

/** Puts a table into its document, with the fingerprint of what is built now. */
export function writeTable(name: string, body: string): void {
  const { document, measured } = tableNamed(name);
  const path = join(ROOT, document);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, replaceMarked(text, name, { from: fingerprint(measured), body }));
}

/** Whether what the table measures has changed since it was written. */
export function isStale(name: string): boolean {
  const { document, measured } = tableNamed(name);
  return readMarked(readFileSync(join(ROOT, document), "utf8"), name).from !== fingerprint(measured);
}

export function gasTable(rows: readonly GasRow[]): string {
  const names = [...new Set(rows.map(({ transaction }) => transaction))];
  const cells = names.map((name) => {
    const own = rows.filter(({ transaction }) => transaction === name);
    const alone = own.find(({ batch }) => batch === 1);
    const many = own.filter(({ batch }) => batch > 1);
    return [
      name,
      alone ? grouped(alone.gasPerItem) : "",
      many.map(({ gasPerItem, batch }) => `${grouped(gasPerItem)} of ${batch}`).join(", "),
    ];
  });
  return markdownTable(["transaction", "alone", "each of many"], cells);
}

export function limitsTable(rows: readonly LimitRow[]): string {
  return markdownTable(
    ["call", "1 segment, 2 vNodes, 65 epochs", "10,000 segments, 1,000 vNodes, 10,000 epochs"],
    rows.map(({ call, few, many }) => [call, grouped(few), grouped(many)]),
  );
}

export function governanceTable(rows: readonly GovernanceRow[]): string {
  return markdownTable(
    ["who decides", "step", "gas"],
    rows.map(({ scheme, step, gas }) => [scheme, step, grouped(gas)]),
  );
}

export function coverageTable(rows: readonly CoverageRow[]): string {
  const sum = (of: (row: CoverageRow) => number): string =>
    grouped(rows.reduce((total, row) => total + of(row), 0));
  return markdownTable(
    ["of the contracts", "there are", "the tests reach"],
    [
      ["lines", sum(({ lines }) => lines), sum(({ linesReached }) => linesReached)],
      ["branches", sum(({ branches }) => branches), sum(({ branchesTaken }) => branchesTaken)],
    ],
  );
}

export function circuitsTable({ profiles }: CircuitsBench): string {
  return markdownTable(
    ["profile", "constraints", "domain", "wires", "A", "B", "C", "key, bytes"],
    profiles.map((row) => [
      row.profile,
      ...[row.constraints, row.domain, row.wires, row.A, row.B, row.C, row.keyBytes].map(grouped),
    ]),
  );
}

/** The parts of the standard profile's circuit. */
export function partsTable({ profiles, parts }: CircuitsBench): string {
  const own = parts.filter(({ profile }) => profile === "standard");
  const domain = profiles.find(({ profile }) => profile === "standard");
  const points = domain ? (100 * POINT_BYTES * domain.domain) / domain.keyBytes : 0;
  return markdownTable(
    ["part", "instances", "constraints", "A and B", "share of the key"],
    [
      ...own.map(({ part, instances, constraints, A, B, keyShare }) => [
        part,
        grouped(instances),
        grouped(constraints),
        grouped(A + B),
        `${keyShare.toFixed(1)} %`,
      ]),
      ["a point for each of the domain", "", "", "", `${points.toFixed(1)} %`],
    ],
  );
}
