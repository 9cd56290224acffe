/**
 * The report of a soak, for people: the faults, the proofs, and the checks that failed.
 */
import type { Check } from "../../client/devnet/checks.ts";

export interface SoakReport {
  readonly seed: number;
  readonly minutes: number;
  readonly epochSeconds: number;
  /** How often each kind of fault was injected, by victim. */
  readonly injected: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly requests: number;
  readonly spoiled: number;
  readonly epochs: {
    readonly due: number;
    readonly proven: number;
    /** Epochs that were proven again after a reorganization. */
    readonly provenAgain: number;
    readonly lostToData: number;
    readonly lostToOutages: number;
    readonly lost: number;
  };
  readonly segments: number;
  readonly customer: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly usage: readonly {
    readonly process: string;
    readonly of: string;
    readonly early: number;
    readonly late: number;
  }[];
  /** A line for each loss. */
  readonly losses: readonly string[];
  readonly checks: readonly Check[];
  readonly passed: boolean;
}

const WIDTH = 80;

export function renderReport(report: SoakReport): string {
  const { injected, epochs, customer, verdicts, usage, losses, checks } = report;
  const counts = (values: Readonly<Record<string, number>>): string =>
    Object.entries(values)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ");
  const lines = [
    `${report.minutes} minutes, epochs of ${report.epochSeconds} s, seed ${report.seed}`,
    "",
    "Injected",
    ...Object.entries(injected).flatMap(([kind, values]) => fill(kind, counts(values))),
    ...fill("requests", `${report.requests}, of which a fault affected ${report.spoiled}`),
    "",
    "Found",
    ...fill(
      "epochs",
      `${epochs.due} due, ${epochs.proven} proven, ${epochs.lost} lost without an injected fault`,
    ),
    ...fill(
      "",
      `${epochs.lostToData} lost because of damaged data, ${epochs.lostToOutages} because of outages`,
    ),
    ...fill("", `${epochs.provenAgain} proven again after a reorganization`),
    ...fill("segments", `${report.segments} on the chain`),
    ...fill("customer", counts(customer)),
    ...fill("auditor", counts(verdicts)),
    ...usage.flatMap(({ process, of, early, late }) =>
      fill(process, `${of} ${early} in the second quarter, ${late} in the last`),
    ),
    ...(losses.length > 0 ? ["", "Losses", ...losses.flatMap((loss) => fill("", loss))] : []),
    "",
    ...checks.flatMap(({ name, passed, found }) => fill(passed ? "holds" : "FAILS", `${name}: ${found}`)),
  ];
  return `${lines.join("\n")}\n`;
}

const INDENT = 18;

/** Wraps a text into lines, beside its name. */
function fill(name: string, text: string): string[] {
  const lines: string[] = [];
  let line = `  ${name}`.padEnd(INDENT);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      [line, isEmpty] = [" ".repeat(INDENT), true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
