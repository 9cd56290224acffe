// RangeCheck, CanonicalBits, Scale and SamplePositions in circom: the vectors, and every way to have a choice of sample.
import { expect } from "chai";
import { P } from "../../protocol/field.ts";
import { permute4 } from "../../protocol/poseidon2.ts";
import { samplePositions, TAG_SAMPLE } from "../../protocol/sampling.ts";
import { testCircuit, type Patch, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { present } from "../helpers/present.ts";
import { vectors } from "../helpers/vectors.ts";

const BITIFY = "circomlib/circuits/bitify.circom";

describe("circuits: RangeCheck", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("range_check.circom", "RangeCheck(40)")));

  it("costs one constraint for each bit", () => expect(circuit.constraints.length).to.equal(40));

  it("accepts 0 and 2^40 - 1 and refuses 2^40 and -1", async () => {
    for (const value of [0n, 2n ** 40n - 1n])
      expect(circuit.broken(await circuit.witness({ in: value }))).to.deep.equal([]);
    for (const value of [2n ** 40n, P - 1n]) {
      expect(await errorOf(circuit.witness({ in: value }))).to.have.property("code", "proof");
      expect(circuit.broken(await circuit.forge({ in: value }))).not.to.deep.equal([]);
    }
  });

  it("refuses bits that are not boolean", async () => {
    // 6 = 6 * 1 instead of 110: the sum is right.
    const digit: Patch = [BITIFY, "out[i] <-- (in >> i) & 1", "out[i] <-- i == 0 ? in : 0"];
    expect(circuit.broken(await circuit.forge({ in: 6n }, digit))).not.to.deep.equal([]);
    expect(circuit.broken(await circuit.forge({ in: 1n }, digit))).to.deep.equal([]);
  });
});

const BITS = "canonical_bits.circom";
/** The bits of in + p, added with carry: p = (p - 1) + 1, and p - 1 is what -1 stands for. */
const ALIAS: Patch[] = [
  [
    BITS,
    "var value = 0;",
    `var value = 0; var alias[254]; var carry = 1;
     for (var i = 0; i < 254; i++) {
       var sum = ((in >> i) & 1) + ((-1 >> i) & 1) + carry;
       alias[i] = sum & 1;
       carry = sum >> 1;
     }`,
  ],
  [BITS, "bit[i] <-- (in >> i) & 1;", "bit[i] <-- alias[i];"],
];
/** The comparison with p - 1 put at "smaller" instead of computed. */
const SILENCED: Patch = [BITS, "equal[i] <== equal[i + 1] * bit[i];", "equal[i] <-- 0;"];

describe("circuits: CanonicalBits", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit(BITS, "CanonicalBits()")));
  const bitsOf = (value: bigint): bigint[] =>
    Array.from({ length: 254 }, (_, i) => (value >> BigInt(i)) & 1n);

  it("costs 353 constraints", () => expect(circuit.constraints.length).to.equal(353));

  it("leaves no wire free", async () => {
    // Below 3 * 2^252. Above, a bit that must be 0 is the double root of -bit^2 = 0: derivatives tell nothing of it.
    for (const value of [5n, 3n * 2n ** 252n - 1n])
      expect(await circuit.free({ in: value })).to.deep.equal([]);
  });

  it("spells 0, p - 1 and what lies around its runs of zeros", async () => {
    const ends = [0n, 1n, P - 1n, P - 2n, P - 2n ** 28n, P - 1n - 2n ** 28n, 2n ** 253n - 1n, 2n ** 253n];
    for (const value of ends) {
      const witness = await circuit.witness({ in: value });
      expect(circuit.broken(witness), String(value)).to.deep.equal([]);
      expect(circuit.read(witness, "bit"), String(value)).to.deep.equal(bitsOf(value));
    }
  });

  it("refuses the bits of value + p", async () => {
    for (const value of [0n, 1n, 12345n, 2n ** 254n - P - 1n]) {
      for (const patches of [ALIAS, [...ALIAS, SILENCED]]) {
        expect(
          circuit.broken(await circuit.forge({ in: value }, ...patches)),
          String(value),
        ).to.not.deep.equal([]);
      }
    }
  });

  it("refuses a bit that is not boolean", async () => {
    // Two at one place instead of one at the next: the sum is right. Place 0 is a 0 of p - 1, place 28 a 1.
    for (const place of [0, 28]) {
      const two: Patch = [
        BITS,
        "bit[i] <-- (in >> i) & 1;",
        `bit[i] <-- i == ${place} ? 2 : (i == ${place + 1} ? 0 : (in >> i) & 1);`,
      ];
      const value = 2n ** BigInt(place + 1);
      expect(circuit.broken(await circuit.forge({ in: value }))).to.deep.equal([]);
      expect(circuit.broken(await circuit.forge({ in: value }, two))).to.not.deep.equal([]);
    }
  });
});

describe("circuits: Scale", () => {
  const window = 2n ** 59n + 12345n;
  const length = 1_000_003n;
  const product = "(window * length)";
  const claim = (offset: string, remainder: string): Patch[] => [
    ["scale.circom", `offset <-- ${product} >> 60`, `offset <-- ${offset}`],
    ["scale.circom", `remainder <-- ${product} & (2 ** 60 - 1)`, `remainder <-- ${remainder}`],
  ];
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("scale.circom", "Scale()")));

  it("costs 101 constraints", () => expect(circuit.constraints.length).to.equal(101));

  it("leaves no wire free", async () => expect(await circuit.free({ window, length })).to.deep.equal([]));

  it("rounds down, and stays below the length for the largest window", async () => {
    const offset = async (w: bigint, l: bigint): Promise<bigint[]> =>
      circuit.read(await circuit.witness({ window: w, length: l }), "offset");
    expect(await offset(window, length)).to.deep.equal([(window * length) >> 60n]);
    expect(await offset(2n ** 60n - 1n, 2n ** 40n - 1n)).to.deep.equal([2n ** 40n - 2n]);
    expect(await offset(2n ** 60n - 1n, 1n)).to.deep.equal([0n]);
    expect(await offset(0n, length)).to.deep.equal([0n]);
  });

  for (const { claimed, offset, remainder } of [
    {
      claimed: "the next offset with a negative remainder",
      offset: `(${product} >> 60) + 1`,
      remainder: `${product} - offset * 2 ** 60`,
    },
    {
      claimed: "the offset before with a remainder above 2^60",
      offset: `(${product} >> 60) - 1`,
      remainder: `${product} - offset * 2 ** 60`,
    },
    {
      claimed: "a small remainder with an offset that wraps",
      offset: `(${product} - 7) / (2 ** 60)`,
      remainder: "7",
    },
  ]) {
    it(`refuses ${claimed}`, async () => {
      expect(circuit.broken(await circuit.forge({ window, length }))).to.deep.equal([]);
      const forged = await circuit.forge({ window, length }, ...claim(offset, remainder));
      expect(circuit.broken(forged)).to.have.lengthOf(1); // the range check, as the equation itself holds
    });
  }
});

describe("circuits: SamplePositions", () => {
  let four: TestCircuit;
  before(async () => void (four = await testCircuit("sample_positions.circom", "SamplePositions(4)")));

  it("costs 264 for each block, 353 for each element and 101 for each sample", async () => {
    expect(four.constraints.length).to.equal(264 + 353 + 4 * 101);
    const twenty = await testCircuit("sample_positions.circom", "SamplePositions(20)");
    expect(twenty.constraints.length).to.equal(2 * 264 + 5 * 353 + 20 * 101);
  });

  it("agrees with the vectors", async () => {
    for (const { seed, start, length, samples, positions } of vectors("sampling").cases) {
      const circuit = await testCircuit("sample_positions.circom", `SamplePositions(${samples})`);
      const witness = await circuit.witness({ seed, start, length });
      expect(circuit.read(witness, "position")).to.deep.equal(positions.map(BigInt));
      expect(circuit.broken(witness)).to.deep.equal([]);
    }
  });

  it("agrees with the reference for many seeds", async () => {
    for (let i = 0n; i < 50n; i++) {
      const range = {
        seed: present(permute4([i, 0n, 0n, 0n])[0]) >> 6n,
        start: Number(i) * 1000,
        length: Number(i * i * i) + 1,
      };
      const expected = samplePositions({ ...range, samples: 4 }).map(BigInt);
      expect(four.read(await four.witness(range), "position"), String(i)).to.deep.equal(expected);
    }
  });

  it("leaves no wire free", async () => {
    expect(await four.free({ seed: 3n, start: 5n, length: 1000n })).to.deep.equal([]);
  });

  it("refuses the second form of an element below 2^254 - p", async () => {
    const element = (seed: bigint): bigint => permute4([seed, 0n, 0n, TAG_SAMPLE])[0] ?? 0n;
    let seed = 1n;
    while (element(seed) >= 2n ** 254n - P) seed++;
    const input = { seed, start: 0n, length: 2n ** 40n - 1n };
    for (const patches of [ALIAS, [...ALIAS, SILENCED]]) {
      const forged = await four.forge(input, ...patches);
      const honest = await four.witness(input);
      expect(four.read(forged, "position")).not.to.deep.equal(four.read(honest, "position"));
      expect(four.broken(forged)).not.to.deep.equal([]);
    }
  });
});
