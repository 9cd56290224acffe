// prove-folder on the tiny profile: what it writes verifies, says what was committed, and bad folders leave nothing.
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import { groth16, type Groth16Proof } from "snarkjs";
import { loadProvingArtifacts, loadVerificationKey } from "../../circuits/artifacts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { ensureProfile } from "../../keys/make.ts";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, type HashEngine } from "../../protocol/segment.ts";
import { proveFolder, type ProvenFolder, type ProveFolderOptions } from "../../prover/folder.ts";
import { errorOf } from "../helpers/errors.ts";
import { honestStatement } from "../helpers/statement.ts";

const SEED = 12345n;

describe("prover: folder", function () {
  this.timeout(60_000);
  let dir: string;
  let out: string;
  before(() => ensureProfile("tiny"));
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "holdfast-folder-"));
    out = join(dir, "proofs", "new");
  });
  afterEach(() => rm(dir, { recursive: true }));

  const prove = (
    changes: Partial<ProveFolderOptions> = {},
    hashEngine: HashEngine = referenceEngine,
  ): Promise<ProvenFolder> =>
    proveFolder({ dir, out, profile: "tiny", seed: SEED, ...changes }, { hashEngine });
  const put = (name: string, bytes: Uint8Array | string): Promise<void> => writeFile(join(dir, name), bytes);
  const expectNothingWritten = async (): Promise<void> => {
    expect(await errorOf(readdir(out))).to.include({ code: "ENOENT" });
  };

  it("commits the files in name order and writes a proof that snarkjs verifies", async () => {
    const { directory, segments, samples } = honestStatement({
      profile: PROFILES.tiny,
      seed: SEED,
      sizes: [3000, 10, 9000],
    });
    for (const [i, name] of ["B", "a", "ab"].entries()) await put(name, segments[i] ?? new Uint8Array());
    await mkdir(join(dir, "A folder"));
    await symlink(join(dir, "a"), join(dir, "a link"));

    const proven = await prove();

    expect(proven).to.deep.include({ profile: "tiny", files: 3, bytes: 12_010, total: 27 });
    expect(BigInt(proven.directoryRoot)).to.equal(directory.root);
    expect(proven.positions).to.deep.equal(samples.map(({ position }) => position));
    const proof = JSON.parse(await readFile(join(out, "proof.json"), "utf8")) as Groth16Proof;
    const publicSignals = JSON.parse(await readFile(join(out, "public.json"), "utf8")) as string[];
    expect(publicSignals).to.deep.equal([directory.root, SEED, 0n, 27n].map(String));
    expect(await groth16.verify(await loadVerificationKey("tiny"), publicSignals, proof)).to.equal(true);
    expect((await readdir(out)).sort()).to.deep.equal(["proof.json", "public.json"]);
  });

  it("proves files that fill whole leaves, whole groups and the whole segment", async () => {
    await put("a", Buffer.alloc(496, 1));
    await put("b", Buffer.alloc(16 * 496, 2));
    await put("c", Buffer.alloc(maxBytes(PROFILES.tiny), 3));
    expect((await prove({ seed: 2n ** 248n - 1n })).total).to.equal(2 + 17 + 256);
  });

  it("refuses a folder that is missing, a file, or without files", async () => {
    expect(await errorOf(prove({ dir: join(dir, "nowhere") }))).to.include({ code: "not-found" });
    expect((await errorOf(prove())).message).to.include("there is nothing to prove");
    await put("a", "x");
    expect(await errorOf(prove({ dir: join(dir, "a") }))).to.include({ code: "not-found" });
    await expectNothingWritten();
  });

  it("refuses an empty file and names it", async () => {
    await put("a", "x");
    await put("b", "");
    const error = await errorOf(prove());
    expect(error).to.include({ code: "bad-input" });
    expect(error.message).to.include(join(dir, "b"));
    await expectNothingWritten();
  });

  it("refuses a file over the profile's limit with both sizes", async () => {
    await put("a", Buffer.alloc(maxBytes(PROFILES.tiny) + 1));
    const error = await errorOf(prove());
    expect(error).to.include({ code: "too-large" });
    expect(error.message).to.include("126976 bytes").and.include("takes 126975");
    await expectNothingWritten();
  });

  it("refuses more files than a directory holds", async () => {
    for (let i = 0; i < 17; i++) await put(String(i), "x");
    expect((await errorOf(prove())).message)
      .to.include("17 files")
      .and.include("holds 16");
    await expectNothingWritten();
  });

  it("refuses a seed of 249 bits and an unknown profile", async () => {
    await put("a", "x");
    expect(await errorOf(prove({ seed: 2n ** 248n }))).to.be.instanceOf(RangeError);
    expect(await errorOf(prove({ seed: -1n }))).to.be.instanceOf(RangeError);
    expect((await errorOf(prove({ profile: "huge" as "tiny" }))).message).to.include("tiny, demo, standard");
  });

  it("notices a file that changes after it was committed", async () => {
    await put("a", Buffer.alloc(5000, 1));
    let calls = 0;
    const meddling: HashEngine = {
      ...referenceEngine,
      hashNodes(...args) {
        if (calls++ === 0) writeFileSync(join(dir, "a"), Buffer.alloc(5000, 2));
        return referenceEngine.hashNodes(...args);
      },
    };
    expect(await errorOf(prove({}, meddling))).to.include({ code: "corrupt" });
    await expectNothingWritten();
  });

  describe("by a program of somebody else's", () => {
    const { directory, segments } = honestStatement({ profile: PROFILES.tiny, seed: SEED, sizes: [1000] });
    /** Of the statement about this folder, and of another one. */
    const proofs: Record<"right" | "wrong", string> = { right: "", wrong: "" };
    const signals = [directory.root, SEED, 0n, BigInt(directory.total)].map(String);
    before(async () => {
      const engine = await createEngine(await loadProvingArtifacts("tiny"));
      for (const [name, seed] of [
        ["right", SEED],
        ["wrong", 1n],
      ] as const) {
        const { input } = honestStatement({ profile: PROFILES.tiny, seed, sizes: [1000] });
        proofs[name] = JSON.stringify((await engine.prove(input)).proof);
      }
    });
    const program = async (proof: string): Promise<string> => {
      const engine = join(dir, "..", `${basename(dir)}.sh`);
      const lines = ["#!/bin/sh", `echo '${proof}' > "$3"`, `echo '${JSON.stringify(signals)}' > "$4"`];
      await writeFile(engine, lines.join("\n"), { mode: 0o700 });
      return engine;
    };
    afterEach(() => rm(join(dir, "..", `${basename(dir)}.sh`), { force: true }));

    it("writes the proof that it made", async () => {
      await put("a", segments[0] ?? new Uint8Array());
      const proven = await prove({ engine: await program(proofs.right) });
      const written = JSON.parse(await readFile(proven.proof, "utf8")) as Groth16Proof;
      expect(written).to.deep.equal(JSON.parse(proofs.right));
    });

    it("writes no proof that does not verify", async () => {
      await put("a", segments[0] ?? new Uint8Array());
      const error = await errorOf(prove({ engine: await program(proofs.wrong) }));
      expect(error).to.include({ code: "proof" });
      expect(error.message).to.include("does not verify under its own key");
      await expectNothingWritten();
    });
  });

  it("ends on its signal and writes nothing", async () => {
    await put("a", "x");
    expect(await errorOf(prove({ signal: AbortSignal.abort() }))).to.include({ name: "AbortError" });
    await expectNothingWritten();
  });
});
