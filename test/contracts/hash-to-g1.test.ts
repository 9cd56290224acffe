// The hash to G1, compared with an independent contract and with the reference.
import { expect } from "chai";
import { hashToG1, roundEvidence, roundMessage } from "../../drand/rounds.ts";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import type { HashToG1Harness } from "../../types/ethers/index.js";
import { concatHex, Q, wordsOf } from "../helpers/evmnet.ts";

describe("contracts: the hash to G1", () => {
  let chain: TestChain;
  let harness: HashToG1Harness;
  before(async () => {
    chain = await testChain();
    harness = await chain.ethers.deployContract("HashToG1Harness");
  });

  /** The roots of a round, 32 bytes each. */
  const rootsOf = (round: number): Uint8Array => roundEvidence(round, new Uint8Array(0));

  it("agrees with an independent contract and with the reference, with and without roots", async () => {
    const counts = new Set<number>();
    for (let round = 1; round <= 40; round++) {
      const message = roundMessage(round);
      const [x, y] = await harness.hashToG1(message, "0x");
      const [independentX, independentY] = await harness.independentHashToG1(message);
      expect({ x, y }).to.deep.equal(hashToG1(message).toAffine());
      expect([x, y]).to.deep.equal([independentX, independentY]);
      const roots = rootsOf(round);
      const [givenX, givenY] = await harness.hashToG1(message, roots);
      expect([givenX, givenY]).to.deep.equal([x, y]);
      counts.add(roots.length / 32);
    }
    expect([...counts].toSorted()).to.deep.equal([2, 3, 4]);
  });

  it("does not depend on a root's sign, nor on its encoding", async () => {
    for (let round = 1; round <= 8; round++) {
      const message = roundMessage(round);
      const [x, y] = await harness.hashToG1(message, "0x");
      for (const other of [(t: bigint) => Q - t, (t: bigint) => t + Q]) {
        const words = wordsOf(Buffer.from(rootsOf(round)).toString("hex"));
        const [otherX, otherY] = await harness.hashToG1(message, `0x${concatHex(...words.map(other))}`);
        expect([otherX, otherY]).to.deep.equal([x, y]);
      }
    }
  });

  it("works out the roots that are not given", async () => {
    for (let round = 1; round <= 8; round++) {
      const message = roundMessage(round);
      const [x, y] = await harness.hashToG1(message, "0x");
      const [otherX, otherY] = await harness.hashToG1(message, rootsOf(round).subarray(0, 32));
      expect([otherX, otherY]).to.deep.equal([x, y]);
    }
  });

  it("refuses zero, a stranger's root and half a root", async () => {
    const message = roundMessage(1);
    for (const root of [0n, 1n, Q, wordsOf(Buffer.from(rootsOf(2)).toString("hex"))[0]]) {
      await expect(harness.hashToG1(message, `0x${concatHex(present(root))}`))
        .to.be.revertedWithCustomError(harness, "RootInvalid")
        .withArgs(present(root), (square: bigint) => square < Q);
    }
    await expect(harness.hashToG1(message, rootsOf(1).subarray(0, 31))).to.be.revertedWithoutReason(
      chain.ethers,
    );
  });

  it("agrees for messages at both ends", async () => {
    for (const byte of [0x00, 0xff]) {
      const message = new Uint8Array(32).fill(byte);
      const [x, y] = await harness.hashToG1(message, "0x");
      expect({ x, y }).to.deep.equal(hashToG1(message).toAffine());
    }
  });
});
