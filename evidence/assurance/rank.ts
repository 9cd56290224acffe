/**
 * Exact, sparse linear algebra on Jacobians in the field. Most rows and wires can be set aside one at a time, without
 * arithmetic. Only the rest needs Gaussian elimination.
 */
import { inv, mod, mul, sub } from "../../protocol/field.ts";
import type { MatrixRow } from "./system.ts";

/** For each wire, the rows that contain it. */
function columnsOf(rows: Iterable<readonly [index: number, row: MatrixRow]>): Map<number, Set<number>> {
  const columns = new Map<number, Set<number>>();
  for (const [i, row] of rows) {
    for (const wire of row.keys()) {
      const column = columns.get(wire);
      if (column) column.add(i);
      else columns.set(wire, new Set([i]));
    }
  }
  return columns;
}

/**
 * Indices of the rows that depend linearly on others. A row with a wire that no other row has is independent, and is set
 * aside; this is repeated. The result is empty if and only if the rows are independent.
 */
export function dependentRows(rows: readonly MatrixRow[]): number[] {
  const core = new Map(rows.entries());
  const columns = columnsOf(core);
  const single = [...columns.values()].filter(({ size }) => size === 1);
  for (let column = single.pop(); column; column = single.pop()) {
    for (const i of column) {
      for (const wire of core.get(i)?.keys() ?? []) {
        const others = columns.get(wire);
        if (others?.delete(i) && others.size === 1) single.push(others);
      }
      core.delete(i);
    }
  }
  const dependent = new Set<number>();
  for (const sum of eliminate(core, true).sums) for (const i of sum.keys()) dependent.add(i);
  return [...dependent].sort((a, b) => a - b);
}

/** The wires among `unknown` that the rows do not determine when all other wires are given. */
export function undetermined(rows: readonly MatrixRow[], unknown: ReadonlySet<number>): Set<number> {
  const open = rows.map((row): MatrixRow => new Map([...row].filter(([wire]) => unknown.has(wire))));
  const columns = columnsOf(open.entries());
  const left = new Set(unknown);
  const ready = open.filter(({ size }) => size === 1);
  for (let row = ready.pop(); row; row = ready.pop()) {
    for (const wire of row.keys()) {
      left.delete(wire);
      for (const i of columns.get(wire) ?? []) {
        const others = open[i] as MatrixRow;
        others.delete(wire);
        if (others.size === 1) ready.push(others);
      }
    }
  }
  for (const wire of eliminate(new Map(open.entries()), false).pivots) left.delete(wire);
  return left;
}

interface Eliminated {
  readonly pivots: readonly number[];
  /** A basis of the combinations of rows that are zero. Empty unless `wantsSums`. */
  readonly sums: readonly MatrixRow[];
}

/** Gaussian elimination. The row with the fewest wires comes first, so that the others stay sparse. */
function eliminate(given: ReadonlyMap<number, MatrixRow>, wantsSums: boolean): Eliminated {
  const rows = new Map([...given].map(([i, row]): [number, MatrixRow] => [i, new Map(row)]));
  const columns = columnsOf(rows);
  const combinations = new Map(
    wantsSums ? [...rows.keys()].map((i): [number, MatrixRow] => [i, new Map([[i, 1n]])]) : [],
  );
  const pivots: number[] = [];
  const sums: MatrixRow[] = [];
  const zero = (i: number): void => {
    const sum = combinations.get(i);
    if (sum) sums.push(sum);
    rows.delete(i);
  };
  for (const [i, row] of rows) if (row.size === 0) zero(i);

  for (let i = sparsest(rows); i !== undefined; i = sparsest(rows)) {
    const row = rows.get(i) as MatrixRow;
    const wire = rarest(row, columns);
    pivots.push(wire);
    rows.delete(i);
    for (const w of row.keys()) columns.get(w)?.delete(i);
    const inverse = inv(row.get(wire) as bigint);
    for (const other of columns.get(wire) ?? []) {
      const target = rows.get(other) as MatrixRow;
      const factor = mul(target.get(wire) as bigint, inverse);
      subtract(target, row, factor, (w, present) =>
        present ? columns.get(w)?.add(other) : columns.get(w)?.delete(other),
      );
      if (wantsSums) subtract(combinations.get(other) as MatrixRow, combinations.get(i) as MatrixRow, factor);
      if (target.size === 0) zero(other);
    }
  }
  return { pivots, sums };
}

function sparsest(rows: ReadonlyMap<number, MatrixRow>): number | undefined {
  let best: number | undefined;
  let size = Infinity;
  for (const [i, row] of rows) {
    if (row.size < size) [best, size] = [i, row.size];
    if (size === 1) break;
  }
  return best;
}

function rarest(row: MatrixRow, columns: ReadonlyMap<number, ReadonlySet<number>>): number {
  const count = (wire: number): number => columns.get(wire)?.size ?? 0;
  return [...row.keys()].reduce((best, wire) => (count(wire) < count(best) ? wire : best));
}

/** Subtracts a multiple of a row from another one, in place. `changed` is called for wires that appear or vanish. */
export function subtract(
  target: MatrixRow,
  row: MatrixRow,
  factor: bigint,
  changed?: (wire: number, present: boolean) => void,
): void {
  for (const [wire, value] of row) {
    const before = target.get(wire);
    const after = sub(before ?? 0n, mod(factor * value));
    if (after === 0n) target.delete(wire);
    else target.set(wire, after);
    if ((before === undefined) !== (after === 0n)) changed?.(wire, after !== 0n);
  }
}
