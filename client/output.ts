/**
 * The output of the command line: results for people or as JSON, amounts, progress, and questions before money moves.
 */
import { confirm } from "@inquirer/prompts";
import { HoldfastError } from "../protocol/errors.ts";
import { toJson } from "../protocol/json.ts";
import { fileError } from "../system/file-errors.ts";

export interface ResultOptions {
  readonly json: boolean;
  readonly text?: string;
  readonly stream?: NodeJS.WritableStream;
}

/** Prints a result. With --json it is one line, with bigints as decimal strings. */
export function printResult(value: object, { json, text, stream = process.stdout }: ResultOptions): void {
  stream.write(`${json ? toJson(value) : (text ?? describe(value))}\n`);
}

/** One line for each property. */
function describe(value: object): string {
  const entries = Object.entries(value) as [string, unknown][];
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries
    .map(([name, part]) => `${name.padEnd(width)}  ${typeof part === "string" ? part : toJson(part)}`)
    .join("\n");
}

/** Prints a line about the work in progress, on the error stream. */
export function printNote(note: string, json: boolean): void {
  process.stderr.write(json ? `${toJson({ note })}\n` : `${note}\n`);
}

/** Prints an error, on the error stream. */
export function printError(error: unknown, json: boolean): void {
  const { code, message, details } = describeError(error);
  process.stderr.write(json ? `${toJson({ error: { code, message, details } })}\n` : `error: ${message}\n`);
}

function describeError(error: unknown): { code: string; message: string; details: object } {
  if (error instanceof HoldfastError) return error;
  if (!(error instanceof Error)) return { code: "internal", message: String(error), details: {} };
  if (error instanceof RangeError || error instanceof TypeError)
    return { code: "bad-input", message: error.message, details: {} };
  if (error.name === "AbortError") return { code: "aborted", message: "stopped", details: {} };
  // In ethers, `message` has whole transactions in it, and `shortMessage` only the reason.
  const { shortMessage } = error as { shortMessage?: unknown };
  if (typeof shortMessage === "string") return { code: "internal", message: shortMessage, details: {} };
  const known = fileError(error, (error as { path?: string }).path ?? "a file", "used");
  if (known instanceof HoldfastError) return known;
  const shown = process.env["HOLDFAST_DEBUG"] === undefined ? error.message : error.stack;
  return { code: "internal", message: shown ?? error.message, details: {} };
}

/** Prints a warning on the error stream. */
export function printWarning(facts: object, message: string, json: boolean): void {
  const text = [message, ...Object.values(facts).map(String)].join(": ");
  process.stderr.write(json ? `${toJson({ warning: { message, ...facts } })}\n` : `warning: ${text}\n`);
}

/** Shows progress in one line of the error stream, which is overwritten; nothing if it is not a terminal. */
export function createProgress(json: boolean): (step: string, fraction: number) => void {
  const stream = process.stderr;
  if (json || !stream.isTTY) return () => undefined;
  let shown = "";
  return (step, fraction) => {
    const line = `${step}: ${Math.floor(100 * fraction)} %`;
    if (line === shown) return;
    shown = line;
    stream.write(`\r\x1b[2K${fraction < 1 ? line : ""}`);
  };
}

/** Says what a step will do, and returns if --yes was given or the person agrees. */
export async function agree(what: string, { yes, json }: { yes?: boolean; json?: boolean }): Promise<void> {
  if (!json) process.stderr.write(`This will ${what}.\n`);
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new HoldfastError(
      "bad-input",
      `this would ${what}, and nobody can be asked here: add --yes if you agree`,
    );
  }
  if (!(await confirm({ message: "Go on?", default: false }, { output: process.stderr }))) {
    throw new HoldfastError("aborted", "stopped: nothing was done");
  }
}

const SHOWN_DECIMALS = 6;

/** Token units as a decimal number of tokens, rounded down to 6 decimals; smaller amounts with all decimals. */
export function formatAmount(units: bigint, decimals: number): string {
  const one = 10n ** BigInt(decimals);
  const all = (units % one).toString().padStart(decimals, "0");
  const shown = units >= one || BigInt(all.slice(0, SHOWN_DECIMALS)) > 0n ? SHOWN_DECIMALS : decimals;
  const fraction = all.slice(0, shown).replace(/0+$/, "");
  return `${units / one}${fraction && `.${fraction}`}`;
}

/** A decimal number of tokens as token units. @throws HoldfastError "bad-input" */
export function parseAmount(text: string, decimals: number): bigint {
  const [, whole, fraction = ""] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > decimals) {
    throw new HoldfastError(
      "bad-input",
      `"${text}" is not an amount: give tokens as 12 or 0.5, at most ${decimals} decimals`,
    );
  }
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}
