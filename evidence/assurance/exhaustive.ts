/**
 * All solutions of a small system of constraints modulo a small prime, by search.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import { P } from "../../protocol/field.ts";
import type { Constraint, System, Term } from "./system.ts";

type SmallTerm = readonly [wire: number, coefficient: number];
type SmallConstraint = readonly [a: SmallTerm[], b: SmallTerm[], c: SmallTerm[]];

/** Coefficients of circuits without division are small integers or their negatives. Others mean nothing modulo q. */
const MAX_COEFFICIENT = 2n ** 32n;

interface Step {
  readonly wire: number;
  /** The constraints that can be checked once this wire has a value. */
  readonly checks: readonly SmallConstraint[];
  /** One of these constraints that determines the wire's value, because the wire is on one side only. */
  readonly giving: SmallConstraint | undefined;
}

/** All assignments with these values at the given wires, but at most `limit`. */
export type Search = (given: readonly number[], limit?: number) => Int32Array[];

/**
 * @param given wires whose values a search gets, in this order
 * @throws HoldfastError "bad-input" if a coefficient is not a small integer: compile the circuit without simplification
 */
export function searchModulo(q: number, { constraints, wires }: System, given: readonly number[]): Search {
  const elements = Array.from({ length: q }, (_, i) => i);
  const inverses = elements.map((x) => elements.find((y) => (x * y) % q === 1));
  const small = constraints.map((constraint) => reduce(constraint, q));
  const steps = plan(small, wires, given);
  const allGiven = small.filter((constraint) =>
    constraint.flat().every(([wire]) => wire === 0 || given.includes(wire)),
  );
  return (values, limit = 2) => {
    const assignment = new Int32Array(wires);
    assignment[0] = 1;
    for (const [i, wire] of given.entries()) assignment[wire] = values[i] as number;
    const solutions: Int32Array[] = [];
    if (allGiven.every((constraint) => residue(constraint, assignment, q) === 0)) descend(0);
    return solutions;

    function descend(at: number): void {
      const step = steps[at];
      if (!step) return void solutions.push(assignment.slice());
      for (const value of candidates(step)) {
        if (solutions.length === limit) return;
        assignment[step.wire] = value;
        if (step.checks.every((constraint) => residue(constraint, assignment, q) === 0)) descend(at + 1);
      }
    }

    function candidates({ wire, giving }: Step): readonly number[] {
      if (!giving) return elements;
      assignment[wire] = 0;
      const atZero = residue(giving, assignment, q);
      assignment[wire] = 1;
      const slope = (residue(giving, assignment, q) - atZero + q) % q;
      if (slope === 0) return atZero === 0 ? elements : [];
      return [((q - atZero) * (inverses[slope] as number)) % q];
    }
  };
}

function reduce(constraint: Constraint, q: number): SmallConstraint {
  const terms = (list: readonly Term[]): SmallTerm[] =>
    list.map(({ wire, coefficient }) => {
      const signed = coefficient > P / 2n ? coefficient - P : coefficient;
      if (signed > MAX_COEFFICIENT || signed < -MAX_COEFFICIENT) {
        throw new HoldfastError("bad-input", `the coefficient ${signed} has no meaning modulo ${q}`);
      }
      return [wire, Number(((signed % BigInt(q)) + BigInt(q)) % BigInt(q))];
    });
  return [terms(constraint[0]), terms(constraint[1]), terms(constraint[2])];
}

/**
 * An order in which few wires must be guessed: first the wires that a constraint determines; then, of the constraint with the
 * fewest open wires, the wire that most other constraints need.
 */
function plan(constraints: readonly SmallConstraint[], wires: number, given: readonly number[]): Step[] {
  const known = new Set([0, ...given]);
  const open = new Map(constraints.map((c) => [c, new Set(wiresIn(c).filter((wire) => !known.has(wire)))]));
  for (const [constraint, left] of open) if (left.size === 0) open.delete(constraint);
  const steps: Step[] = [];
  const take = (wire: number): void => {
    const checks: SmallConstraint[] = [];
    for (const [constraint, left] of open) {
      if (left.delete(wire) && left.size === 0) {
        checks.push(constraint);
        open.delete(constraint);
      }
    }
    known.add(wire);
    steps.push({ wire, checks, giving: checks.find((constraint) => isLinear(constraint, wire)) });
  };
  const waiting = (wire: number): number => [...open.values()].filter((left) => left.has(wire)).length;
  while (open.size > 0) {
    const choices = [...open].flatMap(([constraint, left]) =>
      [...left].map((wire) => ({
        wire,
        size: left.size,
        guess: left.size > 1 || !isLinear(constraint, wire),
      })),
    );
    const best = choices.reduce((a, b) => {
      if (a.guess !== b.guess) return a.guess ? b : a;
      if (a.size !== b.size) return a.size < b.size ? a : b;
      return waiting(b.wire) > waiting(a.wire) ? b : a;
    });
    take(best.wire);
  }
  for (let wire = 0; wire < wires; wire++) if (!known.has(wire)) take(wire);
  return steps;
}

const wiresIn = (constraint: SmallConstraint): number[] => constraint.flat().map(([wire]) => wire);

function isLinear([a, b]: SmallConstraint, wire: number): boolean {
  return ![a, b].every((terms) => terms.some(([other]) => other === wire));
}

/** A * B - C, from 0 to q - 1. */
function residue([a, b, c]: SmallConstraint, assignment: Int32Array, q: number): number {
  const value = (sum(a, assignment) % q) * (sum(b, assignment) % q) - sum(c, assignment);
  return ((value % q) + q) % q;
}

function sum(terms: readonly SmallTerm[], assignment: Int32Array): number {
  let total = 0;
  for (const [wire, coefficient] of terms) total += coefficient * (assignment[wire] as number);
  return total;
}
