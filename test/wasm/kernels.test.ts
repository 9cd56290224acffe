// Each kernel of the field gives what plain integers give: on random digits, and on the largest that it may be given.
import { expect } from "chai";
import { Q } from "../../groth16/curve.ts";
import { integerOf } from "../../groth16/shared.ts";
import { P, toBytesLE32 } from "../../protocol/field.ts";
import { fieldParameters, inverse, R, writeElements } from "../../wasm/parameters.ts";
import { checkedKernels } from "../helpers/prover-modules.ts";

const ROUNDS = process.env["HOLDFAST_LONG"] === "1" ? 500_000 : 1500;

interface Kernels {
  readonly memory: WebAssembly.Memory;
  parametersAt(): number;
  elementsAt(): number;
  prepare(): void;
  testMultiply(x: number, y: number, out: number): void;
  testIntegers(x: number, y: number, out: number): void;
  testLess(x: number, y: number, s: number, out: number): void;
  testSquare(x: number, out: number): void;
  testSquareLess(x: number, s: number, out: number): void;
  testSquareTwo(x: number, y: number, out: number): void;
  testTwo(...x: number[]): void;
  testTwoLess(...x: number[]): void;
  testSettle(x: number, out: number): void;
  testCarry(x: number, out: number): void;
  testInvert(x: number, out: number): void;
  testHalve(a: number, out: number): void;
  testComplexSum(n: number, x: number, y: number, s: number, out: number): void;
  testXi(x: number, out: number): void;
  testInvertComplex(x: number, out: number): void;
  testWrite(x: number, lane: number, out: number): void;
  testIsZero(x: number, lane: number): number;
  testWriteTwice(x: number, out: number): void;
  testCombine(a: number, b: number, c: number, given: number, out: number): void;
}

/** Up to the largest that is below both moduli. */
const powersOfTwo = (): bigint[] => Array.from({ length: 254 }, (_, i) => 2n ** BigInt(i));

/** Five signed digits, the lowest first. */
type Digits = readonly bigint[];
/** What a kernel's operand may be: docs/prover.md. */
interface Class {
  /** Of digits 0 to 3. */
  readonly most: bigint;
  /** Of the value, in tenths of the modulus. */
  readonly tenths: bigint;
}

const DIGIT: Class = { most: 2n ** 50n + 64n, tenths: 18n };
const SUM: Class = { most: 2n ** 51n + 128n, tenths: 10n };
const SETTLED: Class = { most: 2n ** 50n + 4n, tenths: 5n };
const LOOSE: Class = { most: 2n ** 52n, tenths: 39n };

const VECTOR = 16;
const ELEMENT = 5 * VECTOR;

for (const [field, modulus] of [
  ["Fq", Q],
  ["Fr", P],
] as const) {
  describe(`wasm: kernels in ${field}`, () => {
    let kernels: Kernels;
    const inverseOfR = inverse(R, modulus);
    let seed = 1n;
    const random = (below: bigint): bigint => {
      seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 512n;
      return (seed >> 100n) % below;
    };

    before(async function () {
      this.timeout(120_000);
      kernels = new WebAssembly.Instance(await checkedKernels()).exports as unknown as Kernels;
      writeElements(kernels.memory, kernels.parametersAt(), fieldParameters(modulus));
      kernels.prepare();
    });

    const at = (i: number): number => kernels.elementsAt() + i * ELEMENT;
    /** Digits of which each is as large as it can be, or 0, or anything: the value stays within its class. */
    const digits = ({ most, tenths }: Class): Digits => {
      const low = Array.from({ length: 4 }, () => {
        const kind = random(6n);
        if (kind === 0n) return most;
        if (kind === 1n) return -most;
        if (kind === 2n) return most - random(40n);
        if (kind === 3n) return random(3n) - 1n;
        return random(2n * most + 1n) - most;
      });
      const below = low.reduceRight((value, d) => (value << 51n) + d, 0n);
      const bound = (modulus * tenths) / 10n;
      const top = (bound - (below < 0n ? -below : below)) >> 204n;
      const kind = random(4n);
      return [...low, kind === 0n ? top : kind === 1n ? -top : random(2n * top + 1n) - top];
    };
    const valueOf = (x: Digits): bigint => x.reduceRight((value, d) => (value << 51n) + d, 0n);
    const put = (i: number, lanes: readonly Digits[]): void => {
      const doubles = new Float64Array(kernels.memory.buffer, at(i), 10);
      for (const [lane, x] of lanes.entries())
        for (const [j, d] of x.entries()) doubles[2 * j + lane] = Number(d);
    };
    const take = (i: number): Digits[] => {
      const doubles = new Float64Array(kernels.memory.buffer, at(i), 10);
      return [0, 1].map((lane) => [0, 1, 2, 3, 4].map((j) => BigInt(doubles[2 * j + lane] as number)));
    };
    const residue = (x: bigint): bigint => ((x % modulus) + modulus) % modulus;
    const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

    /** Runs a kernel on operands of these classes, and compares. */
    const holds = (
      classes: readonly Class[],
      run: (out: number) => void,
      expected: (...values: bigint[]) => bigint,
      { most, tenths }: Class,
      rounds = ROUNDS,
    ): void => {
      for (let round = 0; round < rounds; round++) {
        const operands = classes.map((each) => [digits(each), digits(each)]);
        for (const [i, lanes] of operands.entries()) put(i, lanes);
        run(at(9));
        for (const [lane, result] of take(9).entries()) {
          const wanted = residue(expected(...operands.map((lanes) => valueOf(lanes[lane] as Digits))));
          if (residue(valueOf(result)) !== wanted)
            expect.fail(`${String(operands.map((lanes) => lanes[lane]))} gives ${String(result)}`);
          for (const d of result.slice(0, 4))
            if (magnitude(d) > most) expect.fail(`a digit of ${d.toString()}`);
          if (10n * magnitude(valueOf(result)) > tenths * modulus + modulus / 1000n)
            expect.fail(`a value of ${String(result)}`);
        }
      }
    };
    const product = (x: bigint, y: bigint): bigint => x * y * inverseOfR;
    const PRODUCT: Class = { most: 2n ** 50n + 24n, tenths: 24n };

    it("have the bound of a product that docs/prover.md says", () => {
      const folds = fieldParameters(modulus).slice(1, 5);
      const sum = folds.reduce((total, fold) => total + magnitude(fold), 0n);
      expect(Number((10_000n * (sum + modulus)) / (2n * modulus)) / 10_000).to.be.at.most(1.008);
      expect(Number((1000n * 2n ** 255n) / modulus) / 1000).to.equal(2.645);
    });

    it("multiply digits by digits, and digits by sums", () => {
      const run = (out: number): void => kernels.testMultiply(at(0), at(1), out);
      holds([DIGIT, DIGIT], run, product, PRODUCT);
      holds([DIGIT, SUM], run, product, PRODUCT);
      holds([SUM, DIGIT], run, product, PRODUCT);
      holds([{ ...SUM, tenths: 33n }, SETTLED], run, product, PRODUCT);
    });

    it("multiply to integers", () => {
      for (let round = 0; round < ROUNDS; round++) {
        const [x, y] = [
          [digits(DIGIT), digits(DIGIT)],
          [digits(SUM), digits(SUM)],
        ] as const;
        put(0, x);
        put(1, y);
        kernels.testIntegers(at(0), at(1), at(9));
        const integers = new BigInt64Array(kernels.memory.buffer, at(9), 10);
        for (const lane of [0, 1] as const) {
          const result = [0, 1, 2, 3, 4].map((j) => integers[2 * j + lane] as bigint);
          expect(residue(valueOf(result))).to.equal(residue(product(valueOf(x[lane]), valueOf(y[lane]))));
        }
      }
    });

    it("square digits", () => {
      holds(
        [DIGIT],
        (out) => kernels.testSquare(at(0), out),
        (x) => product(x, x),
        PRODUCT,
      );
    });

    it("multiply and square less what is subtracted, settled", () => {
      const less = (x: bigint, y: bigint, s: bigint): bigint => product(x, y) - s;
      holds([DIGIT, SUM, SUM], (out) => kernels.testLess(at(0), at(1), at(2), out), less, SETTLED);
      holds(
        [DIGIT, SUM],
        (out) => kernels.testSquareLess(at(0), at(1), out),
        (x, s) => product(x, x) - s,
        SETTLED,
      );
    });

    it("add two products", () => {
      const two = (x: bigint, y: bigint, z: bigint, w: bigint): bigint => product(x, y) + product(z, w);
      const operands = [SETTLED, SUM, SETTLED, SUM];
      const kernel = [0, 1, 2, 3] as const;
      holds(operands, (out) => kernels.testTwo(...kernel.map(at), out), two, {
        most: 2n ** 50n + 48n,
        tenths: 14n,
      });
      holds(
        [...operands, SUM],
        (out) => kernels.testTwoLess(...kernel.map(at), at(4), out),
        (x, y, z, w, s) => two(x, y, z, w) - s,
        SETTLED,
      );
    });

    it("add two squares", () => {
      holds(
        [SETTLED, SETTLED],
        (out) => kernels.testSquareTwo(at(0), at(1), out),
        (x, y) => product(x, x) + product(y, y),
        { most: 2n ** 50n + 48n, tenths: 12n },
      );
    });

    it("settle and carry", () => {
      holds(
        [LOOSE],
        (out) => kernels.testSettle(at(0), out),
        (x) => x,
        SETTLED,
      );
      holds(
        [LOOSE],
        (out) => kernels.testCarry(at(0), out),
        (x) => x,
        { most: SETTLED.most, tenths: 39n },
      );
    });

    it("invert lane 0 to both, and give 0 for 0", () => {
      const edges = [0n, 1n, 2n, 3n, modulus - 1n, modulus - 2n, (modulus - 1n) / 2n, ...powersOfTwo()];
      for (let round = 0; round < edges.length + ROUNDS / 3; round++) {
        const x = edges[round] ?? random(modulus);
        const low = [0n, 51n, 102n, 153n].map((shift) => (x >> shift) & (2n ** 51n - 1n));
        put(0, [[...low, x >> 204n], digits(DIGIT)]);
        kernels.testInvert(at(0), at(9));
        const expected = residue(inverse(residue(x * inverseOfR), modulus) * R);
        for (const result of take(9)) {
          expect(residue(valueOf(result))).to.equal(expected);
          expect(2n * magnitude(valueOf(result)) <= modulus).to.equal(true);
        }
      }
    });

    /** Real and imaginary part from -(p - 1) / 2 to (p - 1) / 2. */
    type Complex = readonly [real: bigint, imaginary: bigint];
    const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
    const complexAt = (i: number): Complex => take(i).map(valueOf) as [bigint, bigint];
    const expectSettled = (i: number, expected: Complex): void => {
      for (const [lane, result] of take(i).entries()) {
        expect(residue(valueOf(result))).to.equal(residue(expected[lane] as bigint));
        expect(1000n * magnitude(valueOf(result)) <= 501n * modulus).to.equal(true);
        for (const d of result.slice(0, 4)) expect(magnitude(d) <= SETTLED.most).to.equal(true);
      }
    };

    it("add up to six products of complex elements, less one", () => {
      for (let round = 0; round < ROUNDS / 3; round++) {
        const doubled = round % 2 === 0 ? 0 : 3; // a factor that is a sum counts twice
        const count = doubled || 1 + (round % 6);
        for (let i = 0; i < count; i++) {
          const left = doubled ? SUM : SETTLED;
          put(i, [digits(left), digits(left)]);
          put(6 + i, [digits(SETTLED), digits(SETTLED)]);
        }
        put(12, [digits(SUM), digits(SUM)]);
        kernels.testComplexSum(count, at(0), at(6), at(12), at(13));
        const [s0, s1] = complexAt(12);
        let sum: Complex = [0n, 0n];
        for (let i = 0; i < count; i++) {
          const [real, imaginary] = times(complexAt(i), complexAt(6 + i));
          sum = [sum[0] + real, sum[1] + imaginary];
        }
        expectSettled(13, [sum[0] * inverseOfR - s0, sum[1] * inverseOfR - s1]);
      }
    });

    it("multiply complex elements by 9 + u, and invert them", () => {
      for (let round = 0; round < ROUNDS / 3; round++) {
        put(0, [digits(SETTLED), digits(SETTLED)]);
        kernels.testXi(at(0), at(1));
        expectSettled(1, times(complexAt(0), [9n, 1n]));
        kernels.testInvertComplex(at(0), at(1));
        const [real, imaginary] = times(complexAt(0), complexAt(1));
        // x R times R / x is R^2; a field where -1 is a square has norms of 0.
        const norm = complexAt(0).reduce((total, part) => total + part * part, 0n);
        const wanted = residue(norm) === 0n ? 0n : residue(R * R);
        expect([residue(real), residue(imaginary)]).to.deep.equal([wanted, 0n]);
      }
    });

    it("halve what they read", () => {
      const bytes = (): Uint8Array => new Uint8Array(kernels.memory.buffer);
      const edges = [
        0n,
        1n,
        2n,
        3n,
        modulus - 1n,
        modulus - 2n,
        (modulus - 1n) / 2n,
        2n ** 253n - 1n,
        2n ** 253n,
      ];
      for (let round = 0; round < ROUNDS / 3; round++) {
        const pair = [
          edges[round % edges.length] as bigint,
          round % 3 === 0 ? (edges[round % 7] as bigint) : random(modulus),
        ];
        for (const [i, x] of pair.entries()) bytes().set(toBytesLE32(x), at(0) + 32 * i);
        kernels.testHalve(at(0), at(9));
        for (const [lane, result] of take(9).entries()) {
          expect(residue(2n * valueOf(result))).to.equal(pair[lane]);
          expect(2n * magnitude(valueOf(result)) <= modulus).to.equal(true);
          for (const d of result) expect(magnitude(d) <= SETTLED.most).to.equal(true);
        }
      }
    });

    it("write elements, and know what is 0", () => {
      for (const multiple of [-1n, 0n, 1n, 2n]) {
        for (const rest of [0n, 1n, 5n, modulus - 1n]) {
          const x = multiple * modulus + rest;
          const low = [0n, 51n, 102n, 153n].map((shift) => (x >> shift) & (2n ** 51n - 1n));
          put(0, [
            [...low, x >> 204n],
            [1n, 0n, 0n, 0n, 0n],
          ]);
          kernels.testWrite(at(0), 0, at(9));
          const written = new Uint8Array(kernels.memory.buffer, at(9), 32);
          expect(Buffer.from(written)).to.deep.equal(Buffer.from(toBytesLE32(rest)));
          expect(kernels.testIsZero(at(0), 0)).to.equal(rest === 0n ? 1 : 0);
        }
      }
    });

    const written = (at: number): bigint => integerOf(new Uint8Array(kernels.memory.buffer, at, 32).slice());

    it("write elements twice as large as they are", () => {
      for (let round = 0; round < ROUNDS; round++) {
        const lanes = [digits(SETTLED), digits(SETTLED)];
        put(0, lanes);
        kernels.testWriteTwice(at(0), at(9));
        for (const [lane, x] of lanes.entries())
          expect(written(at(9) + 32 * lane)).to.equal(residue(2n * valueOf(x)));
      }
    });

    it("add three products, and write the sum", () => {
      const given = (): BigInt64Array => new BigInt64Array(kernels.memory.buffer, at(5), 15);
      for (let round = 0; round < ROUNDS; round++) {
        const values = [0, 1, 2].map(() => [digits(SETTLED), digits(SETTLED)]);
        const factors = [0, 1, 2].map(() => digits(SETTLED));
        for (const [i, lanes] of values.entries()) put(i, lanes);
        given().set(factors.flat());
        kernels.testCombine(at(0), at(1), at(2), at(5), at(9));
        const sum = values.reduce(
          (total, [first], i) => total + product(valueOf(first as Digits), valueOf(factors[i] as Digits)),
          0n,
        );
        expect(written(at(9))).to.equal(residue(sum));
      }
    });

    it("refuse what they cannot multiply rightly, where they check", () => {
      const largest = Array<bigint>(4).fill(SUM.most);
      put(0, [
        [...largest, 0n],
        [...largest, 0n],
      ]);
      expect(() => kernels.testMultiply(at(0), at(0), at(9))).to.throw("unreachable");
      expect(() => kernels.testComplexSum(1, at(0), at(0), at(1), at(9))).to.throw("unreachable");
      put(0, [
        [0n, 0n, 0n, 0n, 2n ** 51n],
        [0n, 0n, 0n, 0n, 0n],
      ]);
      put(1, [
        [0n, 0n, 0n, 0n, 2n ** 51n],
        [0n, 0n, 0n, 0n, 0n],
      ]);
      expect(() => kernels.testMultiply(at(0), at(1), at(9))).to.throw("unreachable");
      expect(() => kernels.testSettle(at(0), at(9))).not.to.throw();
      put(0, [
        [0n, 0n, 0n, 0n, 2n ** 52n],
        [0n, 0n, 0n, 0n, 0n],
      ]);
      expect(() => kernels.testSettle(at(0), at(9))).to.throw("unreachable");
    });
  });
}
