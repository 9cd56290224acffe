// The generators times scalars are ffjavascript's and those of plain integers, for all scalars, windows and numbers of threads.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { bn254 } from "../../groth16/bn254.ts";
import { G1, G2, GENERATOR_G1, GENERATOR_G2, Q } from "../../groth16/curve.ts";
import {
  bestWindow,
  BLOCK,
  createFixedBaseKernel,
  POINT_BYTES,
  type GroupName,
} from "../../groth16/fixed-base-kernel.ts";
import { createFixedBase } from "../../groth16/fixed-base.ts";
import { fitModule, loadSetupModule } from "../../groth16/setup-module.ts";
import { integerOf } from "../../groth16/shared.ts";
import { mul, P, toBytesLE32 } from "../../protocol/field.ts";
import { inverse } from "../../wasm/parameters.ts";
import { prepareProver } from "../../wasm/prepare.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { errorOf } from "../helpers/errors.ts";
import { checkedProver } from "../helpers/prover-modules.ts";
import { unfit } from "../helpers/unfit-module.ts";

const isLong = process.env["HOLDFAST_LONG"] === "1";
const GROUPS = ["G1", "G2"] as const;
const WINDOWS = isLong ? [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] : [2, 5, 10, 11];

const anyScalar = (i: number): bigint => integerOf(patternBytes(32, i + 1)) % P;
const bytesOf = (scalars: readonly bigint[]): Uint8Array =>
  Uint8Array.from(scalars.flatMap((scalar) => [...toBytesLE32(scalar)]));

/** A scalar whose digits below the last are what the last digit's multiple is, modulo P: that addition doubles. */
function doubling(bits: number): bigint {
  const below = 2n ** BigInt(bits * (Math.ceil(255 / bits) - 1));
  return 2n * (P / below) * below - P;
}

/** As wasm/assembly/multi-exp.ts takes a scalar apart. */
function signedDigits(scalar: bigint, bits: number): bigint[] {
  const digits: bigint[] = [];
  let rest = scalar;
  for (let window = 0; window < Math.ceil(255 / bits); window++) {
    const low = rest % 2n ** BigInt(bits);
    digits.push(low > 2n ** BigInt(bits - 1) ? low - 2n ** BigInt(bits) : low);
    rest = (rest - (digits.at(-1) ?? 0n)) >> BigInt(bits);
  }
  return digits;
}

/** Scalars with digits that are 0, the largest, negative, or carried on. */
function edgesOf(bits: number): bigint[] {
  const half = 2n ** BigInt(bits - 1);
  const repeated = (digit: bigint): bigint => {
    let scalar = 0n;
    for (let shift = 0n; shift < 253n; shift += BigInt(bits)) scalar += digit << shift;
    return scalar % 2n ** 253n;
  };
  return [
    ...[0n, 1n, 2n, 3n, P - 1n, P - 2n, P - 3n, (P - 1n) / 2n, (P + 1n) / 2n],
    ...Array.from({ length: 254 }, (_, i) => 2n ** BigInt(i)),
    ...Array.from({ length: 253 }, (_, i) => 2n ** BigInt(i + 1) - 1n),
    ...[half - 1n, half, half + 1n, 2n * half - 1n, 1n].map(repeated),
    ...[7n, 7n, 7n],
    ...[doubling(bits)].filter((scalar) => scalar > 0n),
    ...Array.from({ length: 40 }, (_, i) => anyScalar(i)),
  ].filter((scalar) => scalar < P);
}

/** What the scalar times the generator is, as a key has it: 0 for infinity. */
async function expected(group: GroupName, scalar: bigint): Promise<Buffer> {
  const { [group]: curve, Fr } = await bn254();
  return Buffer.from(curve.toAffine(curve.timesFr(curve.g, Fr.e(scalar))));
}

async function agrees(group: GroupName, scalars: readonly bigint[], points: Uint8Array): Promise<void> {
  const size = POINT_BYTES[group];
  expect(points.length).to.equal(size * scalars.length);
  for (const [i, scalar] of scalars.entries()) {
    const point = Buffer.from(points.subarray(i * size, (i + 1) * size));
    if (!point.equals(await expected(group, scalar))) expect.fail(`${group} times ${scalar.toString()}`);
  }
}

const unfitModule = async (): Promise<WebAssembly.Module> =>
  WebAssembly.compile(new Uint8Array(unfit(await readFile(await prepareProver()))));

describe("groth16: multiples of the generators", function () {
  this.timeout(300_000);
  let checked: WebAssembly.Module;
  before(async () => {
    checked = await checkedProver();
  });

  for (const group of GROUPS) {
    for (const bits of WINDOWS) {
      it(`are ffjavascript's in ${group}, with windows of ${bits} bits`, async () => {
        const scalars = edgesOf(bits);
        const points = new Uint8Array(POINT_BYTES[group] * scalars.length);
        createFixedBaseKernel(checked, group, bits)(bytesOf(scalars), points);
        await agrees(group, scalars, points);
      });
    }

    it(`are right in ${group} for one scalar, and where a block ends`, async () => {
      const multiply = createFixedBaseKernel(checked, group, 4);
      for (const count of [1, 2, 3, BLOCK - 1, BLOCK, BLOCK + 1]) {
        const scalars = Array.from({ length: count }, (_, i) => BigInt(i % 50));
        const points = new Uint8Array(POINT_BYTES[group] * count);
        multiply(bytesOf(scalars), points);
        const size = POINT_BYTES[group];
        await agrees(group, scalars.slice(-3), points.subarray(Math.max(0, count - 3) * size));
        await agrees(group, scalars.slice(0, 1), points.subarray(0, size));
      }
    });
  }

  it("are those of plain integers", () => {
    const scalars = [1n, 2n, P - 1n, 2n ** 253n, ...Array.from({ length: 8 }, (_, i) => anyScalar(i))];
    const toInteger = (bytes: Uint8Array): bigint => (integerOf(bytes) * inverse(1n << 256n, Q)) % Q;
    const coordinates = (points: Uint8Array, size: number, i: number): bigint[] =>
      Array.from({ length: size / 32 }, (_, j) =>
        toInteger(points.slice(i * size + 32 * j, i * size + 32 * j + 32)),
      );
    for (const group of GROUPS) {
      const size = POINT_BYTES[group];
      const points = new Uint8Array(size * scalars.length);
      createFixedBaseKernel(checked, group, 6)(bytesOf(scalars), points);
      for (const [i, scalar] of scalars.entries()) {
        const wanted =
          group === "G1"
            ? G1.toAffine(G1.combine([[scalar, GENERATOR_G1]]))
            : G2.toAffine(G2.combine([[scalar, GENERATOR_G2]]));
        expect(coordinates(points, size, i)).to.deep.equal(wanted?.flat());
      }
    }
  });

  it("meet additions of equal points in some of these windows", () => {
    const met = WINDOWS.filter((bits) => {
      const digits = signedDigits(doubling(bits), bits);
      const last = (digits.at(-1) ?? 0n) * 2n ** BigInt(bits * (digits.length - 1));
      return last !== 0n && (doubling(bits) - 2n * last) % P === 0n;
    });
    expect(met).to.include.members([5, 10]);
  });

  it("take the window that has the fewest additions", () => {
    expect([1, 1000, 10_000, 1_000_000].map(bestWindow)).to.deep.equal([4, 8, 11, 11]);
  });

  it("are the same without a fused multiply-add, where the machine has none", async () => {
    const module = await fitModule(unfitModule);
    for (const group of GROUPS) {
      const scalars = edgesOf(8);
      const points = new Uint8Array(POINT_BYTES[group] * scalars.length);
      createFixedBaseKernel(module, group, 8)(bytesOf(scalars), points);
      await agrees(group, scalars, points);
    }
  });

  it("are refused on a machine that can do neither", async () => {
    const error = await errorOf(fitModule(unfitModule, unfitModule));
    expect(error).to.include({ name: "HoldfastError", code: "io" });
    expect(error.message).to.include("make the key on another one");
  });

  it("need the variant only where the module computes otherwise", async () => {
    const module = await loadSetupModule();
    expect(await fitModule(() => Promise.resolve(module))).to.equal(module);
  });

  for (const threads of [1, 3]) {
    it(`are the same from ${threads} threads, block by block`, async () => {
      const fixedBase = await createFixedBase({ threads, expected: 100 });
      const base = anyScalar(4);
      const scalars = Array.from({ length: 2 * BLOCK + 3 }, (_, i) =>
        i % 7 === 0 ? 0n : mul(base, BigInt(i)),
      );
      try {
        for (const group of GROUPS) {
          const seen: number[] = [];
          const points = await fixedBase.multiply(group, bytesOf(scalars), (done) => seen.push(done));
          const size = POINT_BYTES[group];
          for (const first of [0, BLOCK - 2, 2 * BLOCK - 2]) {
            const part = scalars.slice(first, first + 5);
            await agrees(group, part, points.slice(first * size, (first + part.length) * size));
          }
          expect(seen).to.have.length(3);
          expect(seen.at(-1)).to.equal(scalars.length);
        }
      } finally {
        await fixedBase.close();
      }
    });
  }

  it("are given up with the reason of the signal", async () => {
    const controller = new AbortController();
    const fixedBase = await createFixedBase({ threads: 1, expected: 1, signal: controller.signal });
    const reason = new Error("the user has left");
    try {
      const given = bytesOf(Array.from({ length: 4 * BLOCK }, (_, i) => anyScalar(i)));
      const multiplied = fixedBase.multiply("G2", given, () => controller.abort(reason));
      expect(await errorOf(multiplied)).to.equal(reason);
      expect(await errorOf(fixedBase.multiply("G1", bytesOf([1n])))).to.equal(reason);
    } finally {
      await fixedBase.close();
    }
  });
});
