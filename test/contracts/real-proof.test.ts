// The verifier with a real key and real proofs of the tiny circuit.
import { expect } from "chai";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { testChain } from "../../evidence/world/contracts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { inputWords, keyWords, proofWords, type InputWords, type ProofWords } from "../../groth16/words.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import type { Groth16Verifier } from "../../types/ethers/index.js";
import { honestStatement } from "../helpers/statement.ts";

describe("contracts: Groth16Verifier with a circuit's key", function () {
  this.timeout(120_000);
  let verifier: Groth16Verifier;
  let proof: ProofWords;
  let inputs: InputWords;
  before(async () => {
    await ensureProfile("tiny");
    const artifacts = await loadProvingArtifacts("tiny");
    const known = await makeKnownAnswer("tiny");
    const { ethers } = await testChain();
    verifier = await ethers.deployContract("Groth16Verifier", [
      keyWords(artifacts.verificationKey),
      { proof: proofWords(known.proof), inputs: inputWords(known.publicSignals) },
    ]);

    const engine = await createEngine(artifacts);
    const { input } = honestStatement({ profile: PROFILES.tiny, seed: 7n, sizes: [3000, 10] });
    const proven = await engine.prove(input);
    await engine.close();
    [proof, inputs] = [proofWords(proven.proof), inputWords(proven.publicSignals)];
  });

  it("accepts a proof that snarkjs made", async () => {
    expect(await verifier.verify(proof, inputs)).to.equal(true);
    expect(await verifier.verifyBatch([proof, proof], [inputs, inputs])).to.equal(true);
  });

  it("says no for every other seed, root, start and length", async () => {
    for (const i of inputs.keys()) {
      const changed = inputs.with(i, (inputs[i] ?? 0n) + 1n) as InputWords;
      expect(await verifier.verify(proof, changed)).to.equal(false);
    }
  });
});
