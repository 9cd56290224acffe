// The statement: its seed as the contracts compute it, the draw of the due vNodes, and the circuit's inputs.
import { expect } from "chai";
import { AbiCoder, encodeBytes32String, keccak256 } from "ethers";
import fc from "fast-check";
import { present } from "../../evidence/world/present.ts";
import { directoryRootOf } from "../../protocol/directory.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { maxBytes, maxLeaves, maxSegments, profileNamed, PROFILES } from "../../protocol/profiles.ts";
import { drawSamples, leafAt } from "../../protocol/sampling.ts";
import { rootOf } from "../../protocol/segment.ts";
import {
  auditSeed,
  circuitInput,
  circuitPath,
  isDue,
  publicInputs,
  samplesOf,
  type SeedInput,
} from "../../protocol/statement.ts";
import { honestStatement } from "../helpers/statement.ts";

const duty: SeedInput = {
  chainId: 31337n,
  audits: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  vNode: 7n,
  node: 3n,
  epoch: 12n,
  randomness: `0x${"c5".repeat(32)}`,
};

describe("protocol: seed", () => {
  const uint = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });

  it("is the upper 248 bits of keccak256(abi.encode(...))", () => {
    const types = ["uint256", "address", "uint256", "uint256", "uint256", "bytes32"];
    const words = fc.tuple(uint(256), uint(160), uint(256), uint(256), uint(256), uint(256));
    fc.assert(
      fc.property(words, ([chainId, account, vNode, node, epoch, word]) => {
        const audits = `0x${account.toString(16).padStart(40, "0")}`;
        const randomness = toHex32(word);
        const encoded = AbiCoder.defaultAbiCoder().encode(types, [
          chainId,
          audits,
          vNode,
          node,
          epoch,
          randomness,
        ]);
        expect(auditSeed({ chainId, audits, vNode, node, epoch, randomness })).to.equal(
          BigInt(keccak256(encoded)) >> 8n,
        );
      }),
    );
  });

  it("changes with each part that it binds", () => {
    const changes: Partial<SeedInput>[] = [
      { chainId: 1n },
      { audits: "0x5FbDB2315678afecb367f032d93F642f64180aa4" },
      { vNode: 3n },
      { node: 7n },
      { epoch: 13n },
      { randomness: `0x${"c5".repeat(31)}c4` },
    ];
    const seeds = [{}, ...changes].map((change) => auditSeed({ ...duty, ...change }));
    expect(new Set(seeds).size).to.equal(changes.length + 1);
    for (const seed of seeds) expect(seed < 2n ** 248n).to.be.true;
  });

  it("reads an address in any case", () => {
    expect(auditSeed({ ...duty, audits: duty.audits.toLowerCase() })).to.equal(auditSeed(duty));
  });

  it("refuses what is no address, no 32 bytes or no uint256", () => {
    for (const audits of [
      "",
      "0x",
      duty.audits.slice(0, -1),
      `${duty.audits}0`,
      duty.audits.slice(2),
      `0${duty.audits}`,
    ]) {
      expect(() => auditSeed({ ...duty, audits })).to.throw(TypeError, '"audits"');
    }
    const wrong = ["0x", duty.randomness.slice(0, -2), `${duty.randomness}00`, `0${duty.randomness}`];
    for (const randomness of wrong as Hex[]) {
      expect(() => auditSeed({ ...duty, randomness })).to.throw(TypeError, '"randomness"');
    }
    for (const vNode of [-1n, 2n ** 256n]) {
      expect(() => auditSeed({ ...duty, vNode })).to.throw(RangeError, "256 bits");
    }
  });
});

describe("protocol: draw of who is due", () => {
  const seeds = Array.from({ length: 7000 }, (_, i) => auditSeed({ ...duty, epoch: BigInt(i) }));

  it("is always due with odds of 1", () => {
    expect(seeds.slice(0, 100).every((seed) => isDue(seed, 1))).to.be.true;
  });

  it("is the contract's formula", () => {
    for (const seed of seeds.slice(0, 200)) {
      const encoded = AbiCoder.defaultAbiCoder().encode(
        ["uint256", "bytes32"],
        [seed, encodeBytes32String("due")],
      );
      expect(isDue(seed, 3)).to.equal(BigInt(keccak256(encoded)) % 3n === 0n);
    }
  });

  it("is due once in as many epochs as the odds say", () => {
    for (const odds of [2, 7, 24]) {
      const due = seeds.filter((seed) => isDue(seed, odds)).length;
      const [mean, variance] = [seeds.length / odds, (seeds.length / odds) * (1 - 1 / odds)];
      expect(Math.abs(due - mean) / Math.sqrt(variance), `odds ${odds}`).to.be.below(4);
    }
  });

  it("says nothing about the samples", () => {
    const first = (due: boolean): number => {
      const range = { start: 0, length: 2 ** 20, samples: 1 };
      const positions = seeds
        .slice(0, 2000)
        .filter((seed) => isDue(seed, 2) === due)
        .map((seed) => present(drawSamples({ ...range, seed })[0]).position);
      return positions.reduce((sum, x) => sum + x / 2 ** 20, 0) / positions.length;
    };
    // Means of about 1,000 uniform draws: a standard deviation of 0.0091 each.
    expect(Math.abs(first(true) - first(false))).to.be.below(4 * 0.013);
  });

  it("refuses odds below 1", () => {
    for (const odds of [0, -1, 1.5, NaN]) expect(() => isDue(1n, odds)).to.throw(RangeError, '"odds"');
  });
});

describe("protocol: circuit inputs", () => {
  const profile = PROFILES.tiny;
  const sizes = [700, 1, 3000];

  it("are in the circuit's order", () => {
    expect(publicInputs({ directoryRoot: 4n, seed: 3n, start: 2, length: 1 })).to.deep.equal([
      4n,
      3n,
      2n,
      1n,
    ]);
  });

  it("name, for each sample, the entry that has its position and the leaf that it chooses", () => {
    const seed = auditSeed(duty);
    const weights = [1, 4000, 900];
    const { input, directory, samples, openings } = honestStatement({ profile, seed, sizes, weights });
    const draws = drawSamples({ seed, start: 0, length: directory.total, samples: profile.samples });
    expect(samples.map(({ position, v }) => ({ position, v }))).to.deep.equal(draws);
    samples.forEach(({ entry, entryIndex, leafIndex, position, v }, j) => {
      expect(position).to.be.within(entry.start, entry.start + entry.weight - 1);
      expect(leafIndex).to.equal(leafAt(v, entry.leaves));
      expect(directoryRootOf(entry, entryIndex, directory.path(entryIndex))).to.equal(directory.root);
      const opening = present(openings[j]);
      expect(rootOf(opening)).to.equal(entry.root);
      expect(opening.leafIndex).to.equal(leafIndex);
    });
    expect(input).to.deep.include({
      directoryRoot: directory.root,
      seed,
      start: 0n,
      length: BigInt(directory.total),
      entryRoot: samples.map(({ entry }) => entry.root),
      entryStart: samples.map(({ entry }) => BigInt(entry.start)),
      entryWeight: samples.map(({ entry }) => BigInt(entry.weight)),
      entryLeaves: samples.map(({ entry }) => BigInt(entry.leaves)),
      entryIndex: samples.map(({ entryIndex }) => BigInt(entryIndex)),
      entrySiblings: samples.map(({ entryIndex }) => circuitPath(directory.path(entryIndex), entryIndex)),
      leaf: openings.map((opening) => present(opening).elements),
      leafSiblings: openings.map((opening, j) =>
        circuitPath(present(opening).siblings, present(samples[j]).leafIndex),
      ),
    });
  });

  it("have the siblings in the order in which the circuit swaps them in", () => {
    const without = (arity: number, digit: number): bigint[] =>
      Array.from({ length: arity }, (_, i) => BigInt(i)).toSpliced(digit, 1);
    expect(circuitPath([without(4, 0)], 0)).to.deep.equal([[1n, 2n, 3n]]);
    expect(circuitPath([without(4, 3)], 3)).to.deep.equal([[2n, 0n, 1n]]);
    const [first, second] = circuitPath([without(16, 6), without(16, 9)], 9 * 16 + 6);
    expect(first).to.deep.equal([7, 4, 5, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15].map(BigInt));
    expect(second).to.deep.equal([8, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7].map(BigInt));
  });

  it("stay inside the range of one segment", () => {
    const range = { start: 3, length: 7 };
    const { samples } = honestStatement({ profile, seed: 5n, sizes, range });
    for (const { entryIndex } of samples) expect(entryIndex).to.equal(2);
  });

  it("have zeros for the leaf of a tombstone", () => {
    const { input } = honestStatement({ profile, seed: 5n, sizes, tombstones: [0, 1, 2] });
    expect(input.entryRoot).to.deep.equal([0n, 0n]);
    const zeros = (length: number): bigint[] => new Array<bigint>(length).fill(0n);
    expect(input.leaf).to.deep.equal([zeros(16), zeros(16)]);
    expect(input.leafSiblings).to.deep.equal(new Array(2).fill([zeros(15), zeros(15)]));
  });

  it("are refused while a live sample is not opened", () => {
    const { directory } = honestStatement({ profile, seed: 5n, sizes });
    const range = { seed: 5n, start: 0, length: directory.total };
    const samples = samplesOf(directory, range, profile);
    expect(() => circuitInput(directory, range, samples, [undefined, undefined], profile)).to.throw(
      RangeError,
      "sample 0 is not opened",
    );
  });

  it("are refused with the opening of another leaf", () => {
    const { directory, input, openings } = honestStatement({ profile, seed: 5n, sizes });
    const range = { seed: 5n, start: 0, length: directory.total };
    const samples = samplesOf(directory, range, profile);
    expect(circuitInput(directory, range, samples, openings, profile)).to.deep.equal(input);
    const { leafIndex } = present(samples[1]);
    const other = openings.with(1, { ...present(openings[1]), leafIndex: leafIndex + 1 });
    expect(() => circuitInput(directory, range, samples, other, profile)).to.throw(
      RangeError,
      `sample 1 is leaf ${leafIndex}, opened is leaf ${leafIndex + 1}`,
    );
  });

  it("are refused for a range outside the directory", () => {
    const { directory } = honestStatement({ profile, seed: 5n, sizes });
    expect(() => samplesOf(directory, { seed: 5n, start: directory.total, length: 1 }, profile)).to.throw(
      RangeError,
      '"position"',
    );
  });
});

describe("protocol: profiles", () => {
  it("hold what the protocol's table says", () => {
    const sizes = Object.values(PROFILES).map((p) => [
      p.name,
      p.samples,
      p.dataDepth,
      p.directoryDepth,
      maxLeaves(p),
      maxBytes(p),
      maxSegments(p),
    ]);
    expect(sizes).to.deep.equal([
      ["tiny", 2, 2, 2, 256, 126_975, 16],
      ["demo", 4, 4, 4, 65_536, 32_505_855, 256],
      ["standard", 20, 6, 7, 16_777_216, 8_321_499_135, 16_384],
    ]);
  });

  it("are found by name only", () => {
    expect(profileNamed("demo")).to.equal(PROFILES.demo);
    for (const name of ["", "Demo", "toString", "__proto__"]) {
      expect(() => profileNamed(name))
        .to.throw("use tiny, demo, standard")
        .with.property("code", "bad-input");
    }
  });
});
