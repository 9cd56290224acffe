// The small part of the evidence for soundness, and checks that each kind notices an unsound circuit.
import { expect } from "chai";
import { uncertain } from "../../evidence/assurance/certain.ts";
import { changeable, changes } from "../../evidence/assurance/changes.ts";
import { loadCircuit, wiresOf } from "../../evidence/assurance/circuit.ts";
import { deletion } from "../../evidence/assurance/deletion.ts";
import { mutants, mutantsOf } from "../../evidence/assurance/mutants.ts";
import { createRandom } from "../../evidence/assurance/random.ts";
import { drawRegular } from "../../evidence/assurance/regular.ts";
import { SMALL } from "../../evidence/assurance/scale.ts";
import { SMALL_CASES, smallFields } from "../../evidence/assurance/small-fields.ts";
import { templateOf } from "../../evidence/assurance/templates.ts";
import { uniqueness } from "../../evidence/assurance/uniqueness.ts";
import { present } from "../../evidence/world/present.ts";
import { permute4 } from "../../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../../protocol/sampling.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { expectAllHold, rowsOf } from "../helpers/rows.ts";

/** A seed whose first random element is at least `limit`. */
function seedAbove(limit: bigint): bigint {
  for (let seed = 1n; ; seed++) if (present(permute4([seed, 0n, 0n, TAG_SAMPLE])[0]) >= limit) return seed;
}

describe("assurance: soundness", function () {
  this.timeout(120_000);

  describe("wires", () => {
    it("do not change alone, but for those listed, which can", async () => {
      await expectAllHold(changes(SMALL));
    });

    it("are seen to change where nothing binds them", async () => {
      const { patch } = present((await mutantsOf("compress.circom")).at(-1));
      const loose = await loadCircuit(templateOf("Compress(4)"), "plain", [patch]);
      const witness = await loose.witness({ in: [1n, 2n, 3n, 4n] });
      expect(changeable(loose, witness, createRandom("loose"))).to.deep.equal(["out"]);
    });

    it("are not excused where they cannot vary", async () => {
      const main = "Scale(50, 40)";
      const listed = { main, wire: "window", input: { window: 5n, size: 1n }, why: "untrue" };
      const rows = await rowsOf(changes(SMALL, [templateOf(main)], [listed]));
      expect(rows.map(({ holds }) => holds)).to.deep.equal([true, false]);
    });

    it("are looked at where derivatives tell all there is", () => {
      const seeds = [seedAbove(3n * 2n ** 252n), 1n].values();
      const draws = { ...templateOf("SampleDraws(2)"), draw: () => ({ seed: present(seeds.next().value) }) };
      expect(drawRegular(draws, createRandom("regular"), referenceEngine)).to.deep.equal({ seed: 1n });
    });

    it("are determined by the inputs", async () => {
      await expectAllHold(uniqueness(SMALL));
    });

    it("are not said to follow from any inputs where a constraint is missing", async () => {
      // One of them is a product of two unknown factors, which its own equation does not determine.
      const lines = await mutantsOf("poseidon2.circom");
      expect(lines).to.have.lengthOf(4);
      for (const { line, patch } of lines) {
        const loose = await loadCircuit(templateOf("Poseidon2(4)"), "plain", [patch]);
        expect(uncertain(loose, wiresOf(loose, "in")), line).to.include("out[0]");
      }
    });

    it("have one value in small fields", async () => {
      await expectAllHold(smallFields());
    });

    it("have two in a field that is too small", async () => {
      const narrow = SMALL_CASES.filter(({ q }) => q === 37).map((one) => ({ ...one, q: 19 }));
      const rows = await rowsOf(smallFields(narrow));
      expect(rows.map(({ detail }) => detail)).to.deep.equal([
        "two solutions for 0",
        "two solutions for 0,0",
      ]);
    });

    it("have two without the comparison with p - 1", async () => {
      const canonical = present(SMALL_CASES.at(-1));
      const unchecked = ["canonical_bits.circom", "(1 - equal[i + 1] - bit[i])", "(1 - bit[i])"] as const;
      const patches = [...(canonical.patches ?? []), unchecked];
      const [row] = await rowsOf(smallFields([{ ...canonical, patches }]));
      expect(row).to.include({ holds: false, detail: "two solutions for 0" });
    });
  });

  describe("constraints", () => {
    it("are needed", async () => {
      await expectAllHold(deletion(SMALL));
    });

    it("are not said to be needed where one is there twice", async () => {
      const line = "offset * 2 ** w + remainder === window * size;";
      const twice = [["scale.circom", line, `${line} ${line}`]] as const;
      const rows = await rowsOf(deletion(SMALL, [templateOf("Scale(50, 40)")], twice));
      expect(rows.map(({ holds }) => holds)).to.deep.equal([false, false]);
    });

    it("are noticed when one is left out of the source", async () => {
      const rows = await expectAllHold(mutants(SMALL));
      expect(rows.map(({ detail }) => detail)).to.include(
        "accepted: the next offset, with a negative remainder",
      );
      // Calls of Num2Bits (twice), Poseidon2 and Compress. circom does not compile their mutants.
      expect(rows.filter(({ evidence }) => evidence === "a line cannot be left out")).to.have.lengthOf(4);
    });

    it("of a directory entry are those of its hash", async () => {
      const [entry, hash] = [templateOf("DirectoryEntry()"), templateOf("Compress(4)")];
      const count = async (one: typeof hash): Promise<number> =>
        (await loadCircuit(one, "simple")).constraints.length;
      expect(await count(entry)).to.equal(await count(hash));
    });

    it("are left out one at a time, each of them", async () => {
      const lines = (await mutantsOf("storage_audit.circom")).map(({ line }) => line);
      expect(lines).to.have.members([
        "(position, v) <== SampleDraws(k)(seed, start, length);",
        ...["start", "length - 1", "start + length - 1"].map((checked) => `RangeCheck(40)(${checked});`),
        "SampleOpening(D, G)(",
      ]);
    });
  });
});
