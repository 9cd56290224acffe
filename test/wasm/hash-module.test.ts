// The hash in WebAssembly gives what the reference gives, with a fused multiply-add and without.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { fromBytesLE, mod, P, toBytesLE32 } from "../../protocol/field.ts";
import { referenceEngine, type HashEngine } from "../../protocol/segment.ts";
import { createWasmEngine } from "../../wasm/hash-module.ts";
import { prepareWasm } from "../../wasm/prepare.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { unfit } from "../helpers/unfit-module.ts";

const LEAF = 496;
const GROUP = 512;

for (const file of ["hash.wasm", "hash-unfused.wasm"]) {
  describe(`protocol: ${file}`, () => {
    let engine: HashEngine;
    before(async () => {
      engine = createWasmEngine(await readFile(join(dirname(await prepareWasm()), file)));
    });

    const agreesOnLeaves = (leaves: Uint8Array): void => {
      expect(engine.hashLeaves(leaves)).to.deep.equal(referenceEngine.hashLeaves(leaves));
    };
    const agreesOnNodes = (nodes: readonly bigint[]): void => {
      const bytes = Uint8Array.from(nodes.flatMap((node) => [...toBytesLE32(node)]));
      expect(engine.hashNodes(bytes)).to.deep.equal(referenceEngine.hashNodes(bytes));
    };

    it("hashes nothing to nothing", () => {
      expect(engine.hashLeaves(new Uint8Array()).length).to.equal(0);
      expect(engine.hashNodes(new Uint8Array()).length).to.equal(0);
    });

    for (const count of [1, 2, 3, 4, 5]) {
      it(`hashes ${count} leaves, as many lanes as they need`, () => {
        agreesOnLeaves(patternBytes(count * LEAF, count));
      });
    }

    it("hashes more leaves and nodes than its memory holds at once", () => {
      const one = patternBytes(LEAF, 11);
      const other = patternBytes(LEAF, 12);
      const leaves = new Uint8Array(2049 * LEAF);
      for (let i = 0; i < 2049; i++) leaves.set(i % 3 === 0 ? one : other, i * LEAF);
      const hashes = engine.hashLeaves(leaves);
      const expected = [one, other].map((leaf) => Buffer.from(referenceEngine.hashLeaves(leaf)));
      for (let i = 0; i < 2049; i++) {
        expect(Buffer.from(hashes.subarray(32 * i, 32 * i + 32))).to.deep.equal(
          expected[i % 3 === 0 ? 0 : 1],
        );
      }
      const nodes = new Uint8Array(1025 * GROUP);
      for (let at = 0; at < nodes.length; at += 32) nodes.set(hashes.subarray(0, 32), at);
      const parents = engine.hashNodes(nodes);
      const parent = Buffer.from(referenceEngine.hashNodes(nodes.subarray(0, GROUP)));
      for (let i = 0; i < 1025; i++) {
        expect(Buffer.from(parents.subarray(32 * i, 32 * i + 32))).to.deep.equal(parent);
      }
    });

    it("agrees where digits are as large or small as can be", () => {
      agreesOnLeaves(new Uint8Array(3 * LEAF));
      agreesOnLeaves(new Uint8Array(3 * LEAF).fill(0xff));
      agreesOnNodes(new Array<bigint>(16).fill(0n));
      agreesOnNodes(new Array<bigint>(16).fill(P - 1n));
      // Around every boundary between digits of 51 bits, from both sides, alone and together.
      const edges = [51n, 102n, 153n, 204n, 50n, 101n, 152n, 203n, 253n].flatMap((bit) => [
        (1n << bit) - 1n,
        1n << bit,
        P - (1n << bit),
        mod((P >> 1n) + (1n << bit)),
      ]);
      for (const edge of edges) agreesOnNodes(new Array<bigint>(16).fill(edge));
      agreesOnNodes(Array.from({ length: 48 }, (_, i) => edges[i % edges.length] ?? 0n));
      agreesOnNodes(Array.from({ length: 32 }, (_, i) => (i < 16 ? 0n : P - 1n)));
    });

    it("agrees on any leaves", () => {
      const byte = fc.oneof(fc.constantFrom(0, 0xff, 0x7f, 0x80, 1), fc.nat(255));
      const leaves = fc
        .integer({ min: 1, max: 4 })
        .chain((n) => fc.uint8Array({ minLength: n * LEAF, maxLength: n * LEAF }));
      const extreme = fc
        .tuple(byte, byte, fc.integer({ min: 0, max: 2 * LEAF }))
        .map(([a, b, cut]) => new Uint8Array(2 * LEAF).fill(a).fill(b, cut));
      fc.assert(fc.property(leaves, agreesOnLeaves), { numRuns: 40 });
      fc.assert(fc.property(extreme, agreesOnLeaves), { numRuns: 60 });
    });

    it("agrees on any nodes", () => {
      const node = fc.oneof(
        fc.bigInt({ min: 0n, max: P - 1n }),
        fc.bigInt({ min: P - 1000n, max: P - 1n }),
        fc.bigInt({ min: 0n, max: 1000n }),
      );
      const groups = fc
        .integer({ min: 1, max: 3 })
        .chain((n) => fc.array(node, { minLength: 16 * n, maxLength: 16 * n }));
      fc.assert(fc.property(groups, agreesOnNodes), { numRuns: 60 });
    });

    it("gives elements below p", () => {
      const hashes = engine.hashLeaves(patternBytes(1000 * LEAF, 13));
      for (let at = 0; at < hashes.length; at += 32) {
        expect(fromBytesLE(hashes.subarray(at, at + 32)) < P).to.be.true;
      }
    });

    it("refuses nodes of p and above, wherever they are", () => {
      for (const bad of [P, P + 1n, 2n ** 254n, 2n ** 256n - 1n]) {
        for (const position of [0, 15, 16, 47]) {
          const nodes = new Uint8Array(3 * GROUP);
          nodes.set(toBytesLE32(bad), 32 * position);
          expect(() => engine.hashNodes(nodes)).to.throw(RangeError, "scalar field");
          expect(() => referenceEngine.hashNodes(nodes)).to.throw(RangeError, "scalar field");
        }
      }
    });

    it("refuses a part of a leaf or of a group", () => {
      for (const extra of [1, LEAF - 1]) {
        for (const each of [engine, referenceEngine]) {
          expect(() => each.hashLeaves(new Uint8Array(LEAF + extra))).to.throw(RangeError, "multiple of 496");
        }
      }
      for (const extra of [32, GROUP - 1]) {
        for (const each of [engine, referenceEngine]) {
          expect(() => each.hashNodes(new Uint8Array(GROUP + extra))).to.throw(RangeError, "multiple of 512");
        }
      }
    });

    it("writes to the given output, of the right length", () => {
      const leaves = patternBytes(3 * LEAF, 15);
      for (const each of [engine, referenceEngine]) {
        const buffer = new Uint8Array(5 * 32);
        each.hashLeaves(leaves, buffer.subarray(32, 4 * 32));
        const around = [new Uint8Array(32), referenceEngine.hashLeaves(leaves), new Uint8Array(32)];
        expect(buffer).to.deep.equal(new Uint8Array(Buffer.concat(around)));
        for (const length of [0, 64, 128]) {
          const output = new Uint8Array(length);
          expect(() => each.hashLeaves(leaves, output)).to.throw(RangeError, "96 bytes of output");
        }
      }
    });

    it("reads from anywhere in a buffer and gives a copy", () => {
      const buffer = patternBytes(LEAF + 7, 14);
      const expected = referenceEngine.hashLeaves(buffer.slice(7));
      const hash = engine.hashLeaves(buffer.subarray(7));
      engine.hashLeaves(new Uint8Array(LEAF));
      expect(hash).to.deep.equal(expected);
    });
  });
}

describe("protocol: a machine that computes otherwise", () => {
  it("is refused", async () => {
    const module = unfit(await readFile(await prepareWasm()));
    expect(() => createWasmEngine(module))
      .to.throw("no fused multiply-add")
      .with.property("code", "io");
  });
});
