// SampleOpening in circom: honest leaves and tombstones pass, and whoever claims anything else breaks a constraint.
import { expect } from "chai";
import { Directory, directoryRootOf } from "../../protocol/directory.ts";
import { openLeaf, referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { circuitPath } from "../../protocol/statement.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { testCircuit, type Patch, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { present } from "../helpers/present.ts";

const DEPTH = 2;
const bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * 31) % 256);
const tree = new SegmentHasher({ depth: DEPTH, engine: referenceEngine }).update(bytes).finish(); // 19 leaves
const other = new SegmentHasher({ depth: DEPTH, engine: referenceEngine })
  .update(bytes.subarray(0, 4000))
  .finish();
const OTHER = 0; // entries of the directory
const TREE = 1;

function directory(leaves = tree.leaves): Directory {
  const made = new Directory(2);
  made.append(other);
  made.append({ root: tree.root, leaves });
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
  before(async () => void (circuit = await testCircuit("sample_opening.circom", "SampleOpening(2, 2)")));

  /** The honest program refuses these inputs, and a program that does not refuse gets a broken assignment. */
  async function expectRefused(input: CircuitInput, ...patches: Patch[]): Promise<number[]> {
    if (patches.length === 0) expect(await errorOf(circuit.witness(input))).to.have.property("code", "proof");
    const broken = circuit.broken(await circuit.forge(input, ...patches));
    expect(broken).not.to.deep.equal([]);
    return broken;
  }

  it("costs 820 + 269 G + 578 D constraints", async () => {
    expect(circuit.constraints.length).to.equal(820 + 269 * 2 + 578 * 2);
    expect((await testCircuit("sample_opening.circom", "SampleOpening(1, 3)")).constraints.length).to.equal(
      820 + 269 * 3 + 578,
    );
  });

  it("accepts every leaf of a segment, the first and the padded last among them", async () => {
    for (const leafIndex of [0, 1, 15, 16, 18]) {
      const witness = await circuit.witness(opening(leafIndex));
      expect(circuit.broken(witness), String(leafIndex)).to.deep.equal([]);
      expect(circuit.broken(await circuit.forge(opening(leafIndex)))).to.deep.equal([]);
    }
  });

  it("leaves no wire free", async () => {
    expect(await circuit.free(opening(17))).to.deep.equal([]);
  });

  it("refuses any other value of any input", async () => {
    const honest = opening(17);
    for (const [name, value] of Object.entries(honest)) {
      for (const changed of raiseEach(value)) await expectRefused({ ...honest, [name]: changed });
    }
  }).timeout(60_000);

  it("refuses a leaf at or beyond the entry's leaves", async () => {
    // The directory says 17 leaves, the tree has 19: only the range check stands between.
    expect(circuit.broken(await circuit.witness(opening(16, {}, directory(17))))).to.deep.equal([]);
    for (const leafIndex of [17, 18]) {
      expect(await expectRefused(opening(leafIndex, {}, directory(17)))).to.have.lengthOf(1);
    }
  });

  it("refuses an entry of 0 leaves", async () => {
    const held = directory();
    const empty = { ...present(held.entries[TREE]), leaves: 0 };
    await expectRefused(
      opening(0, { entryLeaves: 0, directoryRoot: directoryRootOf(empty, TREE, held.path(TREE)) }),
    );
  });

  it("refuses the leaf of another position", async () => {
    await expectRefused(opening(5, { position: present(directory().entries[TREE]).start + 6 }));
    await expectRefused(opening(5, { position: 5 }));
  });

  it("refuses the entry of another slot", async () => {
    const held = directory();
    await expectRefused(opening(5, { entryIndex: OTHER }));
    await expectRefused(
      opening(5, { entryIndex: OTHER, entrySiblings: circuitPath(held.path(OTHER), OTHER) }),
    );
    await expectRefused(opening(5, { entryIndex: 16 + TREE })); // beyond 4^G, the same digits below
  });

  it("refuses a leaf index beyond the tree with the same digits below", async () => {
    await expectRefused(
      opening(5, { leafIndex: 256 + 5, position: present(directory().entries[TREE]).start + 256 + 5 }),
    );
  });

  it("refuses an inner node that is presented as a leaf", async () => {
    const children = Array.from({ length: 16 }, (_, i) =>
      elementAt(referenceEngine.hashLeaves(bytes.subarray(0, 16 * 496)), i),
    );
    const upper = present(openLeaf(tree, 0, bytes.subarray(0, 16 * 496), referenceEngine).siblings[1]);
    await expectRefused(opening(0, { leaf: children, leafSiblings: [upper, upper] }));
    await expectRefused(
      opening(0, { leaf: children, leafSiblings: [upper, new Array<bigint>(15).fill(0n)] }),
    );
  });

  it("refuses a tombstone in the place of a live segment", async () => {
    await expectRefused(opening(5, { entryRoot: 0 }));
  });

  it("refuses a live segment without its leaf", async () => {
    const nothing = {
      leaf: new Array<bigint>(16).fill(0n),
      leafSiblings: new Array<bigint[]>(2).fill(new Array<bigint>(15).fill(0n)),
    };
    expect(await expectRefused(opening(5, nothing))).to.have.lengthOf(1);
  });

  it("accepts a tombstone with any leaf, and still binds its position and its leaves", async () => {
    const held = directory();
    held.retire(TREE);
    expect(circuit.broken(await circuit.witness(opening(5, {}, held)))).to.deep.equal([]);
    expect(
      circuit.broken(await circuit.witness(opening(5, { leaf: new Array<bigint>(16).fill(1n) }, held))),
    ).to.deep.equal([]);
    await expectRefused(opening(5, { position: 5 }, held));
    await expectRefused(opening(5, { entryRoot: tree.root }, held));
    await expectRefused(
      opening(18, { leafIndex: 19, position: present(held.entries[TREE]).start + 19 }, held),
    );
  });

  it("refuses path bits that are not boolean", async () => {
    const honest = opening(5);
    const digit = (n: number, value: number): Patch => [
      "circomlib/circuits/bitify.circom",
      "out[i] <-- (in >> i) & 1;",
      `if (n == ${n} && in == ${value}) { out[i] <-- i == 0 ? in : 0; } else { out[i] <-- (in >> i) & 1; }`,
    ];
    expect(circuit.broken(await circuit.forge(honest, digit(8, 200)))).to.deep.equal([]); // a value that does not occur
    await expectRefused(honest, digit(8, 5));
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

function elementAt(nodes: Uint8Array, index: number): bigint {
  return BigInt(
    `0x${Buffer.from(nodes.subarray(32 * index, 32 * (index + 1)))
      .reverse()
      .toString("hex")}`,
  );
}
