// The key of a ceremony: its uses, and which keys pass the gate where.
import { cp, copyFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { groth16, zKey, type Groth16Proof, type VerificationKey } from "snarkjs";
import { artifactPaths, loadCircuitManifest, loadVerificationKey } from "../../../circuits/artifacts.ts";
import { connect, latestTime, type Chain } from "../../../client/chain.ts";
import { addToDeployment } from "../../../client/deployment/add.ts";
import { deploy, type DeployOptions } from "../../../client/deployment/deploy.ts";
import { deployedKeys } from "../../../client/deployment/deployed-key.ts";
import { verifierStep } from "../../../client/deployment/plan.ts";
import { developmentAccounts } from "../../../contracts/accounts.ts";
import { publicKeyOf } from "../../../drand/rounds.ts";
import { present } from "../../../evidence/world/present.ts";
import { bn254 } from "../../../groth16/bn254.ts";
import { verifyProof } from "../../../groth16/verify.ts";
import type { SnarkjsKey } from "../../../groth16/words.ts";
import { circuitFolder, initialKey } from "../../../keys/ceremony/folder.ts";
import { checkKey } from "../../../keys/check.ts";
import { requireSafeKey, refuseForgeable } from "../../../keys/key-gate.ts";
import { makeKnownAnswer } from "../../../keys/known-answer.ts";
import { ensureProfile, makeDevelopmentKey } from "../../../keys/make.ts";
import { PROFILES } from "../../../protocol/profiles.ts";
import { sha256File, writeJson } from "../../../system/files.ts";
import {
  changeByte,
  coordinator,
  forge,
  LOCAL,
  MIN,
  PUBLIC,
  refusal,
  type SharedCeremony,
} from "../../helpers/ceremony.ts";
import { errorIn, holdfast, type CliResult } from "../../helpers/cli.ts";
import { serveChain, type ServedChain } from "../../helpers/deployments.ts";
import { honestStatement } from "../../helpers/statement.ts";

export function testKey({ held, trusted, insecure, path, check, full, pass }: SharedCeremony): void {
  const checkInsecure = (): string[] => [
    "keys",
    "check",
    "--profile",
    "tiny",
    "--build",
    insecure(),
    "--min-contributions",
    "3",
    "--json",
  ];

  describe("makes a key", () => {
    it("that every check lets pass, with which one can prove and verify", async () => {
      const { checked } = await checkKey("tiny", {
        build: trusted(),
        trust: held().trust,
        minContributions: MIN,
        coordinator: coordinator.address,
        ...full(),
        compiled: circuitFolder(held().dir),
      });
      expect(checked).to.have.length(5);
      await pass(trusted(), PUBLIC);
      const { input } = honestStatement({ profile: PROFILES.tiny, seed: 12345n, sizes: [3000, 10] });
      const { wasm, zkey } = artifactPaths("tiny", trusted());
      const { proof, publicSignals } = await groth16.fullProve(input, wasm, zkey);
      expect(await verifyProof(await loadVerificationKey("tiny", trusted()), proof, publicSignals)).to.equal(
        true,
      );
    });

    it("that is for local chains only if the powers were not public", async () => {
      await requireSafeKey("tiny", { build: insecure(), chainId: LOCAL, zkey: true });
      expect(await refusal(requireSafeKey("tiny", { build: insecure(), chainId: PUBLIC }))).to.include(
        "made for development",
      );
      const { code, message } = errorIn(await holdfast(...checkInsecure()));
      expect(code).to.equal("key");
      expect(message).to.include("marked as insecure");
    });

    it("that a development key does not overwrite", async () => {
      expect(await refusal(makeDevelopmentKey("tiny", { build: trusted() }))).to.include(
        "move the folder away",
      );
      const build = path("unnamed");
      await cp(trusted(), build, { recursive: true });
      const { manifest: file } = artifactPaths("tiny", build);
      await writeJson(file, { ...(await loadCircuitManifest("tiny", build)), key: undefined });
      expect(await refusal(ensureProfile("tiny", { build }))).to.include("move the folder away");
    });

    it("that stays, with its circuit, where the sources have become those of another one", async () => {
      const build = path("older");
      await cp(trusted(), build, { recursive: true });
      const { dir, manifest: file, r1cs } = artifactPaths("tiny", build);
      await changeByte(r1cs, -1);
      const manifest = await loadCircuitManifest("tiny", build);
      const hashes = { ...manifest.hashes, r1cs: await sha256File(r1cs) };
      await writeJson(file, { ...manifest, sources: "0".repeat(64), hashes });
      const contents = async (): Promise<string[]> =>
        Promise.all((await readdir(dir)).map((name) => sha256File(join(dir, name))));
      const before = await contents();
      expect(await refusal(ensureProfile("tiny", { build })))
        .to.include(`${dir} has a tiny key that is not a development key`)
        .and.include("check out the sources");
      expect(await contents()).to.deep.equal(before);
    });

    describe("that a deployment can be asked for", () => {
      let served: ServedChain;
      let options: DeployOptions;
      let chain: Chain;
      const { privateKey } = present(developmentAccounts(1)[0]);
      before(async () => {
        served = await serveChain();
        const signer = new Wallet(privateKey, served.provider);
        const genesis = await latestTime(signer);
        options = {
          signer,
          treasury: signer.address,
          profile: "tiny",
          epochSeconds: 20,
          protocolFee: 200,
          genesis,
          drand: { publicKey: publicKeyOf(5n), genesis: genesis - 1, period: 1 },
          verificationKey: await loadVerificationKey("tiny"),
          knownAnswer: await makeKnownAnswer("tiny"),
        };
        const { audits } = await deploy(options);
        chain = await connect({ rpcUrl: served.url, audits, privateKey });
      });
      after(async () => {
        chain.close();
        await served.close();
      });
      const ask = (): Promise<CliResult> =>
        holdfast(
          ...checkInsecure(),
          "--allow-insecure",
          "--rpc",
          served.url,
          "--audits",
          chain.addresses.audits,
        );

      it("and that one with another key, or with no profile of the key's parameters, does not have", async () => {
        const { code, message } = errorIn(await ask());
        expect(code).to.equal("key");
        expect(message).to.include("profile 0 has the parameters of tiny, but another key");
        const { verificationKey } = options;
        const none = await refusal(deployedKeys(chain)({ profile: "demo", verificationKey }));
        expect(none).to.include("no profile of").and.include("has the parameters of demo");
      });

      it("and that is found under each of its numbers in one that does", async () => {
        const verificationKey = await loadVerificationKey("tiny", trusted());
        const knownAnswer = await makeKnownAnswer("tiny", trusted());
        const step = verifierStep({ profile: "tiny", verificationKey, knownAnswer });
        const { samples, dataDepth, directoryDepth } = PROFILES.tiny;
        const argument = (verifier: string) => ({ verifier, samples, dataDepth, directoryDepth });
        const addition = { chain, step, method: "addProfile", argument } as const;
        const { address: at, ...added } = await addToDeployment(addition);
        expect(added).to.include({ added: true, index: "1" });
        expect(await addToDeployment({ ...addition, at })).to.include({ added: true, index: "2" });

        const { stdout, stderr } = await ask();
        expect(stderr).to.equal("");
        const said = { ok: true, insecure: true, coordinator: coordinator.address, deployedAs: [1, 2] };
        expect(JSON.parse(stdout)).to.deep.include(said);
        expect(stdout).to.include(`of ${chain.addresses.audits}, the profiles 1, 2 have this key`);
      });

      it("but that nobody deploys before somebody has contributed", async () => {
        const bare = await zKey.exportVerificationKey(initialKey(held().dir));
        const message = await refusal(deploy({ ...options, verificationKey: bare }));
        expect(message).to.include("delta equals its gamma");
      });
    });
  });

  describe("gate", () => {
    it("refuses a key that nobody contributed to, with which anybody can forge", async () => {
      const key = await zKey.exportVerificationKey(initialKey(held().dir));
      const inputs = ["1", "2", "3", "4"];
      const forged = await forgedProof(key, inputs);
      expect(await groth16.verify(key, inputs, forged)).to.equal(true);
      expect(await groth16.verify(await loadVerificationKey("tiny", trusted()), inputs, forged)).to.equal(
        false,
      );
      const message = await refusal(
        refuseForgeable({ insecure: true, verificationKey: key, chainId: LOCAL }),
      );
      expect(message).to.include("delta equals its gamma");

      const build = path("bare-key");
      await forge(trusted(), build, async ({ zkey, verificationKey }, transcript) => {
        await copyFile(initialKey(held().dir), zkey);
        await writeJson(verificationKey, key);
        return transcript;
      });
      for (const refused of [pass(build, LOCAL), check(build)])
        expect(await refusal(refused)).to.include("delta equals its gamma");
    });

    it("refuses a key whose delta is the generator, whatever its gamma is", async () => {
      const { vk_delta_2: generator } = await zKey.exportVerificationKey(initialKey(held().dir));
      const key = { ...(await loadVerificationKey("tiny")), vk_delta_2: generator };
      const message = await refusal(
        refuseForgeable({ insecure: true, verificationKey: key, chainId: LOCAL }),
      );
      expect(message).to.include("generator of G2");
    });

    it("refuses a development key on a public chain, even under a manifest that calls it secure", async () => {
      await requireSafeKey("tiny", { chainId: LOCAL, zkey: true });
      expect(await refusal(requireSafeKey("tiny", { chainId: PUBLIC, zkey: true }))).to.include(
        "made for development",
      );
      expect(await refusal(checkKey("tiny"))).to.include("development key");
      const build = path("renamed");
      await cp(artifactPaths("tiny").dir, artifactPaths("tiny", build).dir, { recursive: true });
      const { manifest: file } = artifactPaths("tiny", build);
      const manifest = JSON.parse(await readFile(file, "utf8")) as { key: object };
      await writeJson(file, { ...manifest, key: { ...manifest.key, insecure: false, contributions: 100 } });
      expect(await refusal(requireSafeKey("tiny", { build, chainId: PUBLIC, zkey: true }))).to.include(
        "no transcript",
      );
    });

    it("asks for ten contributions on a public chain", async () => {
      const few = requireSafeKey("tiny", { build: trusted(), chainId: PUBLIC, trust: held().trust });
      expect(await refusal(few)).to.include("at least 10");
    });

    it("refuses powers and a beacon that are not public under a manifest that calls the key secure", async () => {
      expect(
        await refusal(requireSafeKey("tiny", { build: trusted(), chainId: PUBLIC, minContributions: MIN })),
      ).to.include("not a published powers-of-tau file");
      const trust = { ...held().trust, drand: [] };
      const unknown = requireSafeKey("tiny", {
        build: trusted(),
        chainId: PUBLIC,
        minContributions: MIN,
        trust,
      });
      expect(await refusal(unknown)).to.include("not come from a public drand network");
    });
  });
}

/** A = alpha, B = beta, C = -vk_x: proves anything where gamma = delta. */
async function forgedProof(key: VerificationKey, inputs: readonly string[]): Promise<Groth16Proof> {
  const { G1 } = await bn254();
  const point = (i: number): Uint8Array => G1.fromObject(present((key as SnarkjsKey).IC[i]).map(BigInt));
  const vkX = inputs.reduce(
    (sum, input, i) => G1.add(sum, G1.timesScalar(point(i + 1), BigInt(input))),
    point(0),
  );
  const pi_c = (G1.toObject(G1.toAffine(G1.neg(vkX))) as bigint[]).map(String);
  return { pi_a: key.vk_alpha_1, pi_b: key.vk_beta_2, pi_c, protocol: "groth16", curve: "bn128" };
}
