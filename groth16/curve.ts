/**
 * BN254's groups in plain integers, for the few sums at the end of a proof: Jacobian coordinates, y^2 = x^3 + b.
 */

/** The base field, which coordinates are of. */
export const Q: bigint = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** Arithmetic of coordinates: integers below Q in G1, pairs of such in G2. */
export interface CoordinateField<T> {
  readonly one: T;
  readonly zero: T;
  readonly isZero: (x: T) => boolean;
  readonly add: (x: T, y: T) => T;
  readonly sub: (x: T, y: T) => T;
  readonly mul: (x: T, y: T) => T;
  readonly inverse: (x: T) => T;
}

/** x / z^2, y / z^3; infinite if z is 0. */
export type Jacobian<T> = readonly [x: T, y: T, z: T];
/** Undefined if it is infinite. */
export type Affine<T> = readonly [x: T, y: T] | undefined;

const mod = (x: bigint): bigint => {
  const residue = x % Q;
  return residue < 0n ? residue + Q : residue;
};

export const FQ: CoordinateField<bigint> = {
  one: 1n,
  zero: 0n,
  isZero: (x) => x === 0n,
  add: (x, y) => (x + y >= Q ? x + y - Q : x + y),
  sub: (x, y) => (x >= y ? x - y : x - y + Q),
  mul: (x, y) => (x * y) % Q,
  inverse(x) {
    let [a, b, u, v] = [x, Q, 1n, 0n];
    while (a !== 0n) {
      const quotient = b / a;
      [a, b, u, v] = [b - quotient * a, a, v - quotient * u, u];
    }
    return mod(v);
  },
};

/** x0 + x1 u with u^2 = -1. */
export type Fq2 = readonly [x0: bigint, x1: bigint];

export const FQ2: CoordinateField<Fq2> = {
  one: [1n, 0n],
  zero: [0n, 0n],
  isZero: ([x0, x1]) => x0 === 0n && x1 === 0n,
  add: ([x0, x1], [y0, y1]) => [FQ.add(x0, y0), FQ.add(x1, y1)],
  sub: ([x0, x1], [y0, y1]) => [FQ.sub(x0, y0), FQ.sub(x1, y1)],
  mul: ([x0, x1], [y0, y1]) => [mod(x0 * y0 - x1 * y1), (x0 * y1 + x1 * y0) % Q],
  inverse([x0, x1]) {
    const inverse = FQ.inverse((x0 * x0 + x1 * x1) % Q);
    return [(x0 * inverse) % Q, mod(-x1 * inverse)];
  },
};

export interface Group<T> {
  readonly infinity: Jacobian<T>;
  double(point: Jacobian<T>): Jacobian<T>;
  add(point: Jacobian<T>, affine: Affine<T>): Jacobian<T>;
  toAffine(point: Jacobian<T>): Affine<T>;
  /** The sum of scalar times point: all bits of one place at a time. */
  combine(terms: readonly (readonly [scalar: bigint, point: Affine<T>])[]): Jacobian<T>;
}

/** Formulas dbl-2009-l and madd-2007-bl of the Explicit-Formulas Database. */
export function createGroup<T>(field: CoordinateField<T>): Group<T> {
  const { add, sub, mul, isZero } = field;
  const twice = (x: T): T => add(x, x);
  const group: Group<T> = {
    infinity: [field.one, field.one, field.zero],
    double([x, y, z]) {
      const [a, b] = [mul(x, x), mul(y, y)];
      const c = mul(b, b);
      const xb = add(x, b);
      const d = twice(sub(sub(mul(xb, xb), a), c));
      const e = add(twice(a), a);
      const x3 = sub(mul(e, e), twice(d));
      const y3 = sub(mul(e, sub(d, x3)), twice(twice(twice(c))));
      return [x3, y3, twice(mul(y, z))];
    },
    add(point, affine) {
      if (!affine) return point;
      const [x1, y1, z1] = point;
      const [x2, y2] = affine;
      if (isZero(z1)) return [x2, y2, field.one];
      const zz = mul(z1, z1);
      const h = sub(mul(x2, zz), x1);
      const r = sub(mul(y2, mul(z1, zz)), y1);
      if (isZero(h)) return isZero(r) ? group.double(point) : group.infinity;
      const hh = mul(h, h);
      const [hhh, v] = [mul(h, hh), mul(x1, hh)];
      const x3 = sub(sub(mul(r, r), hhh), twice(v));
      return [x3, sub(mul(r, sub(v, x3)), mul(y1, hhh)), mul(z1, h)];
    },
    toAffine([x, y, z]) {
      if (isZero(z)) return undefined;
      const inverse = field.inverse(z);
      const square = mul(inverse, inverse);
      return [mul(x, square), mul(y, mul(square, inverse))];
    },
    combine(terms) {
      const bits = Math.max(...terms.map(([scalar]) => scalar.toString(2).length));
      let sum = group.infinity;
      for (let bit = BigInt(bits - 1); bit >= 0n; bit--) {
        sum = group.double(sum);
        for (const [scalar, point] of terms) if ((scalar >> bit) & 1n) sum = group.add(sum, point);
      }
      return sum;
    },
  };
  return group;
}

export const G1: Group<bigint> = createGroup(FQ);
export const G2: Group<Fq2> = createGroup(FQ2);

/** What every ceremony and every key takes multiples of. */
export const GENERATOR_G1: readonly [x: bigint, y: bigint] = [1n, 2n];
export const GENERATOR_G2: readonly [x: Fq2, y: Fq2] = [
  [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
];
