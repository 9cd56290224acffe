// Development keys: snarkjs accepts them, outsiders cannot forge with them, and altered or incomplete files are refused.
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { groth16, zKey, type Groth16Proof, type VerificationKey } from "snarkjs";
import {
  artifactPaths,
  loadCircuitManifest,
  loadProvingArtifacts,
  loadVerificationKey,
} from "../../circuits/artifacts.ts";
import { bn254 } from "../../groth16/bn254.ts";
import { readSections, section } from "../../groth16/sections.ts";
import { verifyProof } from "../../groth16/verify.ts";
import { DEVELOPMENT_MARK } from "../../groth16/zkey-reader.ts";
import { ZKEY_SECTION } from "../../groth16/zkey-writer.ts";
import { ensureProfile, makeDevelopmentKey, showKey, type KeyProgress } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { errorOf } from "../helpers/errors.ts";
import { honestStatement } from "../helpers/statement.ts";

describe("client: development keys", function () {
  this.timeout(120_000);
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 12345n, sizes: [3000, 10, 9000] });
  let build: string;
  before(async () => {
    build = await mkdtemp(join(tmpdir(), "holdfast-keys-"));
    await makeDevelopmentKey("tiny", { build });
  });
  after(() => rm(build, { recursive: true }));
  const paths = (): ReturnType<typeof artifactPaths> => artifactPaths("tiny", build);
  const readKey = async (): Promise<VerificationKey> =>
    JSON.parse(await readFile(paths().verificationKey, "utf8")) as VerificationKey;

  it("let snarkjs prove and verify", async () => {
    const { proof, publicSignals } = await groth16.fullProve(input, paths().wasm, paths().zkey);
    expect(await groth16.verify(await readKey(), publicSignals, proof)).to.equal(true);
  });

  it("have the verification key that snarkjs exports from them", async () => {
    expect(await zKey.exportVerificationKey(paths().zkey)).to.deep.equal(await readKey());
    expect(await loadVerificationKey("tiny", build)).to.deep.equal(await readKey());
  });

  it("cannot be forged with as a key that nobody contributed to can", async () => {
    const key = await readKey();
    const { publicSignals } = await groth16.fullProve(input, paths().wasm, paths().zkey);
    const { G1 } = await bn254();
    const vkX = key.IC.slice(1).reduce(
      (sum, point, i) =>
        G1.add(sum, G1.timesScalar(G1.fromObject(point.map(BigInt)), BigInt(publicSignals[i] ?? 0))),
      G1.fromObject((key.IC[0] ?? []).map(BigInt)),
    );
    const minusVkX = (G1.toObject(G1.toAffine(G1.neg(vkX))) as bigint[]).map(String);
    const forged: Groth16Proof = {
      pi_a: key.vk_alpha_1,
      pi_b: key.vk_beta_2,
      pi_c: minusVkX,
      protocol: "groth16",
      curve: "bn128",
    };
    expect(await verifyProof(key, forged, publicSignals)).to.equal(false);
    // With delta instead of gamma the same proof passes, so the forgery is a real one.
    expect(await verifyProof({ ...key, vk_gamma_2: key.vk_delta_2 }, forged, publicSignals)).to.equal(true);
  });

  it("have gamma, delta and the generator of G2 all different", async () => {
    const { vk_gamma_2, vk_delta_2 } = await readKey();
    const { G2 } = await bn254();
    const generator = (G2.toObject(G2.toAffine(G2.g)) as bigint[][]).map((pair) => pair.map(String));
    expect(
      new Set([vk_gamma_2, vk_delta_2, generator].map((point) => JSON.stringify(point))),
    ).to.have.property("size", 3);
  });

  it("say in the manifest and in the file that they are insecure", async () => {
    const manifest = await showKey("tiny", build);
    expect(manifest.key).to.include({ insecure: true, contributions: 0 });
    const contributions = section(
      readSections(await readFile(paths().zkey), "zkey"),
      ZKEY_SECTION.contributions,
      "zkey",
    );
    expect(Buffer.from(contributions.subarray(0, 64)).equals(DEVELOPMENT_MARK)).to.equal(true);
    expect([...contributions.subarray(64)]).to.deep.equal([0, 0, 0, 0]);
  });

  it("are kept by ensureProfile while they fit, and made anew when a file is missing", async () => {
    const before = await loadCircuitManifest("tiny", build);
    expect(await ensureProfile("tiny", { build })).to.deep.equal(before);
    await rm(paths().verificationKey);
    expect(await errorOf(showKey("tiny", build))).to.include({ code: "key" });
    const made = await ensureProfile("tiny", { build });
    expect(made.hashes).to.deep.equal(before.hashes);
    expect(made.key?.zkey).not.to.equal(before.key?.zkey);
    expect(await showKey("tiny", build)).to.deep.equal(made);
  });

  it("report their progress up to the end", async () => {
    const seen: KeyProgress[] = [];
    await makeDevelopmentKey("tiny", { build, log: (progress) => seen.push(progress), threads: 1 });
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).to.deep.equal(fractions.toSorted((a, b) => a - b));
    expect(fractions[0]).to.equal(0);
    expect(new Set(fractions).size).to.be.greaterThan(10);
    expect(fractions.at(-1)).to.equal(1);
    expect(new Set(seen.map(({ phase }) => phase))).to.deep.equal(new Set(["circuit", "points", "files"]));
  });

  it("leave the old key whole and nothing behind when they are aborted", async () => {
    const manifest = await showKey("tiny", build);
    const files = await readdir(paths().dir);
    const controller = new AbortController();
    const log = ({ fraction }: KeyProgress): void => {
      if (fraction > 0.5) controller.abort();
    };
    const error = await errorOf(makeDevelopmentKey("tiny", { build, log, signal: controller.signal }));
    expect(error.name).to.equal("AbortError");
    expect(await readdir(paths().dir)).to.deep.equal(files);
    expect(await showKey("tiny", build)).to.deep.equal(manifest);
    expect(await errorOf(makeDevelopmentKey("tiny", { build, signal: AbortSignal.abort() }))).to.include({
      name: "AbortError",
    });
  });

  describe("that were altered", () => {
    let spare: string;
    before(async () => {
      spare = await mkdtemp(join(tmpdir(), "holdfast-spare-"));
      for (const name of await readdir(paths().dir))
        await copyFile(join(paths().dir, name), join(spare, name));
    });
    afterEach(async () => {
      for (const name of await readdir(spare)) await copyFile(join(spare, name), join(paths().dir, name));
    });
    after(() => rm(spare, { recursive: true }));

    for (const name of ["wasm", "zkey", "verificationKey"] as const) {
      it(`are refused with one bit of the ${name} flipped, and with its end cut off, or without it`, async () => {
        const path = paths()[name];
        const bytes = await readFile(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
        await writeFile(path, bytes);
        const error = await errorOf(loadProvingArtifacts("tiny", build));
        expect(error).to.include({ code: "key" });
        expect(error.message).to.include(path).and.include("make the key again");
        await truncate(path, 100);
        expect(await errorOf(loadProvingArtifacts("tiny", build))).to.include({ code: "key" });
        await rm(path);
        expect(await errorOf(loadProvingArtifacts("tiny", build))).to.include({ code: "key" });
      });
    }

    it("are refused as the key of another circuit even with a manifest that names them", async () => {
      const manifest = await loadCircuitManifest("tiny", build);
      await writeFile(paths().manifest, JSON.stringify({ ...manifest, wires: manifest.wires + 1 }));
      expect((await errorOf(loadProvingArtifacts("tiny", build))).message).to.include("another circuit");
    });

    it("are refused with the manifest of another profile, a broken one, or none", async () => {
      const manifest = await loadCircuitManifest("tiny", build);
      await writeFile(paths().manifest, JSON.stringify({ ...manifest, profile: "demo" }));
      expect(await errorOf(loadCircuitManifest("tiny", build))).to.include({ code: "key" });
      await writeFile(paths().manifest, JSON.stringify({ ...manifest, hashes: {} }));
      expect(await errorOf(loadCircuitManifest("tiny", build))).to.include({ code: "corrupt" });
      await writeFile(paths().manifest, "{");
      expect(await errorOf(loadCircuitManifest("tiny", build))).to.include({ code: "corrupt" });
      await rm(paths().manifest);
      const error = await errorOf(loadCircuitManifest("tiny", build));
      expect(error).to.include({ code: "not-found" });
      expect(error.message).to.include("keys make --profile tiny");
    });

    it("are refused without a key in the manifest", async () => {
      const manifest = await loadCircuitManifest("tiny", build);
      await writeFile(paths().manifest, JSON.stringify({ ...manifest, key: undefined }));
      for (const load of [loadProvingArtifacts, loadVerificationKey, showKey]) {
        expect(await errorOf(load("tiny", build))).to.include({ code: "key" });
      }
    });
  });
});
