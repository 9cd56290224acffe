// Erasure codes: what any k shards give back, beside another implementation that follows docs/formats.md.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { createErasureCoder, type ErasureCode, type ErasureCoder } from "../../erasure/code.ts";
import type { HoldfastError } from "../../protocol/errors.ts";
import { prepareErasure } from "../../wasm/prepare.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

/** The product of polynomials over GF(2), modulo 0x11d, bit by bit. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) sum ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if ((sum >> bit) & 1) sum ^= 0x11d << (bit - 8);
  return sum;
}

/** The values at 0, 1, ... of a polynomial, byte by byte, by Horner's rule; its coefficients from the highest. */
function valuesOf(polynomial: readonly Uint8Array[], total: number): Uint8Array[] {
  return range(total).map((x) =>
    (polynomial[0] as Uint8Array).map((_, at) =>
      polynomial.reduce((sum, coefficient) => product(sum, x) ^ (coefficient[at] as number), 0),
    ),
  );
}

/** All ways to choose `count` of the numbers below `total`. */
function choices(total: number, count: number, from = 0): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: total - from }, (_, i) => from + i).flatMap((first) =>
    choices(total, count - 1, first + 1).map((others) => [first, ...others]),
  );
}

const refusal = (call: () => unknown): Promise<HoldfastError> =>
  // eslint-disable-next-line @typescript-eslint/require-await
  holdfastErrorOf((async () => call())());

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe("erasure: codes", function () {
  this.timeout(60_000);
  let coder: ErasureCoder;
  before(async () => {
    coder = createErasureCoder(await readFile(await prepareErasure()));
  });
  const make = ({ needed, total }: ErasureCode, bytes: number): Uint8Array[] => {
    const data = range(needed).map(() => new Uint8Array(randomBytes(bytes)));
    return [...data, ...coder.encode({ needed, total }, data)];
  };
  const only = (shards: readonly Uint8Array[], numbers: readonly number[]): Map<number, Uint8Array> =>
    new Map(numbers.map((number) => [number, shards[number] as Uint8Array]));

  for (const [needed, total] of [
    [1, 1],
    [1, 3],
    [2, 3],
    [3, 3],
    [4, 6],
    [4, 8],
    [5, 9],
  ] as const)
    it(`of ${needed} of ${total} give everything back from any ${needed}`, () => {
      const shards = make({ needed, total }, 333);
      for (const chosen of choices(total, needed))
        expect(coder.recover({ needed, total }, only(shards, chosen), range(total))).to.deep.equal(shards);
    });

  for (const [needed, total] of [
    [2, 3],
    [4, 6],
    [10, 16],
    [17, 40],
    [128, 256],
    [255, 256],
  ] as const)
    it(`of ${needed} of ${total} are values of a polynomial`, () => {
      const shards = valuesOf(
        range(needed).map(() => randomBytes(5)),
        total,
      );
      const data = shards.slice(0, needed);
      expect(coder.encode({ needed, total }, data)).to.deep.equal(shards.slice(needed));
    });

  for (const bytes of [0, 1, 15, 63, 64, 65, 4095, 4096, 4097, 100_001])
    it(`code shards of ${bytes} bytes`, () => {
      const shards = make({ needed: 3, total: 5 }, bytes);
      const [first, last] = coder.recover({ needed: 3, total: 5 }, only(shards, [1, 3, 4]), [0, 2]);
      expect([first, last]).to.deep.equal([shards[0], shards[2]]);
    });

  it("multiply each byte by each element", () => {
    // The line through 0 at 0 and the byte at 1.
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const parity = coder.encode({ needed: 2, total: 256 }, [new Uint8Array(256), bytes]);
    parity.forEach((shard, i) => {
      expect(shard).to.deep.equal(bytes.map((byte) => product(byte, i + 2)));
    });
  });

  it("do not change what they are given", () => {
    const shards = make({ needed: 2, total: 4 }, 100);
    const before = shards.map((shard) => shard.slice());
    coder.recover({ needed: 2, total: 4 }, only(shards, [2, 3]), [0, 1]);
    expect(shards).to.deep.equal(before);
  });

  it("take the shards with the smallest numbers, if there are more than they need", () => {
    const shards = make({ needed: 2, total: 4 }, 100);
    const others = only(shards, [1, 2, 3]);
    others.set(3, new Uint8Array(100));
    expect(coder.recover({ needed: 2, total: 4 }, others, [0])[0]).to.deep.equal(shards[0]);
  });

  it("say how many shards are missing", async () => {
    const shards = make({ needed: 3, total: 5 }, 10);
    const { code, message } = await refusal(() =>
      coder.recover({ needed: 3, total: 5 }, only(shards, [0, 4]), [1]),
    );
    expect([code, message]).to.deep.equal(["not-found", "3 of 5 shards are needed, and there are 2"]);
  });

  it("refuse shards of different lengths, too few of them, and numbers that are none", async () => {
    const shards = [new Uint8Array(5), new Uint8Array(6)];
    const given = (of: readonly Uint8Array[]): Promise<HoldfastError> =>
      refusal(() => coder.encode({ needed: 2, total: 3 }, of));
    expect((await given(shards)).code).to.equal("bad-input");
    expect((await given(shards.slice(1))).code).to.equal("bad-input");
    const all = make({ needed: 1, total: 2 }, 5);
    for (const number of [-1, 2, 0.5]) {
      const { code } = await refusal(() => coder.recover({ needed: 1, total: 2 }, only(all, [0]), [number]));
      expect(code).to.equal("bad-input");
    }
  });

  for (const [needed, total] of [
    [0, 1],
    [2, 1],
    [1, 257],
    [1.5, 3],
    [Number.NaN, 3],
  ] as const)
    it(`of ${needed} of ${total} are refused`, async () => {
      const { code } = await refusal(() => coder.encode({ needed, total }, []));
      expect(code).to.equal("bad-input");
    });
});
