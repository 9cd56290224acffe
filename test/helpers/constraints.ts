/**
 * What a system of constraints says of an assignment: whether it holds, and which wires it leaves free.
 */
import { inv, mod, mul, P } from "../../protocol/field.ts";

export interface Term {
  readonly wire: number;
  readonly coefficient: bigint;
}
/** A * B = C. */
export type Constraint = readonly [a: Term[], b: Term[], c: Term[]];

export function holds(constraint: Constraint, witness: readonly bigint[]): boolean {
  const [a, b, c] = constraint.map((terms) => evaluate(terms, witness)) as [bigint, bigint, bigint];
  return (a * b - c) % P === 0n;
}

function evaluate(terms: readonly Term[], witness: readonly bigint[]): bigint {
  return terms.reduce((sum, { wire, coefficient }) => sum + coefficient * (witness[wire] as bigint), 0n) % P;
}

/** For each constraint the changes of A, B and C for one more of each of its wires. */
function slopes([a, b, c]: Constraint): Map<number, [a: bigint, b: bigint, c: bigint]> {
  const changes = new Map<number, [a: bigint, b: bigint, c: bigint]>();
  for (const [matrix, terms] of [a, b, c].entries()) {
    for (const { wire, coefficient } of terms) {
      const change = changes.get(wire) ?? [0n, 0n, 0n];
      change[matrix as 0 | 1 | 2] += coefficient;
      changes.set(wire, change);
    }
  }
  return changes;
}

/**
 * Wires that can be raised by one, alone, without breaking a constraint; and those that the inputs do not determine, as
 * far as the derivatives at this witness tell: there are none only if the matrix of derivatives has full rank.
 */
export function freeWires(
  constraints: readonly Constraint[],
  witness: readonly bigint[],
  inputs: readonly number[],
): number[] {
  // Wire 0 is the constant 1.
  const tight = new Set([0]);
  const known = new Set([0, ...inputs]);
  const rows: Row[] = constraints.map((constraint) => {
    const [a, b] = [evaluate(constraint[0], witness), evaluate(constraint[1], witness)];
    const row: Row = new Map();
    for (const [wire, [dA, dB, dC]] of slopes(constraint)) {
      const derivative = mod(dA * b + dB * a - dC);
      if (mod(derivative + dA * dB) !== 0n) tight.add(wire);
      if (derivative !== 0n && !known.has(wire)) row.set(wire, derivative);
    }
    return row;
  });
  const bound = determined(rows);
  const isFree = (wire: number): boolean => !tight.has(wire) || !(known.has(wire) || bound.has(wire));
  return witness.flatMap((_, wire) => (isFree(wire) ? [wire] : []));
}

/** A linear equation in the wires that are not known: their coefficients, none of them zero. */
type Row = Map<number, bigint>;

/** The unknowns that the equations determine, by sparse Gaussian elimination. Uses up the rows. */
function determined(rows: readonly Row[]): Set<number> {
  const bound = new Set<number>();
  const columns = new Map<number, Set<Row>>();
  for (const row of rows) for (const wire of row.keys()) columnOf(columns, wire).add(row);
  const single = rows.filter(({ size }) => size === 1);
  const active = new Set(rows);
  for (;;) {
    for (let row = single.pop(); row; row = single.pop()) {
      for (const wire of row.keys()) {
        bound.add(wire);
        for (const other of columnOf(columns, wire)) {
          other.delete(wire);
          if (other.size === 1) single.push(other);
        }
      }
    }
    const pivotRow = shortest(active);
    if (!pivotRow) return bound;
    // It waits: once all its other wires are bound, it binds the pivot.
    active.delete(pivotRow);
    const pivot = rarest(pivotRow, columns);
    for (const row of columnOf(columns, pivot)) {
      if (!active.has(row)) continue;
      subtract(row, pivotRow, pivot, columns);
      if (row.size === 1) single.push(row);
    }
  }
}

function shortest(active: Set<Row>): Row | undefined {
  let best: Row | undefined;
  for (const row of active) {
    if (row.size === 0) active.delete(row);
    else if (!best || row.size < best.size) best = row;
  }
  return best;
}

function rarest(row: Row, columns: Map<number, Set<Row>>): number {
  const wires = [...row.keys()];
  return wires.reduce((best, wire) =>
    columnOf(columns, wire).size < columnOf(columns, best).size ? wire : best,
  );
}

/** Takes the multiple of `from` that removes the pivot. */
function subtract(row: Row, from: Row, pivot: number, columns: Map<number, Set<Row>>): void {
  const factor = mul(row.get(pivot) as bigint, inv(from.get(pivot) as bigint));
  for (const [wire, coefficient] of from) {
    const value = mod((row.get(wire) ?? 0n) - factor * coefficient);
    if (value === 0n) {
      row.delete(wire);
      columnOf(columns, wire).delete(row);
    } else {
      row.set(wire, value);
      columnOf(columns, wire).add(row);
    }
  }
}

function columnOf(columns: Map<number, Set<Row>>, wire: number): Set<Row> {
  let column = columns.get(wire);
  if (!column) columns.set(wire, (column = new Set()));
  return column;
}
