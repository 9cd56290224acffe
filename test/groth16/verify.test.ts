// Verifying off-chain: as strict as the contract, although the library alone is not.
import { expect } from "chai";
import { loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { verifyWords } from "../../groth16/verify.ts";
import { proofWords } from "../../groth16/words.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { honestStatement } from "../helpers/statement.ts";

describe("verifier: a proof off-chain", function () {
  this.timeout(120_000);
  let artifacts: ProvingArtifacts;
  let proof: readonly bigint[];
  let inputs: bigint[];
  before(async () => {
    artifacts = await loadProvingArtifacts("tiny");
    const { input } = honestStatement({ profile: PROFILES.tiny, seed: 99n, sizes: [3000] });
    const engine = await createEngine(artifacts);
    const made = await engine.prove(input);
    await engine.close();
    proof = proofWords(made.proof);
    inputs = made.publicSignals.map(BigInt);
  });
  const verify = (words: readonly bigint[], signals: readonly bigint[]): Promise<boolean> =>
    verifyWords(artifacts.verificationKey, words, signals);

  it("accepts an honest one", async () => {
    expect(await verify(proof, inputs)).to.equal(true);
  });

  it("refuses each public input changed, its alias, and a wrong number of them", async () => {
    const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    for (const i of inputs.keys()) {
      expect(await verify(proof, inputs.with(i, (inputs[i] ?? 0n) + 1n)), `input ${i}`).to.equal(false);
      expect(await verify(proof, inputs.with(i, (inputs[i] ?? 0n) + r)), `alias of ${i}`).to.equal(false);
    }
    expect(await verify(proof, inputs.slice(1))).to.equal(false);
    expect(await verify(proof, [...inputs, 0n])).to.equal(false);
  });

  it("refuses each coordinate changed, its alias, and a wrong number of them", async () => {
    const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
    for (const i of proof.keys()) {
      expect(await verify(proof.with(i, (proof[i] ?? 0n) + 1n), inputs), `coordinate ${i}`).to.equal(false);
      expect(await verify(proof.with(i, (proof[i] ?? 0n) + q), inputs), `alias of ${i}`).to.equal(false);
    }
    expect(await verify(proof.slice(1), inputs)).to.equal(false);
    expect(await verify([], inputs)).to.equal(false);
  });
});
