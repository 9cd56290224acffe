// Hashing a segment is bounded in memory, however long the segment is.
import { expect } from "chai";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { hashingMemory } from "../helpers/hashing-memory.ts";

const MIB = 2 ** 20;

describe("protocol: memory of hashing", () => {
  for (const [who, spread] of [
    ["the calling thread hashes", false],
    ["others hash", true],
  ] as const) {
    describe(`where ${who}`, () => {
      it("stays below 64 MiB for the longest segment of the standard profile", async () => {
        const { dataDepth: depth } = PROFILES.standard;
        const grown = await hashingMemory({ bytes: maxBytes(PROFILES.standard), depth, spread });
        expect(grown).to.be.below(64 * MIB);
      });

      it("stays below 64 MiB for 10 GB", async () => {
        expect(await hashingMemory({ bytes: 1e10, depth: 7, spread })).to.be.below(64 * MIB);
      });

      it("stays below 16 MiB for 100 MB", async () => {
        expect(await hashingMemory({ bytes: 1e8, depth: 6, spread })).to.be.below(16 * MIB);
      });
    });
  }
});
