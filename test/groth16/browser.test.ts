// The prover as it is in a page, without shared memory, and its proof verified there, by ours and by snarkjs.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { artifactPaths, loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { prepareProver, prepareVerifier } from "../../wasm/prepare.ts";
import { chromium, resultOf } from "../helpers/browser.ts";
import { honestStatement } from "../helpers/statement.ts";

const SCRIPT = `
  import { createProver } from "/groth16/prover.ts";
  import { compileProver } from "/groth16/prover-module.ts";
  import { createVerifier } from "/groth16/verifier.ts";
  const read = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const [zkey, witness, bytes, verifying] = await Promise.all(
    ["/key", "/witness", "/module", "/verifier-module"].map(read),
  );
  const verificationKey = await (await fetch("/verification-key")).json();
  const prover = await createProver(zkey, { module: await compileProver(bytes) });
  const { proof, publicSignals } = await prover.prove(witness);
  await prover.close();
  const verifier = await createVerifier(verificationKey, { module: await compileProver(verifying) });
  const others = publicSignals.with(0, "1");
  export const result = {
    sharesMemory: "SharedArrayBuffer" in globalThis,
    publicSignals,
    verifies: verifier.verify(proof, publicSignals),
    verifiesOthers: verifier.verify(proof, others),
    snarkjsVerifies: await snarkjs.groth16.verify(verificationKey, publicSignals, proof),
    snarkjsVerifiesOthers: await snarkjs.groth16.verify(verificationKey, others, proof),
  };
`;

describe("groth16: a page in Chromium", function () {
  this.timeout(600_000);
  const { input, directory } = honestStatement({ profile: PROFILES.tiny, seed: 7n, sizes: [3000] });
  let program: string;
  let artifacts: ProvingArtifacts;
  before(async function () {
    try {
      program = chromium();
    } catch (error) {
      if (process.env["CI"]) throw error;
      console.log((error as Error).message);
      this.skip();
    }
    await ensureProfile("tiny");
    artifacts = await loadProvingArtifacts("tiny");
  });

  it("proves and verifies, in one thread and without shared memory", async () => {
    const paths = artifactPaths("tiny");
    const result = await resultOf(program, {
      script: SCRIPT,
      files: {
        "/key": await readFile(paths.zkey),
        "/module": await readFile(await prepareProver()),
        "/verifier-module": await readFile(await prepareVerifier()),
        "/witness": await calculateWitness(artifacts.wasm, input),
        "/verification-key": await readFile(paths.verificationKey),
      },
    });
    expect(result).to.deep.equal({
      sharesMemory: false,
      ...{ verifies: true, verifiesOthers: false, snarkjsVerifies: true, snarkjsVerifiesOthers: false },
      publicSignals: [directory.root, 7n, 0n, 7n].map(String),
    });
  });
});
