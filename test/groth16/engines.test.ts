// What makes proofs: which engine is taken, and keys and witnesses that are not what they should be.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { artifactPaths, loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { isUnfit, loadBackend, openProver, type Backend } from "../../groth16/engines.ts";
import { UNFIT } from "../../groth16/prover-module.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { ensureProfile } from "../../keys/make.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { errorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";
import { honestStatement } from "../helpers/statement.ts";

/** Of a key's header: the length of q, q, the length of r, r, then counts. */
const HEADER_AT = 12 + 12 + 4 + 12;
const R_AT = HEADER_AT + 4 + 32 + 4;

describe("prover: engines", function () {
  this.timeout(60_000);
  const folder = useFolder();
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 1n, sizes: [1000] });
  let artifacts: ProvingArtifacts;
  let witness: Uint8Array;
  before(async () => {
    await ensureProfile("tiny");
    artifacts = await loadProvingArtifacts("tiny");
    witness = await calculateWitness(artifacts.wasm, input);
  });

  const written = async (change: (zkey: Buffer) => Buffer): Promise<string> => {
    const path = join(folder(), "other.zkey");
    await writeFile(path, change(await readFile(artifactPaths("tiny").zkey)));
    return path;
  };
  const opened = async (zkey: string): Promise<unknown> => openProver(await loadBackend("snarkjs", { zkey }));

  it("are our own, snarkjs, or a program that can be run", async () => {
    expect((await loadBackend("wasm", artifacts)).kind).to.equal("wasm");
    expect((await loadBackend("snarkjs", artifacts)).kind).to.equal("snarkjs");
    expect(await loadBackend(process.execPath, artifacts)).to.deep.equal({
      ...{
        kind: "external",
        program: process.execPath,
        zkey: artifacts.zkey,
        zkeyHash: artifacts.zkeyHash,
        scratch: undefined,
        wires: artifacts.manifest.wires,
        publicInputs: 4,
      },
    });
  });

  it("are nothing that is no file, a folder, or a file that may not be run", async () => {
    const path = join(folder(), "prover");
    await writeFile(path, "#!/bin/sh\n", { mode: 0o600 });
    for (const program of [path, folder(), join(folder(), "none"), "wasn"]) {
      const error = await errorOf(loadBackend(program, artifacts));
      expect(error).to.include({ code: "bad-input" });
      expect(error.message).to.include(`"${program}" is neither wasm nor snarkjs nor a program`);
    }
  });

  it("refuse a key that is cut off", async () => {
    for (const left of [0, 11, HEADER_AT + 20, 100_000]) {
      const cut = await written((zkey) => zkey.subarray(0, left));
      expect(await errorOf(opened(cut)), String(left)).to.include({ code: "corrupt" });
    }
  });

  it("refuse a key of another curve", async () => {
    const other = await written((zkey) => {
      zkey.writeUInt8((zkey.at(R_AT) ?? 0) ^ 1, R_AT);
      return zkey;
    });
    expect(await errorOf(opened(other))).to.include({ code: "key" });
    const longer = await written((zkey) => {
      zkey.writeUInt32LE(48, HEADER_AT);
      return zkey;
    });
    expect(await errorOf(opened(longer))).to.include({ code: "key" });
  });

  it("refuse a witness of another circuit, and what is none", async () => {
    const prover = await openProver(await loadBackend("snarkjs", artifacts));
    const longer = new Uint8Array(witness.length + 32);
    longer.set(witness);
    const view = new DataView(longer.buffer);
    const wires = view.getUint32(60, true); // after the prime
    view.setUint32(60, wires + 1, true);
    view.setUint32(68, 32 * (wires + 1), true);
    const error = await errorOf(prover.prove(longer));
    expect(error).to.include({ code: "bad-input" });
    expect(error.message).to.include(`${wires + 1} wires`);
    const otherField = Uint8Array.from(witness);
    otherField[28] = (otherField[28] ?? 0) ^ 2;
    expect(await errorOf(prover.prove(otherField))).to.include({ code: "bad-input" });
    expect(await errorOf(prover.prove(witness.subarray(0, 1000)))).to.include({ code: "corrupt" });
    expect(await errorOf(prover.prove(new Uint8Array(100)))).to.include({ code: "corrupt" });
  });

  it("give way to snarkjs where ours does not run, and say so once", async () => {
    const lines: string[] = [];
    const kinds: string[] = [];
    const open = (backend: Backend): ReturnType<typeof openProver> => {
      kinds.push(backend.kind);
      if (backend.kind === "wasm") return Promise.reject(new HoldfastError("io", "nothing is fused here"));
      return openProver(backend);
    };
    const engine = await createEngine(artifacts, { log: (line) => lines.push(line) }, { open });
    const { proof, publicSignals } = await engine.prove(input);
    expect(await engine.verify(proof, publicSignals)).to.equal(true);
    expect(kinds).to.deep.equal(["wasm", "snarkjs"]);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include("snarkjs takes its place: nothing is fused here");
  });

  it("do not give way because a key is broken, or if another one was asked for", async () => {
    const wasm = await loadBackend("wasm", artifacts);
    for (const code of ["corrupt", "key", "bad-input", "not-found", "aborted"] as const)
      expect(isUnfit(wasm, new HoldfastError(code, "")), code).to.equal(false);
    expect(isUnfit(wasm, new RangeError("could not allocate memory"))).to.equal(false);
    expect(isUnfit(wasm, new HoldfastError("io", UNFIT))).to.equal(true);
    const broken = (): Promise<never> => Promise.reject(new HoldfastError("io", "broken"));
    for (const engine of ["snarkjs", process.execPath]) {
      const error = await errorOf(createEngine(artifacts, { engine }, { open: broken }));
      expect(error.message).to.equal("broken");
    }
  });
});
