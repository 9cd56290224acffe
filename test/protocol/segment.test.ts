// The segment tree: its boundaries, its padding, and the openings of its leaves.
import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { present } from "../../evidence/world/present.ts";
import { toBytesLE32, toHex32 } from "../../protocol/field.ts";
import {
  GROUP_BYTES,
  groupNodes,
  openLeaf,
  referenceEngine,
  rootOf,
  SegmentHasher,
  zeroNode,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../../protocol/segment.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { errorOf } from "../helpers/errors.ts";
import { vectors } from "../helpers/vectors.ts";

describe("protocol: segment tree", () => {
  let engine: HashEngine;
  before(async () => {
    engine = await loadHashEngine();
  });

  const tree = (bytes: Uint8Array, depth = 2): SegmentTree =>
    new SegmentHasher({ depth, engine }).update(bytes).finish();
  const groupOf = (bytes: Uint8Array, leafIndex: number): Uint8Array => {
    const start = Math.floor(leafIndex / 16) * GROUP_BYTES;
    return bytes.subarray(start, start + GROUP_BYTES);
  };
  const open = (bytes: Uint8Array, leafIndex: number, depth = 2): LeafOpening =>
    openLeaf(tree(bytes, depth), leafIndex, groupOf(bytes, leafIndex), engine);

  it("agrees with the vectors at every depth", () => {
    for (const { bytes, tag, sha256, leaves, root } of vectors("segments").segments) {
      const data = patternBytes(bytes, tag);
      expect(createHash("sha256").update(data).digest("hex")).to.equal(sha256);
      for (const [depth, expected] of Object.entries(root)) {
        const made = tree(data, Number(depth));
        expect([made.bytes, made.leaves, toHex32(made.root)]).to.deep.equal([bytes, leaves, expected]);
      }
    }
  });

  it("has the missing nodes of the vectors", () => {
    expect(vectors("poseidon2").zeroSubtrees16.map((_, level) => toHex32(zeroNode(level)))).to.deep.equal(
      vectors("poseidon2").zeroSubtrees16,
    );
  });

  it("is the same with the reference engine", () => {
    const bytes = patternBytes(20 * 496 + 30, 9);
    expect(new SegmentHasher({ depth: 2, engine: referenceEngine }).update(bytes).finish()).to.deep.equal(
      tree(bytes),
    );
  });

  it("refuses inputs that are no whole leaves or nodes, and an output of another size", () => {
    for (const { bytes, hash } of [
      { bytes: 496, hash: referenceEngine.hashLeaves.bind(referenceEngine) },
      { bytes: 512, hash: referenceEngine.hashNodes.bind(referenceEngine) },
    ]) {
      const input = new Uint8Array(2 * bytes);
      const wrong = (work: () => unknown, words: string): void => {
        expect(work).to.throw(RangeError, words);
      };
      wrong(() => hash(input.subarray(1)), `expected a multiple of ${bytes} bytes, got ${2 * bytes - 1}`);
      for (const length of [63, 65])
        wrong(() => hash(input, new Uint8Array(length)), `expected 64 bytes of output, got ${length}`);
      const output = new Uint8Array(64);
      expect(hash(input, output)).to.equal(output);
      expect(output).to.deep.equal(hash(input));
    }
  });

  for (const { name, size } of [
    { name: "in the middle of a leaf", size: 2 * GROUP_BYTES + 3 * 496 + 7 },
    { name: "with a leaf", size: 2 * GROUP_BYTES + 3 * 496 },
    { name: "with a group", size: 3 * GROUP_BYTES },
  ])
    it(`has the nodes of its groups, some at a time, where it ends ${name}`, () => {
      const bytes = patternBytes(size, 3);
      const [expected] = tree(bytes).levels;
      for (const groups of [0, 1, 2]) {
        const [begin, end] = [bytes.subarray(0, groups * GROUP_BYTES), bytes.subarray(groups * GROUP_BYTES)];
        const nodes = [groupNodes(begin, false, engine), groupNodes(end, true, engine)];
        expect(Buffer.concat(nodes)).to.deep.equal(Buffer.from(expected ?? []));
      }
    });

  it("refuses zero bytes", () => {
    expect(() => new SegmentHasher({ depth: 2, engine }).finish()).to.throw(RangeError, "at least one byte");
    expect(() => tree(new Uint8Array())).to.throw(RangeError, "at least one byte");
  });

  it("refuses other than bytes", () => {
    for (const chunk of ["abc", [1, 2], new Uint16Array(2), undefined] as unknown as Uint8Array[]) {
      expect(() => new SegmentHasher({ depth: 2, engine }).update(chunk)).to.throw(
        TypeError,
        '"chunk" expected bytes',
      );
    }
  });

  it("refuses a depth below 1", () => {
    for (const depth of [0, -1, 1.5, NaN]) {
      expect(() => new SegmentHasher({ depth, engine })).to.throw(RangeError, '"depth"');
    }
  });

  it("holds 16^D leaves and not one byte more", () => {
    for (const depth of [1, 2]) {
      const most = 16 ** depth * 496 - 1;
      expect(tree(new Uint8Array(most), depth).leaves).to.equal(16 ** depth);
      expect(() => tree(new Uint8Array(most + 1), depth)).to.throw(RangeError, `at most ${most} bytes`);
      const hasher = new SegmentHasher({ depth, engine }).update(new Uint8Array(most));
      expect(() => hasher.update(new Uint8Array(1))).to.throw(RangeError, `at most ${most} bytes`);
    }
  });

  it("keeps the levels from the first parents up to the root", () => {
    const { levels, root } = tree(patternBytes(40 * 496, 1), 3);
    expect(levels.map((level) => level.length / 32)).to.deep.equal([3, 1, 1]);
    expect(toHex32(root).slice(2)).to.equal(Buffer.from(present(levels[2])).reverse().toString("hex"));
  });

  it("is not made of what is left when a batch could not be handed over", async () => {
    let calls = 0;
    const spread = () =>
      ++calls === 1 ? Promise.reject(new Error("no memory")) : Promise.resolve({ hashed: Promise.resolve() });
    const hasher = new SegmentHasher({ depth: 4, engine: { ...engine, spread } });
    const bytes = patternBytes(2_000_000, 1);
    for (const act of [() => hasher.push(bytes), () => hasher.push(bytes.subarray(0, 1)), () => hasher.end()])
      expect((await errorOf(act())).message).to.equal("no memory");
    expect(calls).to.equal(1);
  });

  describe("padding", () => {
    for (const length of [1, 30, 31, 32, 494, 495, 496, 497, 7935, 7936]) {
      it(`gives ${length} bytes, the same and a zero, and the same and a one three roots`, () => {
        const bytes = patternBytes(length, 3);
        const roots = [bytes, Uint8Array.of(...bytes, 0), Uint8Array.of(...bytes, 1)].map(
          (x) => tree(x).root,
        );
        expect(new Set(roots).size).to.equal(3);
      });
    }

    it("tells a segment from itself with its padding written out", () => {
      const bytes = patternBytes(100, 4);
      const padded = new Uint8Array(496);
      padded.set(bytes);
      padded[100] = 1;
      expect(tree(padded).root).to.not.equal(tree(bytes).root);
    });

    it("tells zeros of different lengths apart", () => {
      const roots = [1, 2, 31, 495, 496, 992, 7936].map((n) => tree(new Uint8Array(n)).root);
      expect(new Set(roots).size).to.equal(roots.length);
    });
  });

  it("is the tree of the definition, however many batches the bytes fill", () => {
    for (const length of [
      64 * GROUP_BYTES - 1,
      64 * GROUP_BYTES,
      64 * GROUP_BYTES + 1,
      130 * GROUP_BYTES + 777,
    ]) {
      const bytes = patternBytes(length, 10);
      const padded = new Uint8Array((Math.floor(length / 496) + 1) * 496);
      padded.set(bytes);
      padded[length] = 1;
      let level = engine.hashLeaves(padded);
      const levels = [0, 1, 2, 3].map((height) => {
        const missing = Buffer.from(toBytesLE32(zeroNode(height)));
        const children = Buffer.alloc(Math.ceil(level.length / 512) * 512, missing);
        children.set(level);
        return (level = engine.hashNodes(children));
      });
      expect(tree(bytes, 4).levels, `${length} bytes`).to.deep.equal(levels);
    }
  });

  it("does not depend on how the bytes arrive", () => {
    // More than one batch of 64 groups, so that batches end inside chunks.
    const bytes = patternBytes(64 * GROUP_BYTES + 777, 5);
    const expected = tree(bytes, 3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const hasher = new SegmentHasher({ depth: 3, engine });
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        ends.reduce((start, end) => (hasher.update(bytes.subarray(start, end)), end), 0);
        expect(hasher.finish()).to.deep.equal(expected);
      }),
      { numRuns: 20 },
    );
    const hasher = new SegmentHasher({ depth: 3, engine });
    const bytewise = bytes.subarray(0, 9000);
    for (const byte of bytewise) hasher.update(Uint8Array.of(byte));
    expect(hasher.finish()).to.deep.equal(tree(bytewise, 3));
  });

  it("keeps no reference to the bytes that it was given", () => {
    const chunk = patternBytes(1000, 6);
    const hasher = new SegmentHasher({ depth: 2, engine }).update(chunk);
    const expected = tree(chunk);
    chunk.fill(0);
    expect(hasher.finish()).to.deep.equal(expected);
  });

  describe("opening a leaf", () => {
    for (const [length, depth] of [
      [1, 1],
      [495, 2],
      [496, 2],
      [7935, 1],
      [7936, 2],
      [16 * 496 * 3 + 5, 3],
    ] as const) {
      it(`leads to the root from every leaf of ${length} bytes at depth ${depth}`, () => {
        const bytes = patternBytes(length, 7);
        const made = tree(bytes, depth);
        for (let leafIndex = 0; leafIndex < made.leaves; leafIndex++) {
          const opening = openLeaf(made, leafIndex, groupOf(bytes, leafIndex), engine);
          expect(opening.leafIndex).to.equal(leafIndex);
          expect(opening.siblings.map((others) => others.length)).to.deep.equal(
            new Array<number>(depth).fill(15),
          );
          expect(rootOf(opening), `leaf ${leafIndex}`).to.equal(made.root);
        }
      });
    }

    it("leads elsewhere from any other leaf, index or sibling", () => {
      const bytes = patternBytes(20 * 496, 8);
      const { root } = tree(bytes);
      const opening = open(bytes, 17);
      const others: LeafOpening[] = [
        { ...opening, leafIndex: 18 },
        { ...opening, leafIndex: 1 },
        { ...opening, elements: opening.elements.with(15, present(opening.elements[15]) + 1n) },
        ...[0, 1].map((level) => {
          const row = present(opening.siblings[level]);
          return { ...opening, siblings: opening.siblings.with(level, row.with(14, present(row[14]) + 1n)) };
        }),
      ];
      expect(rootOf(opening)).to.equal(root);
      for (const other of others) expect(rootOf(other)).to.not.equal(root);
    });

    it("refuses a leaf that is not there", () => {
      const bytes = patternBytes(17 * 496, 1); // 18 leaves
      for (const leafIndex of [-1, 18, 0.5, NaN]) {
        expect(() => openLeaf(tree(bytes), leafIndex, groupOf(bytes, 16), engine)).to.throw(
          RangeError,
          '"leafIndex" expected 0 to 17',
        );
      }
    });

    it("refuses a group of another length", () => {
      const made = tree(patternBytes(17 * 496 + 5, 1)); // 18 leaves: groups of 16 and 1 + a partial one
      for (const length of [0, 495, GROUP_BYTES - 1, GROUP_BYTES + 1, 17 * 496 + 5]) {
        expect(() => openLeaf(made, 0, new Uint8Array(length), engine)).to.throw(
          RangeError,
          `"group" expected 7936 bytes, got ${length}`,
        );
      }
      for (const length of [0, 495, 992, GROUP_BYTES]) {
        expect(() => openLeaf(made, 16, new Uint8Array(length), engine)).to.throw(
          RangeError,
          `"group" expected 2 leaves with the last one partial, got ${length} bytes`,
        );
      }
    });

    it("needs no bytes for a leaf that is all padding", () => {
      const bytes = patternBytes(16 * 496, 1);
      const made = tree(bytes);
      const opening = openLeaf(made, 16, new Uint8Array(), engine);
      expect(opening.elements).to.deep.equal([1n, ...new Array<bigint>(15).fill(0n)]);
      expect(rootOf(opening)).to.equal(made.root);
    });
  });
});
