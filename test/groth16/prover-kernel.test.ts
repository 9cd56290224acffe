// Sums of scalars times points, and the quotient, are ffjavascript's: also where points meet, cancel or repeat.
import { expect } from "chai";
import type { Curve } from "ffjavascript";
import { bn254 } from "../../groth16/bn254.ts";
import { allWindows, createKernel, type Kernel } from "../../groth16/prover-kernel.ts";
import type { ProverKey } from "../../groth16/prover-key.ts";
import type { Matrix } from "../../groth16/prover-matrices.ts";
import { sumOfG1, sumOfG2 } from "../../groth16/prover-sums.ts";
import { integerOf } from "../../groth16/shared.ts";
import { mod, mul, P, toBytesLE32 } from "../../protocol/field.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { checkedProver } from "../helpers/prover-modules.ts";

const isLong = process.env["HOLDFAST_LONG"] === "1";
const SIZES = isLong ? [6, 10, 13, 15, 17] : [4, 8];
const MOST = isLong ? 2 ** 17 + 1 : 2 ** 8 + 1;
const BYTES = { G1: 64, G2: 128 } as const;
/** A cube root of 1: of the endomorphism that other implementations use. */
const LAMBDA = 4407920970296243842393367215006156084916469457145843978461n;

const noPause = (): Promise<void> => Promise.resolve();
const anyScalar = (i: number): bigint => integerOf(patternBytes(32, i + 1)) % P;

describe("groth16: the prover's kernel", () => {
  let curve: Curve;
  let kernel: Kernel;
  const multiples: Record<"G1" | "G2", Uint8Array> = { G1: new Uint8Array(), G2: new Uint8Array() };

  before(async function () {
    this.timeout(300_000);
    curve = await bn254();
    kernel = createKernel(await checkedProver());
    for (const group of ["G1", "G2"] as const) {
      const { g, add, batchToAffine } = bind(curve, group);
      const jacobian = new Uint8Array(g.length * MOST);
      let point = g;
      for (let i = 0; i < MOST; i++, point = add(point, g)) jacobian.set(point, g.length * i);
      const points = await batchToAffine(jacobian);
      multiples[group] = new Uint8Array(points);
    }
  });

  const agrees = async (
    group: "G1" | "G2",
    points: Uint8Array,
    scalars: readonly bigint[],
  ): Promise<void> => {
    const bytes = Uint8Array.from(scalars.flatMap((scalar) => [...toBytesLE32(scalar)]));
    const indices = Uint32Array.from(scalars, (_, i) => i);
    const sums = await kernel.multiExp(
      { group, points, indices },
      bytes,
      allWindows(scalars.length),
      noPause,
    );
    const { toAffine, toObject, isZero } = bind(curve, group);
    const expected = await curve[group].multiExpAffine(points, bytes);
    const sum = group === "G1" ? sumOfG1([sums]) : sumOfG2([sums]);
    if (isZero(expected)) expect(sum).to.equal(undefined);
    else expect(sum).to.deep.equal((toObject(toAffine(expected)) as unknown[]).slice(0, 2));
  };
  const multiplesOf = (group: "G1" | "G2", of: readonly number[]): Uint8Array => {
    const size = BYTES[group];
    const points = new Uint8Array(size * of.length);
    for (const [i, multiple] of of.entries()) {
      const index = Math.abs(multiple) - 1;
      const point = multiples[group].slice(size * index, size * (index + 1));
      points.set(multiple < 0 ? curve[group].toAffine(curve[group].neg(point)) : point, size * i);
    }
    return points;
  };

  for (const group of ["G1", "G2"] as const) {
    const sizes = [1, 2, 3, ...SIZES.flatMap((log) => [2 ** log - 1, 2 ** log, 2 ** log + 1])];
    for (const size of sizes) {
      it(`sums ${size} points of ${group} with any scalars`, async function () {
        this.timeout(300_000);
        const points = multiples[group].slice(0, BYTES[group] * size);
        await agrees(
          group,
          points,
          Array.from({ length: size }, (_, i) => anyScalar(i)),
        );
      });
    }

    const few = [1, 2, 3, 16, 65];
    const scalarsOf: Readonly<Record<string, (i: number) => bigint>> = {
      "scalars of 0": () => 0n,
      "scalars of 1": () => 1n,
      "scalars of P - 1": () => P - 1n,
      "scalars of lambda": () => LAMBDA,
      "powers of two": (i) => 2n ** BigInt(i % 254),
      "scalars just below powers of two": (i) => 2n ** BigInt((i % 253) + 1) - 1n,
      "equal scalars": () => anyScalar(99),
      "small scalars": (i) => BigInt(i % 3),
    };
    for (const [name, scalarOf] of Object.entries(scalarsOf)) {
      it(`sums points of ${group} with ${name}`, async () => {
        for (const size of few) {
          const points = multiples[group].slice(0, BYTES[group] * size);
          await agrees(
            group,
            points,
            Array.from({ length: size }, (_, i) => scalarOf(i)),
          );
        }
      });
    }

    const multiplesFor: Readonly<Record<string, (i: number) => number>> = {
      "equal points": () => 7,
      "opposite points": (i) => (i % 2 === 0 ? 5 : -5),
      "pairs of equal points": (i) => 1 + (i >> 1),
      "three points and their opposites": (i) => [1, -2, 3, -1, 2, -3][i % 6] as number,
      "sums of points before": (i) => 1 + (i % 4),
    };
    for (const [name, multipleOf] of Object.entries(multiplesFor)) {
      it(`sums ${name} of ${group}`, async () => {
        for (const size of few) {
          const points = multiplesOf(
            group,
            Array.from({ length: size }, (_, i) => multipleOf(i)),
          );
          for (const scalarOf of [() => 1n, () => P - 1n, () => anyScalar(5), (i: number) => anyScalar(i)])
            await agrees(
              group,
              points,
              Array.from({ length: size }, (_, i) => scalarOf(i)),
            );
        }
      });
    }

    it(`sums points of ${group} in parts of the windows`, async () => {
      const points = multiples[group].slice(0, BYTES[group] * 65);
      const scalars = Uint8Array.from(
        Array.from({ length: 65 }, (_, i) => [...toBytesLE32(anyScalar(i))]).flat(),
      );
      const key = { group, points, indices: Uint32Array.from({ length: 65 }, (_, i) => i) };
      const { bits, last } = allWindows(65);
      const whole = await kernel.multiExp(key, scalars, { bits, first: 0, last }, noPause);
      const parts = [
        await kernel.multiExp(key, scalars, { bits, first: 0, last: 7 }, noPause),
        await kernel.multiExp(key, scalars, { bits, first: 7, last }, noPause),
      ];
      const sum = group === "G1" ? sumOfG1 : sumOfG2;
      expect(sum(parts)).to.deep.equal(sum([whole]));
    });
  }

  for (let domain = 1; domain <= (isLong ? 17 : 9); domain++) {
    it(`computes the quotient over a domain of 2^${domain}`, async function () {
      this.timeout(300_000);
      const size = 2 ** domain;
      const values = Array.from({ length: size }, (_, i) => anyScalar(i + 1000));
      const coefficients = [0n, 1n, P - 1n, anyScalar(3)];
      const matrices = {
        a: diagonal(size, (i) => 1 + (i % 3)),
        b: diagonal(size, (i) => 3 - (i % 3)),
        coefficients: bytesOf(coefficients.map((c) => mod(c * 2n ** 512n))),
      };
      const key = { domain, wires: size, matrices } as unknown as ProverKey;
      const quotient = await kernel.quotient(key, bytesOf(values), noPause);
      const a = values.map((value, i) => mul(value, coefficients[1 + (i % 3)] as bigint));
      const b = values.map((value, i) => mul(value, coefficients[3 - (i % 3)] as bigint));
      expect(Buffer.from(quotient)).to.deep.equal(Buffer.from(await expectedQuotient(curve, domain, a, b)));
    });
  }

  it("adds as many terms in a row as there are", async () => {
    // All alike, so that their digits add up as far as they can.
    const count = 40_001;
    for (const [coefficient, value] of [
      [(P - 1n) / 2n, P - 1n],
      [anyScalar(2), anyScalar(3)],
      [P - 1n, 2n ** 253n - 1n],
    ] as const) {
      const all: Matrix = {
        ends: Uint32Array.of(0, count, count + 1),
        terms: Uint32Array.from({ length: 2 * (count + 1) }, (_, i) => i % 2),
      };
      const matrices = { a: all, b: all, coefficients: bytesOf([0n, mod(coefficient * 2n ** 512n)]) };
      const key = { domain: 1, wires: 1, matrices } as unknown as ProverKey;
      const quotient = await kernel.quotient(key, bytesOf([value]), noPause);
      const rows = [mod(BigInt(count) * coefficient * value), mul(coefficient, value)];
      const expected = await expectedQuotient(curve, 1, rows, rows);
      expect(Buffer.from(quotient)).to.deep.equal(Buffer.from(expected));
    }
  });
});

function bind(curve: Curve, group: "G1" | "G2") {
  const of = curve[group];
  return {
    g: of.g,
    add: (a: Uint8Array, b: Uint8Array): Uint8Array => of.add(a, b),
    toAffine: (point: Uint8Array): Uint8Array => of.toAffine(point),
    batchToAffine: (points: Uint8Array): Promise<Uint8Array> => of.batchToAffine(points),
    toObject: (point: Uint8Array): unknown => of.toObject(point),
    isZero: (point: Uint8Array): boolean => of.isZero(point),
  };
}

function bytesOf(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  for (const [i, value] of values.entries()) bytes.set(toBytesLE32(value), 32 * i);
  return bytes;
}

function diagonal(size: number, coefficientOf: (i: number) => number): Matrix {
  return {
    ends: Uint32Array.from({ length: size + 1 }, (_, i) => i),
    terms: Uint32Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? i >> 1 : coefficientOf(i >> 1))),
  };
}

/** As snarkjs computes it: three interpolations, and a b - c at the odd points of the doubled domain. */
async function expectedQuotient(
  { Fr }: Curve,
  domain: number,
  a: readonly bigint[],
  b: readonly bigint[],
): Promise<Uint8Array> {
  const shifted = async (values: readonly bigint[]): Promise<bigint[]> => {
    const elements = new Uint8Array(values.flatMap((value) => [...Fr.e(value)]));
    const coefficients = await Fr.ifft(elements);
    const out = await Fr.fft(await Fr.batchApplyKey(coefficients, Fr.e(1), Fr.w[domain + 1] as Uint8Array));
    return values.map((_, i) => Fr.toObject(out.slice(32 * i, 32 * i + 32)));
  };
  const c = a.map((value, i) => mul(value, b[i] as bigint));
  const [x, y, z] = [await shifted(a), await shifted(b), await shifted(c)];
  return bytesOf(x.map((value, i) => mod(value * (y[i] as bigint) - (z[i] as bigint))));
}
