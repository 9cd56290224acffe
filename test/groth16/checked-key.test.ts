// A key's file that changes after it was checked: nothing is proved with it, and it is named.
import { createHash, randomBytes } from "node:crypto";
import { copyFile, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { artifactPaths, loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { loadBackend, openProver } from "../../groth16/engines.ts";
import { readProverKey } from "../../groth16/prover-key.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { readZkeyFile } from "../../groth16/zkey-reader.ts";
import { requireSafeKey } from "../../keys/key-gate.ts";
import { ensureProfile } from "../../keys/make.ts";
import type { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { openChecked } from "../../system/checked-file.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { honestStatement } from "../helpers/statement.ts";

const BLOCK = 2 ** 20;

describe("system: a file that was checked", () => {
  const folder = useFolder();
  const content = randomBytes(2 * BLOCK + 1000);
  const hash = createHash("sha256").update(content).digest("hex");
  let path: string;
  beforeEach(async () => {
    path = join(folder(), "file");
    await writeFile(path, content);
  });
  const overwrite = async (at: number): Promise<void> => {
    const file = await open(path, "r+");
    await file.write(Uint8Array.of((content[at] as number) ^ 1), 0, 1, at);
    await file.close();
  };

  it("gives its bytes, within its blocks, across them, and up to its end", async () => {
    const file = await openChecked(path, hash);
    expect(file.size).to.equal(content.length);
    for (const [at, length] of [
      [0, 1],
      [BLOCK - 3, 6],
      [10, 2 * BLOCK],
      [0, content.length],
      [content.length - 5, 5],
      [7, 0],
    ] as const) {
      const target = new Uint8Array(length);
      expect(await file.read(at, target)).to.equal(length);
      expect(Buffer.compare(target, content.subarray(at, at + length))).to.equal(0);
    }
    expect(await file.read(content.length - 5, new Uint8Array(9))).to.equal(5);
    expect(await file.read(content.length + 5, new Uint8Array(9))).to.equal(0);
    await file.close();
  });

  it("is refused with another hash", async () => {
    const error = await holdfastErrorOf(
      openChecked(
        path,
        hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      ),
    );
    expect(error).to.include({ code: "key" });
    expect(error.message).to.include(path);
    expect(await holdfastErrorOf(openChecked(join(folder(), "none"), hash))).to.include({
      code: "not-found",
    });
  });

  it("is refused where it changes later, and not elsewhere", async () => {
    const file = await openChecked(path, hash);
    await overwrite(2 * BLOCK + 1);
    expect(await file.read(5, new Uint8Array(BLOCK))).to.equal(BLOCK);
    const error = await holdfastErrorOf(file.read(2 * BLOCK - 1, new Uint8Array(2)));
    expect(error).to.include({ code: "key" });
    expect(error.message).to.include(`${path} has changed`);
    await writeFile(path, content.subarray(0, 100));
    expect(await holdfastErrorOf(file.read(0, new Uint8Array(2)))).to.include({ code: "key" });
    await file.close();
  });

  it("is the old one when another takes its name", async () => {
    const file = await openChecked(path, hash);
    await writeFile(`${path}.new`, new Uint8Array(100));
    await rename(`${path}.new`, path);
    const target = new Uint8Array(content.length);
    await file.read(0, target);
    expect(Buffer.compare(target, content)).to.equal(0);
    await file.close();
  });
});

describe("prover: a key that is not what was checked", function () {
  this.timeout(60_000);
  const folder = useFolder();
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 1n, sizes: [1000] });
  let artifacts: ProvingArtifacts;
  before(() => ensureProfile("tiny"));
  beforeEach(async () => {
    const zkey = join(folder(), "circuit.zkey");
    await copyFile(artifactPaths("tiny").zkey, zkey);
    artifacts = { ...(await loadProvingArtifacts("tiny")), zkey };
  });
  /** A bit of the file's last section, which no prover reads. */
  const change = async (): Promise<void> => flip(artifacts.zkey, (await readFile(artifacts.zkey)).length - 1);
  const expectNamed = ({ code, message }: HoldfastError): void => {
    expect(code).to.equal("key");
    expect(message).to.include(`${artifacts.zkey} has changed since it was checked`);
  };
  const program = async (...lines: string[]): Promise<string> => {
    const path = join(folder(), "prover.sh");
    await writeFile(path, ["#!/bin/sh", ...lines].join("\n"), { mode: 0o700 });
    return path;
  };

  it("is refused by every engine, also by the one that takes another's place", async () => {
    for (const engine of ["wasm", "snarkjs", await program("exit 1")]) await loadBackend(engine, artifacts);
    await change();
    for (const engine of ["wasm", "snarkjs", await program("exit 1")]) {
      expectNamed(await holdfastErrorOf(loadBackend(engine, artifacts)));
      expectNamed(await holdfastErrorOf(createEngine(artifacts, { engine })));
    }
    expectNamed(await holdfastErrorOf(readProverKey(artifacts.zkey, artifacts.zkeyHash)));
    expectNamed(await holdfastErrorOf(readZkeyFile(artifacts.zkey, artifacts.zkeyHash)));
  });

  it("is not taken for safe", async () => {
    await requireSafeKey("tiny", { chainId: 31337n, artifacts });
    await change();
    expectNamed(await holdfastErrorOf(requireSafeKey("tiny", { chainId: 31337n, artifacts })));
  });

  it("is not given to a program, until the right one is back", async () => {
    const seen = join(folder(), "seen");
    const prover = await openProver(
      await loadBackend(await program(`echo run >> ${seen}`, "exit 1"), artifacts),
    );
    const witness = await calculateWitness(artifacts.wasm, input);
    const said = async (): Promise<HoldfastError> => holdfastErrorOf(prover.prove(witness));
    expect(await said()).to.include({ code: "io" });
    await change();
    expectNamed(await said());
    await rm(artifacts.zkey);
    const gone = await said();
    expect(gone).to.include({ code: "key" });
    expect(gone.message).to.include(`${artifacts.zkey} cannot be read`);
    expect(await readFile(seen, "utf8")).to.equal("run\n");
    await copyFile(artifactPaths("tiny").zkey, artifacts.zkey);
    expect(await said()).to.include({ code: "io" });
    const reason = new Error("enough");
    const stopped = prover.prove(witness, { signal: AbortSignal.abort(reason) });
    expect(await errorOf(stopped)).to.equal(reason);
  });
});
