// The Groth16 verifier, attacked with a key whose secrets are known.
import { expect } from "chai";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { add, inv, mod, mul, P, sub } from "../../protocol/field.ts";
import type { Groth16Verifier } from "../../types/ethers/index.js";
import { answering, breakableFactory, breakPrecompile, BROKEN, PAIRING } from "../helpers/breakable.ts";
import { Q } from "../helpers/evmnet.ts";
import {
  answersUnderGas,
  executionGas,
  inputs,
  key,
  known,
  proof,
  replaced,
  secrets,
  TRIAL,
} from "../helpers/known-key.ts";
import {
  drawSecrets,
  encodeProof,
  g1,
  outsideG2,
  proveWithTrapdoor,
  statement,
  verifyingKey,
  type Inputs,
  type Secrets,
} from "../helpers/trapdoor-proofs.ts";

const SOURCE = "verifier/Groth16Verifier.sol";

describe("contracts: Groth16Verifier", () => {
  let chain: TestChain;
  let verifier: Groth16Verifier;
  const deploy = (...args: unknown[]) => chain.ethers.deployContract("Groth16Verifier", args);
  before(async () => {
    chain = await testChain();
    verifier = await deploy(key, known);
  });

  describe("construction", () => {
    it("keeps the hash of its key", async () => {
      const [{ inputs: types }] = [present(verifier.interface.deploy)];
      const encoded = chain.ethers.AbiCoder.defaultAbiCoder().encode([present(types[0])], [key]);
      expect(await verifier.keyHash()).to.equal(chain.ethers.keccak256(encoded));
    });

    it("refuses a known answer that does not hold", async () => {
      const other = encodeProof(proveWithTrapdoor(secrets, [1n, 2n, 3n, 4n]));
      await expect(deploy(key, { proof: other, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.good);
    });

    for (const ignored of [1, 2, 3, 4]) {
      it(`refuses a key that does not depend on input ${ignored}`, async () => {
        const ic = secrets.ic.map((x, j) => (j === ignored ? 0n : x)) as unknown as Secrets["ic"];
        const weak = { ...secrets, ic };
        const answer = encodeProof(proveWithTrapdoor(weak, inputs));
        await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
          .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
          .withArgs(TRIAL.tampered);
      });
    }

    it("refuses a key with gamma = delta, under which anyone can prove anything", async () => {
      const weak = { ...secrets, gamma: 1n, delta: 1n };
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.forged);
    });

    for (const part of ["alpha", "beta"] as const) {
      it(`refuses a key whose ${part} is infinity, under which anyone can prove anything`, async () => {
        const weak = { ...secrets, [part]: 0n };
        const answer = encodeProof(proveWithTrapdoor(weak, inputs));
        await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
          .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
          .withArgs(TRIAL.empty);
      });
    }

    it("refuses a key under which a proof of zeros holds", async () => {
      const target = mul(mod(-mul(secrets.alpha, secrets.beta)), inv(secrets.gamma));
      const ic0 = add(secrets.ic[0], sub(target, statement(secrets, inputs)));
      const weak = { ...secrets, ic: [ic0, ...secrets.ic.slice(1)] as unknown as Secrets["ic"] };
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.zero);
    });

    it("refuses an answer whose inputs add up to infinity, which tells nothing about gamma", async () => {
      const ic0 = sub(secrets.ic[0], statement(secrets, inputs));
      const weak = { ...secrets, ic: [ic0, ...secrets.ic.slice(1)] as unknown as Secrets["ic"] };
      expect(statement(weak, inputs)).to.equal(0n);
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.forged);
    });

    for (const { index, precompile } of [
      { index: 0, precompile: 6 },
      { index: 1, precompile: 7 },
    ]) {
      it(`refuses a key whose IC${index} is off the curve`, async () => {
        const ic = replaced(key.ic, index, (): [bigint, bigint] => [1n, 3n]);
        await expect(deploy({ ...key, ic }, known))
          .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
          .withArgs(precompile);
      });
    }

    it("refuses a key with real parts first", async () => {
      const [xi, xr, yi, yr] = key.beta;
      await expect(deploy({ ...key, beta: [xr, xi, yr, yi] }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(PAIRING);
    });

    it("refuses a point of the key outside G2", async () => {
      await expect(deploy({ ...key, delta: outsideG2() }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(PAIRING);
    });

    it("refuses a coordinate of the key at or above q", async () => {
      const [x, y] = key.alpha;
      await expect(deploy({ ...key, alpha: [x, y + Q] }, known))
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(y + Q);
      const [gammaXi, gammaXr, gammaYi, gammaYr] = key.gamma;
      await expect(deploy({ ...key, gamma: [gammaXi, gammaXr, gammaYi, gammaYr + Q] }, known))
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(gammaYr + Q);
      const [xi, ...rest] = key.beta;
      await expect(deploy({ ...key, beta: [xi + Q, ...rest] }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(PAIRING);
    });

    for (const { name, code, error, args } of [
      { name: "is missing", code: BROKEN.missing, error: "PrecompileFailed", args: [PAIRING] },
      {
        name: "says yes to everything",
        code: answering(1),
        error: "KnownAnswerFailed",
        args: [TRIAL.tampered],
      },
      { name: "says no to everything", code: answering(0), error: "KnownAnswerFailed", args: [TRIAL.good] },
      { name: "answers two words", code: answering(1, 1), error: "PrecompileFailed", args: [PAIRING] },
    ]) {
      it(`refuses a chain whose pairing precompile ${name}`, async () => {
        const factory = await breakableFactory(chain, SOURCE, present((await chain.ethers.getSigners())[0]));
        await breakPrecompile(chain, PAIRING, code);
        await expect(factory.deploy(key, known))
          .to.be.revertedWithCustomError(verifier, error)
          .withArgs(...args);
      });
    }
  });

  describe("one proof", () => {
    it("accepts valid proofs, whatever the inputs", async () => {
      for (const statementInputs of [
        inputs,
        [0n, 0n, 0n, 0n],
        [P - 1n, P - 1n, P - 1n, P - 1n],
        [1n, 2n, 3n, 4n],
      ] as Inputs[]) {
        const valid = encodeProof(proveWithTrapdoor(secrets, statementInputs));
        expect(await verifier.verify(valid, statementInputs)).to.equal(true);
      }
    });

    it("accepts two different proofs of one statement: bytes are no identity", async () => {
      const again = encodeProof(proveWithTrapdoor(secrets, inputs, "again"));
      expect(again).not.to.deep.equal(known.proof);
      expect(await verifier.verify(again, inputs)).to.equal(true);
    });

    for (const j of [0, 1, 2, 3]) {
      it(`says no when input ${j} is off by one`, async () => {
        expect(
          await verifier.verify(
            known.proof,
            replaced(inputs, j, (x) => x + 1n),
          ),
        ).to.equal(false);
      });

      it(`reverts when input ${j} is an alias or out of range`, async () => {
        for (const alias of [(inputs[j] ?? 0n) + P, P, 2n ** 256n - 1n]) {
          await expect(
            verifier.verify(
              known.proof,
              replaced(inputs, j, () => alias),
            ),
          )
            .to.be.revertedWithCustomError(verifier, "InputOutOfRange")
            .withArgs(alias);
        }
      });
    }

    it("says no when two inputs are swapped", async () => {
      const [root, seed, start, length] = inputs;
      expect(await verifier.verify(known.proof, [seed, root, start, length])).to.equal(false);
      expect(await verifier.verify(known.proof, [root, seed, length, start])).to.equal(false);
    });

    it("says no to any other point of the curve", async () => {
      for (const wrong of [
        { ...proof, a: P - proof.a },
        { ...proof, b: P - proof.b },
        { ...proof, c: P - proof.c },
        { ...proof, a: proof.a + 1n },
        { ...proof, b: proof.b + 1n },
        { ...proof, c: proof.c + 1n },
        { ...proof, a: proof.c, c: proof.a },
      ]) {
        expect(await verifier.verify(encodeProof(wrong), inputs)).to.equal(false);
      }
    });

    it("says no to points at infinity", async () => {
      for (const infinite of [
        { ...proof, a: 0n },
        { ...proof, b: 0n },
        { ...proof, c: 0n },
        { a: 0n, b: 0n, c: 0n },
      ]) {
        expect(await verifier.verify(encodeProof(infinite), inputs)).to.equal(false);
      }
    });

    it("says no to a valid proof under another key", async () => {
      const other = encodeProof(proveWithTrapdoor(drawSecrets("another key"), inputs));
      expect(await verifier.verify(other, inputs)).to.equal(false);
    });

    it("says no to the forgery that a key without a second phase admits", async () => {
      const [x, y] = g1(statement(secrets, inputs));
      expect(await verifier.verify([...key.alpha, ...key.beta, x, Q - y], inputs)).to.equal(false);
    });

    it("reverts when a bit of the proof is flipped", async () => {
      for (let word = 0; word < 8; word++) {
        for (const bit of [0n, 1n, 100n, 253n, 255n]) {
          const flipped = replaced(known.proof, word, (x) => x ^ (1n << bit));
          await expect(verifier.verify(flipped, inputs)).to.be.revert(chain.ethers);
        }
      }
    });

    it("reverts for each coordinate that is an alias", async () => {
      for (let word = 0; word < 8; word++) {
        const alias = present(known.proof[word]) + Q;
        await expect(
          verifier.verify(
            replaced(known.proof, word, () => alias),
            inputs,
          ),
        )
          .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
          .withArgs(alias);
      }
    });

    it("reverts for an alias of infinity", async () => {
      await expect(
        verifier.verify(
          replaced(known.proof, 0, () => Q),
          inputs,
        ),
      )
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(Q);
    });

    it("reverts for a point of the curve outside G2", async () => {
      const [ax, ay, , , , , cx, cy] = known.proof;
      await expect(verifier.verify([ax, ay, ...outsideG2(), cx, cy], inputs))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(PAIRING);
    });
  });

  describe("trouble", () => {
    it("never says no for want of gas", async () => {
      const answers = await answersUnderGas((gasLimit) =>
        verifier.verify.staticCall(known.proof, inputs, { gasLimit }),
      );
      expect(answers).to.deep.equal(new Set([true, "reverted"]));
    });

    for (const [state, code] of Object.entries(BROKEN)) {
      for (const { precompile, name } of [
        { precompile: 6, name: "addition" },
        { precompile: 7, name: "multiplication" },
        { precompile: 8, name: "pairing" },
      ] as const) {
        it(`reverts when the precompile of ${name} is ${state}`, async () => {
          const factory = await breakableFactory(
            chain,
            SOURCE,
            present((await chain.ethers.getSigners())[0]),
          );
          const breakable = (await factory.deploy(key, known)) as unknown as Groth16Verifier;
          expect(await breakable.verify(known.proof, inputs)).to.equal(true);
          expect(await breakable.verifyBatch([known.proof], [inputs])).to.equal(true);

          await breakPrecompile(chain, precompile, code);
          for (const ask of [
            () => breakable.verify(known.proof, inputs),
            () => breakable.verifyBatch([known.proof], [inputs]),
          ]) {
            await expect(ask())
              .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
              .withArgs(precompile);
          }
        });
      }
    }

    it("costs at most 205,000 gas to verify the whole of a vNode, 6,700 more for a part", async () => {
      const part: Inputs = [1n, 2n, 3n, 4n];
      const whole = verifier.interface.encodeFunctionData("verify", [known.proof, inputs]);
      const ranged = verifier.interface.encodeFunctionData("verify", [
        encodeProof(proveWithTrapdoor(secrets, part)),
        part,
      ]);
      const gas = await executionGas(chain, verifier, whole);
      expect(gas).to.be.at.most(205_000n);
      expect((await executionGas(chain, verifier, ranged)) - gas).to.be.within(0n, 6_700n);
    });
  });
});
