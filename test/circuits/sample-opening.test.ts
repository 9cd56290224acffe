// SampleOpening in circom: honest leaves and tombstones pass, and no input can be another.
// That no wire is free, and what a cheat would rather claim: test/assurance/.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import type { CircuitInput } from "../../groth16/witness.ts";
import { Directory } from "../../protocol/directory.ts";
import { openLeaf, referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { circuitPath } from "../../protocol/statement.ts";
import { costOf, testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";

const DEPTH = 2;
const bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * 31) % 256);
const tree = new SegmentHasher({ depth: DEPTH, engine: referenceEngine }).update(bytes).finish(); // 19 leaves
const other = new SegmentHasher({ depth: DEPTH, engine: referenceEngine })
  .update(bytes.subarray(0, 4000))
  .finish();
const TREE = 1; // the entry in the directory

function directory(): Directory {
  const made = new Directory(2);
  made.append({ ...other, weight: 1000 });
  made.append({ ...tree, weight: 7 });
  return made;
}

/** Opens leaf `leafIndex` of `tree` for a position in the middle of it; `changes` are what a cheat would rather claim. */
function opening(leafIndex: number, changes: CircuitInput = {}, held = directory()): CircuitInput {
  const entry = present(held.entries[TREE]);
  const first = leafIndex - (leafIndex % 16);
  const { elements, siblings } = openLeaf(
    tree,
    leafIndex,
    bytes.subarray(first * 496, (first + 16) * 496),
    referenceEngine,
  );
  return {
    directoryRoot: held.root,
    position: entry.start + 3,
    v: Math.ceil((leafIndex * 2 ** 34) / tree.leaves),
    entryRoot: entry.root,
    entryStart: entry.start,
    entryWeight: entry.weight,
    entryLeaves: entry.leaves,
    entryIndex: TREE,
    entrySiblings: circuitPath(held.path(TREE), TREE),
    leaf: elements,
    leafSiblings: circuitPath(siblings, leafIndex),
    ...changes,
  };
}

describe("circuits: SampleOpening", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("SampleOpening(2, 2)")));

  it("costs 935 + 269 G + 574 D constraints", async () => {
    expect(await costOf("sample_opening.circom", "SampleOpening(1, 3)")).to.equal(935 + 269 * 3 + 574);
    // With 2 and 2: in StorageAudit.
  });

  it("accepts every leaf of a segment, the first and the padded last among them", async () => {
    for (const leafIndex of [0, 1, 15, 16, 18]) {
      const witness = await circuit.witness(opening(leafIndex));
      expect(circuit.broken(witness), String(leafIndex)).to.deep.equal([]);
      expect(circuit.broken(await circuit.forge(opening(leafIndex)))).to.deep.equal([]);
    }
  });

  it("accepts every position of an entry, and every number that chooses the leaf", async () => {
    const { start, weight } = present(directory().entries[TREE]);
    const v = Math.ceil((5 * 2 ** 34) / tree.leaves);
    const changes = [
      ...[start, start + weight - 1].map((position) => ({ position })),
      ...[v, Math.ceil((6 * 2 ** 34) / tree.leaves) - 1].map((v) => ({ v })),
    ];
    for (const change of changes)
      expect(circuit.broken(await circuit.witness(opening(5, change)))).to.deep.equal([]);
  });

  it("refuses the positions around an entry, and the numbers that choose the leaves around", async () => {
    const { start, weight } = present(directory().entries[TREE]);
    const changes = [
      ...[start - 1, start + weight].map((position) => ({ position })),
      ...[Math.ceil((5 * 2 ** 34) / tree.leaves) - 1, Math.ceil((6 * 2 ** 34) / tree.leaves)].map((v) => ({
        v,
      })),
    ];
    for (const change of changes) {
      expect(await errorOf(circuit.witness(opening(5, change)))).to.have.property("code", "proof");
      expect(circuit.broken(await circuit.forge(opening(5, change)))).not.to.deep.equal([]);
    }
  });

  it("refuses any other value of any other input", async () => {
    const honest = opening(17);
    for (const [name, value] of Object.entries(honest).filter(
      ([name]) => !["position", "v"].includes(name),
    )) {
      for (const raised of raiseEach(value)) {
        const changed = { ...honest, [name]: raised };
        expect(await errorOf(circuit.witness(changed)), name).to.have.property("code", "proof");
        expect(circuit.broken(await circuit.forge(changed)), name).not.to.deep.equal([]);
      }
    }
  }).timeout(60_000);

  it("accepts a tombstone with any leaf", async () => {
    const held = directory();
    held.retire(TREE);
    for (const leaf of [undefined, new Array<bigint>(16).fill(1n)]) {
      const claim = opening(5, leaf && { leaf }, held);
      expect(circuit.broken(await circuit.witness(claim))).to.deep.equal([]);
    }
  });
});

/** The value with one element raised by one, for the first and last element of each array. */
function raiseEach(value: CircuitInput[string]): CircuitInput[string][] {
  if (!Array.isArray(value)) return [BigInt(value as bigint | number) + 1n];
  const elements = value as readonly CircuitInput[string][];
  return [0, elements.length - 1].flatMap((at) =>
    raiseEach(present(elements[at])).map((raised) =>
      elements.map((element, i) => (i === at ? raised : element)),
    ),
  );
}
