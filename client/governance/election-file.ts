/**
 * An election as people write it down: checked as a whole, so that a mistake is named with its place.
 */
import { z } from "zod";
import { HoldfastError } from "../../protocol/errors.ts";
import { readJson } from "../json-file.ts";
import { idKey, type ElectionId } from "./ids.ts";
import type { Election } from "./phragmen.ts";

/** A nominator backs this many candidates at most. */
export const MAX_TARGETS = 16;
/** Problems that a message lists. */
const MAX_LISTED = 5;

const id = z.custom<ElectionId>(
  (value) => Number.isSafeInteger(value) || (typeof value === "string" && value !== ""),
  "expected an id: a whole number within ±(2^53 - 1), or a string that is not empty",
);
const stake = z
  .custom<number | string>(
    (value) =>
      typeof value === "number"
        ? Number.isSafeInteger(value) && value >= 0
        : typeof value === "string" && /^\d+$/.test(value),
    "expected token units: a whole number from 0 to 2^53 - 1, or any number of digits in a string",
  )
  .transform(BigInt);
const candidate = z.object({ id, stake });
const nominator = z.object({
  id,
  stake,
  targets: z.array(id).max(MAX_TARGETS, `expected at most ${MAX_TARGETS} targets`),
});

const election = z
  .object({
    seats: z.int("expected a whole number of seats").min(1, "expected at least 1 seat"),
    candidates: z.array(candidate),
    nominators: z.array(nominator),
  })
  .superRefine(({ candidates, nominators }, context) => {
    const issue = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    const known = new Set(candidates.map((each) => idKey(each.id)));
    for (const i of repeated(candidates.map((each) => each.id)))
      issue(["candidates", i, "id"], `another candidate has this id, ${idKey(candidates[i]?.id)}`);
    for (const i of repeated(nominators.map((each) => each.id)))
      issue(["nominators", i, "id"], `another nominator has this id, ${idKey(nominators[i]?.id)}`);
    for (const [i, { targets }] of nominators.entries()) {
      const twice = new Set(repeated(targets));
      for (const [j, target] of targets.entries()) {
        const path = ["nominators", i, "targets", j];
        if (twice.has(j)) issue(path, `${idKey(target)} is among the targets already`);
        if (!known.has(idKey(target))) issue(path, `there is no candidate ${idKey(target)}`);
      }
    }
  });

/** The places at which an id stands again. */
function repeated(ids: readonly ElectionId[]): number[] {
  const seen = new Set<string>();
  return [...ids.keys()].filter((i) => {
    const key = idKey(ids[i]);
    const isAgain = seen.has(key);
    seen.add(key);
    return isAgain;
  });
}

/**
 * @param source what the value was read from, for messages
 * @throws HoldfastError "bad-input", naming what is wrong and where
 */
export function checkElection(value: unknown, source: string): Election {
  const parsed = election.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${place(path)}: ${message}`);
  const more = problems.length - MAX_LISTED;
  const listed = problems.slice(0, MAX_LISTED).join("; ");
  throw new HoldfastError(
    "bad-input",
    `${source} is no election: ${listed}${more > 0 ? `; and ${more} more` : ""}`,
    { problems },
  );
}

function place(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "file";
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`))
    .join("");
}

export async function readElection(path: string): Promise<Election> {
  return checkElection(await readJson(path), path);
}
