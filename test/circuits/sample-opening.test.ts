// SampleOpening in circom: honest leaves and tombstones pass, and no input can be another.
// That no wire is free, and what a cheat would rather claim: test/assurance/.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { openLeaf, referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { circuitPath } from "../../protocol/statement.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { costOf, testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { present } from "../helpers/present.ts";

const DEPTH = 2;
const bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * 31) % 256);
const tree = new SegmentHasher({ depth: DEPTH, engine: referenceEngine }).update(bytes).finish(); // 19 leaves
const other = new SegmentHasher({ depth: DEPTH, engine: referenceEngine })
  .update(bytes.subarray(0, 4000))
  .finish();
const TREE = 1; // the entry in the directory

function directory(): Directory {
  const made = new Directory(2);
  made.append(other);
  made.append(tree);
  return made;
}

/** Opens leaf `leafIndex` of `tree`; `changes` are what a cheat would rather claim. */
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
    position: entry.start + leafIndex,
    entryRoot: entry.root,
    entryStart: entry.start,
    entryLeaves: entry.leaves,
    entryIndex: TREE,
    entrySiblings: circuitPath(held.path(TREE), TREE),
    leafIndex,
    leaf: elements,
    leafSiblings: circuitPath(siblings, leafIndex),
    ...changes,
  };
}

describe("circuits: SampleOpening", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("SampleOpening(2, 2)")));

  it("costs 820 + 269 G + 578 D constraints", async () => {
    expect(await costOf("sample_opening.circom", "SampleOpening(1, 3)")).to.equal(820 + 269 * 3 + 578);
    // With 2 and 2: in StorageAudit.
  });

  it("accepts every leaf of a segment, the first and the padded last among them", async () => {
    for (const leafIndex of [0, 1, 15, 16, 18]) {
      const witness = await circuit.witness(opening(leafIndex));
      expect(circuit.broken(witness), String(leafIndex)).to.deep.equal([]);
      expect(circuit.broken(await circuit.forge(opening(leafIndex)))).to.deep.equal([]);
    }
  });

  it("refuses any other value of any input", async () => {
    const honest = opening(17);
    for (const [name, value] of Object.entries(honest)) {
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
