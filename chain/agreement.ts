/**
 * Compares the answers of several sources, where a single source must not decide.
 */
import { isDeepStrictEqual } from "node:util";
import { isCallException, Result } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

export interface Source<T> {
  readonly name: string;
  readonly read: () => Promise<T>;
}

type Outcome<T> =
  | { readonly kind: "answer"; readonly name: string; readonly value: T }
  /** The contract refused the call, which counts as an answer too. */
  | { readonly kind: "refusal"; readonly name: string; readonly value: unknown; readonly error: unknown }
  | { readonly kind: "failure"; readonly name: string; readonly error: unknown };

/**
 * Asks two sources, and then the others in turn until two of them have given the same answer.
 *
 * @throws HoldfastError "unreachable" if no two agree
 * @throws the refusal, if two refuse in the same way
 */
export async function agree<T>(sources: readonly Source<T>[], what: string): Promise<T> {
  const outcomes = await Promise.all(sources.slice(0, 2).map(outcomeOf));
  for (let next = 2; ; next++) {
    const pair = alike(outcomes);
    if (pair?.kind === "answer") return pair.value;
    if (pair?.kind === "refusal") throw pair.error;
    const source = sources[next];
    if (!source) throw disagreement(outcomes, what);
    outcomes.push(await outcomeOf(source));
  }
}

async function outcomeOf<T>({ name, read }: Source<T>): Promise<Outcome<T>> {
  try {
    return { kind: "answer", name, value: await read() };
  } catch (error) {
    if (isCallException(error)) return { kind: "refusal", name, value: [error.data, error.reason], error };
    if (!(error instanceof HoldfastError) || error.code === "unreachable")
      return { kind: "failure", name, error };
    return { kind: "refusal", name, value: [error.code, error.message, error.details], error };
  }
}

function alike<T>(outcomes: readonly Outcome<T>[]): Outcome<T> | undefined {
  return outcomes.find((one, i) =>
    outcomes.some(
      (other, j) =>
        j > i &&
        one.kind !== "failure" &&
        other.kind === one.kind &&
        isDeepStrictEqual(comparable(one.value), comparable(other.value)),
    ),
  );
}

/** ethers' results, logs and blocks as plain data: their objects are never equal, and refer to their provider. */
function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Result) return value.toArray().map(comparable);
  if (value instanceof Map || value instanceof Set) return [...value].map(comparable);
  if (Array.isArray(value)) return value.map(comparable);
  if (isPrintable(value)) return comparable(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, comparable(each)]));
}

function isPrintable(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function disagreement<T>(outcomes: readonly Outcome<T>[], what: string): HoldfastError {
  const failures = outcomes.flatMap((each) => (each.kind === "failure" ? [each] : []));
  const hosts = outcomes.filter(({ kind }) => kind !== "failure").map(({ name }) => name);
  const details = { hosts, what };
  if (hosts.length > 1) {
    const message = `the endpoints ${hosts.join(" and ")} disagree about ${what}, so one of them is wrong or behind: try again, or remove the wrong one from the settings`;
    return new HoldfastError("unreachable", message, details);
  }
  const reasons = failures.map(({ error }) => (error instanceof Error ? error.message : String(error)));
  const answering = hosts[0] === undefined ? "none answered" : `only ${hosts[0]} answered`;
  const because = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  const message = `two endpoints must agree about ${what}, but ${answering}${because}: try again, or use other endpoints`;
  return new HoldfastError("unreachable", message, details, { cause: failures[0]?.error });
}
