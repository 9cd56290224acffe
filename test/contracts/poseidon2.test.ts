// Poseidon2 t = 4 in Yul: every constant, the shared vectors, the TypeScript reference, its gas.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { testChain } from "../../evidence/world/contracts.ts";
import { P } from "../../protocol/field.ts";
import { compress4, permute4, poseidon2Parameters } from "../../protocol/poseidon2.ts";
import type { Poseidon2T4Harness } from "../../types/ethers/index.js";
import { scalar, type Words4 } from "../helpers/trapdoor-proofs.ts";
import { vectors } from "../helpers/vectors.ts";

describe("contracts: Poseidon2T4", () => {
  let hasher: Poseidon2T4Harness;
  before(async () => {
    const { ethers } = await testChain();
    hasher = await ethers.deployContract("Poseidon2T4Harness");
  });

  it("contains every constant of the derivation, in its place", () => {
    const source = readFileSync(
      new URL("../../contracts/libraries/Poseidon2T4.sol", import.meta.url),
      "utf8",
    );
    const words = (pattern: RegExp): bigint[] =>
      [...source.matchAll(pattern)].map(([, digits]) => BigInt(`0x${digits ?? ""}`));
    const { roundConstants, internalDiagonal } = poseidon2Parameters(4);
    // What a layer adds for the round after it: elements 0 and 2 are made of elements 1 and 3 with theirs.
    const layer = (round: number): bigint[] => {
      const [c0 = 0n, c1 = 0n, c2 = 0n, c3 = 0n] = roundConstants.slice(round, round + 4);
      return [(P + c0 - c1) % P, c1, (P + c2 - c3) % P, c3];
    };
    const nothing = [0n, 0n, 0n, 0n];
    expect(words(/hex"([0-9a-f]{64})"/g)).to.deep.equal([
      P,
      ...[0, 4, 8, 12].flatMap(layer),
      ...nothing,
      ...roundConstants.slice(16, 76),
      ...[76, 80, 84].flatMap(layer),
      ...nothing,
    ]);
    expect(words(/D\d = 0x([0-9a-f]{64});/g)).to.deep.equal(internalDiagonal);
  });

  it("agrees with the vectors", async () => {
    const { permute, compress } = vectors("poseidon2").t4;
    for (const vector of permute) {
      expect([...(await hasher.permute(vector.in as never))]).to.deep.equal(vector.out.map(BigInt));
    }
    for (const vector of compress) {
      const [a, b, c, d] = vector.in as [string, string, string, string];
      expect(await hasher.compress(a, b, c, d)).to.equal(BigInt(vector.out));
    }
  });

  it("agrees with the reference where sums are largest", async () => {
    const ends = [0n, 1n, P - 1n];
    const states = ends.flatMap((a) =>
      ends.flatMap((b) => ends.flatMap((c) => ends.map((d): Words4 => [a, b, c, d]))),
    );
    for (const state of states) {
      expect([...(await hasher.permute(state))]).to.deep.equal(permute4(state));
    }
  });

  it("agrees with the reference on 50 drawn states", async () => {
    for (let i = 0; i < 50; i++) {
      const draw = (element: string): bigint => scalar(`state ${i} ${element}`);
      const state: Words4 = [draw("a"), draw("b"), draw("c"), draw("d")];
      expect([...(await hasher.permute(state))]).to.deep.equal(permute4(state));
      expect(await hasher.compress(...state)).to.equal(compress4(state));
    }
  });

  it("compresses for at most 15,800 gas, once its constants are loaded for 1,900", async () => {
    const { loading, compressing, hash } = await hasher.gasOf(1, 2, 3, P - 1n);
    expect(hash).to.equal(compress4([1n, 2n, 3n, P - 1n]));
    expect(compressing).to.be.at.most(15_800n);
    expect(loading).to.be.at.most(1_900n);
  });
});
