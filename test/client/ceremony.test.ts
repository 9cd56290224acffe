// Keys that strangers can trust: a whole ceremony, what each step refuses, and every way in which its result could be spoilt.
import { expect } from "chai";
import { cp, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Wallet } from "ethers";
import { groth16, zKey, type Groth16Proof, type VerificationKey } from "snarkjs";
import { artifactPaths, loadManifest, loadVerificationKey } from "../../circuits/artifacts.ts";
import { bn254 } from "../../circuits/bn254.ts";
import { sha256File, writeJson } from "../../circuits/files.ts";
import { isPublic, passKey, refuseForgeable } from "../../circuits/key-gate.ts";
import { locateSections } from "../../circuits/sections.ts";
import { connect, latestTime, type Chain } from "../../client/chain.ts";
import { deploy, type DeployOptions } from "../../client/deploy.ts";
import { addToDeployment } from "../../client/deployment/add.ts";
import { verifierStep } from "../../client/deployment/plan.ts";
import { acceptContribution } from "../../client/keys/ceremony/accept.ts";
import { announceBeacon, applyBeacon } from "../../client/keys/ceremony/beacon.ts";
import { attestationOf, contribute } from "../../client/keys/ceremony/contribute.ts";
import {
  circuitFolder,
  circuitOf,
  finalKey,
  initialKey,
  numberedKey,
  openCeremony,
} from "../../client/keys/ceremony/folder.ts";
import { initCeremony } from "../../client/keys/ceremony/init.ts";
import { verifyCeremony } from "../../client/keys/ceremony/verify.ts";
import { checkKey, type CheckKeyOptions } from "../../client/keys/check.ts";
import { checkDeployedKey } from "../../client/keys/deployed.ts";
import { makeKnownAnswer } from "../../client/keys/known-answer.ts";
import { ensureProfile, makeDevelopmentKey } from "../../client/keys/make.ts";
import { ZKEY_SECTION } from "../../client/keys/zkey.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { publicKeyOf, signRound } from "../../protocol/drand.ts";
import type { SnarkjsKey } from "../../protocol/groth16.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import type { Transcript } from "../../protocol/transcript.ts";
import { EVMNET, HERMEZ_POWERS } from "../../protocol/trust.ts";
import { verifyProof } from "../../prover/engine.ts";
import {
  BEFORE_ROUND,
  changeByte,
  folderWithCircuit,
  coordinator,
  forge,
  holdCeremony,
  NAMES,
  publish,
  type HeldCeremony,
} from "../helpers/ceremony.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { serveChain, type ServedChain } from "../helpers/deployments.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { evmnet, evmnetRound } from "../helpers/evmnet.ts";
import { writePowers } from "../helpers/powers.ts";
import { present } from "../helpers/present.ts";
import { honestStatement } from "../helpers/statement.ts";

/** Chain ids. */
const [LOCAL, PUBLIC] = [31337n, 1n];
const MIN = NAMES.length;

describe("client: key ceremony", function () {
  this.timeout(600_000);
  let folder: string;
  let held: HeldCeremony;
  /** What was published, with powers that count as public, and with powers that do not. */
  let [trusted, insecure] = ["", ""];
  const path = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-ceremony-test-"));
    [trusted, insecure] = [path("trusted"), path("insecure")];
    held = await holdCeremony(folder);
  });
  after(() => rm(folder, { recursive: true }));

  const refusal = async (promise: Promise<unknown>, code = "key"): Promise<string> => {
    const error = await holdfastErrorOf(promise);
    expect(error.code, error.message).to.equal(code);
    return error.message;
  };
  const entropy = "what nobody else can know";

  describe("begins", () => {
    it("only with published powers of tau, unless told otherwise", async () => {
      const dir = await folderWithCircuit(path("unpublished"));
      const message = await refusal(initCeremony({ dir, profile: "tiny", ptau: held.ptau }));
      expect(message).to.include("powersOfTau28_hez_final_13.ptau").and.include("--insecure-ptau");
      expect(await refusal(openCeremony(dir), "not-found")).to.include("keys ceremony init");
    });

    it("only with enough of them, prepared for phase 2", async () => {
      const small = path("small.ptau");
      await writePowers(small, 4);
      const dir = await folderWithCircuit(path("unfit"));
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau: small }))).to.include(
        "has 2^4 powers, the circuit needs 2^13",
      );
      const bare = await readFile(held.ptau);
      bare.writeUInt32LE(16, present((await locateSections(held.ptau, "ptau")).get(12)).at - 12);
      await writeFile(small, bare);
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau: small }))).to.include(
        "not prepared for phase 2",
      );
      const ptau = initialKey(held.dir);
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau }), "corrupt")).to.include("ptau");
    });

    it("once in a folder", async () => {
      const again = initCeremony({ dir: held.dir, profile: "tiny", ptau: held.ptau, insecurePtau: true });
      expect(await refusal(again, "busy")).to.include("another folder");
    });

    it("with the powers that snarkjs's README lists", async () => {
      const readme = await readFile(
        join(import.meta.dirname, "../../node_modules/snarkjs/README.md"),
        "utf8",
      );
      for (const { name, blake2b } of HERMEZ_POWERS)
        expect(readme).to.match(new RegExp(`${name}\\).*${blake2b}`));
      expect(HERMEZ_POWERS).to.have.length(20);
      expect(EVMNET).to.deep.equal(evmnet);
    });
  });

  describe("takes contributions", () => {
    it("not damaged, and not under other powers of tau", async () => {
      const { dir, ptau } = held;
      const spoilt = path("spoilt.zkey");
      await copyFile(path("from-2.zkey"), spoilt);
      await swapPoints(spoilt, ZKEY_SECTION.quotient);
      expect(await refusal(acceptContribution(spoilt, { dir, ptau }))).to.include("H section does not match");
      const other = path("other.ptau");
      await copyFile(ptau, other);
      await changeByte(other, -1);
      const message = await refusal(acceptContribution(path("from-2.zkey"), { dir, ptau: other }));
      expect(message).to.include("not the powers-of-tau file");
    });

    it("each listed under its name with the hash that its author attested", async () => {
      await acceptContribution(path("from-2.zkey"), { dir: held.dir, ptau: held.ptau });
      const { contributions } = (await openCeremony(held.dir)).draft;
      expect(contributions).to.deep.equal(held.attestations.map(({ name, hash }) => ({ name, hash })));
      expect(contributions.map(({ name }) => name)).to.deep.equal([...NAMES]);
      const written: unknown = JSON.parse(await readFile(attestationOf(path("from-2.zkey")), "utf8"));
      expect(written).to.deep.equal(held.attestations[2]);
      expect(held.attestations[2]).to.include({ contribution: 3, previous: held.attestations[1]?.hash });
    });

    it("that anybody can verify from the circuit on", async () => {
      const options = { profile: "tiny" as const, ...full() };
      const found = await verifyCeremony(path("from-2.zkey"), { ...options, trust: held.trust });
      expect(found).to.deep.equal(held.attestations.map(({ name, hash }) => ({ name, hash })));
      const compiled = circuitFolder(held.dir);
      const unpublished = verifyCeremony(path("from-2.zkey"), { ...options, compiled });
      expect(await refusal(unpublished)).to.include("not a published file");
    });

    it("not twice, and not past others", async () => {
      const { dir, ptau } = held;
      for (const file of ["from-2.zkey", "from-0.zkey"]) {
        const message = await refusal(acceptContribution(path(file), { dir, ptau }));
        expect(message).to.include("does not extend the current key");
      }
    });

    it("not without entropy or a name, over another file, or to a key that is no ceremony's", async () => {
      const [from, out, name] = [initialKey(held.dir), path("none.zkey"), "x"];
      const options = { from, out, name, entropy };
      expect(await refusal(contribute({ ...options, entropy: "short" }), "bad-input")).to.include(
        "16 characters",
      );
      for (const bad of ["", " x", "x".repeat(65), "a\nb"])
        expect(await refusal(contribute({ ...options, name: bad }), "bad-input")).to.include("not a name");
      expect(await refusal(contribute({ ...options, out: from }), "busy")).to.include("exists");
      expect(await refusal(contribute({ ...options, from: held.ptau }), "corrupt")).to.include("not a zkey");
      await ensureProfile("tiny");
      const development = artifactPaths("tiny").zkey;
      expect(await refusal(contribute({ ...options, from: development }))).to.include("development key");
      const cut = path("cut.zkey");
      await copyFile(from, cut);
      await changeByte(
        cut,
        present((await locateSections(cut, "zkey")).get(ZKEY_SECTION.contributions)).at + 64,
      );
      expect(await refusal(contribute({ ...options, from: cut }), "corrupt")).to.include("ends too early");
    });
  });

  describe("ends", () => {
    const { round, signature } = evmnetRound;
    const announce = (round: number, now: number): Promise<unknown> =>
      announceBeacon({ dir: held.dir, chain: EVMNET, round, iterationsExp: 10, now: () => now });

    it("with a beacon that was announced before it was known", async () => {
      const { dir } = held;
      expect(await refusal(applyBeacon({ dir, urls: [], signature }))).to.include("announce");
      expect(await refusal(announce(round, BEFORE_ROUND + 3_600_000), "bad-input")).to.include("due at");
      expect(await refusal(publish(held, trusted))).to.include("no beacon yet");
      await announce(round, BEFORE_ROUND);
      expect(await refusal(announce(round + 1, BEFORE_ROUND), "busy")).to.include("announced already");
      const late = acceptContribution(path("from-2.zkey"), { dir, ptau: held.ptau });
      expect(await refusal(late)).to.include("beacon has been announced");
      const wrong = Buffer.from(signRound(5n, round)).toString("hex");
      expect(await refusal(applyBeacon({ dir, urls: [], signature: wrong }))).to.include(
        "not drand's signature",
      );
      await applyBeacon({ dir, urls: [], signature });
      const last = finalKey(dir);
      expect(await refusal(acceptContribution(last, { dir, ptau: held.ptau }))).to.include("from a beacon");
      const more = contribute({ from: last, out: path("more.zkey"), name: "x", entropy });
      expect(await refusal(more)).to.include("its ceremony has ended");
    });

    it("not before anybody has contributed, and not with files that were altered", async () => {
      const dir = path("copy");
      await cp(held.dir, dir, { recursive: true });
      await changeByte(circuitOf(dir, "tiny").wasm, -1);
      expect(await refusal(publish({ ...held, dir }, path("none")))).to.include("altered since");
      const record = join(dir, "ceremony.json");
      const { announcement, beacon, ...draft } = JSON.parse(await readFile(record, "utf8")) as Transcript;
      expect([announcement.round, beacon.signature]).to.deep.equal([round, signature]);
      await writeJson(record, { ...draft, contributions: [] });
      const options = { dir, chain: EVMNET, round, iterationsExp: 10, now: () => BEFORE_ROUND };
      expect(await refusal(announceBeacon(options))).to.include("nobody has contributed yet");
      await changeByte(initialKey(dir), -1);
      expect(await refusal(announceBeacon(options), "corrupt")).to.include("the ceremony began with");
    });

    it("with files that pass for what they are", async () => {
      expect((await publish(held, trusted)).key).to.include({ insecure: false, contributions: 3 });
      const manifest = await publish(
        { ...held, trust: { powers: HERMEZ_POWERS, drand: [EVMNET] } },
        insecure,
      );
      expect(manifest.key).to.include({ insecure: true, contributions: 3 });
      const { draft } = await openCeremony(held.dir);
      expect(isPublic(draft, held.trust)).to.equal(true);
      expect(isPublic(draft, { ...held.trust, drand: [] })).to.equal(false);
    });

    it("not with fewer contributions than asked for", async () => {
      const message = await refusal(check(trusted, { minContributions: 4 }));
      expect(message).to.include("has 3 contributions, at least 4");
      expect(await refusal(publish(held, path("none"), 4))).to.include("at least 4");
    });
  });

  const check = (build: string, options: CheckKeyOptions = {}): Promise<unknown> =>
    checkKey("tiny", {
      ...{ build, trust: held.trust, minContributions: MIN, compiled: circuitFolder(held.dir) },
      ...options,
    });
  const full = (): { ptau: string; initial: string } => ({
    ptau: held.ptau,
    initial: initialKey(held.dir),
  });
  const checkInsecure = (): string[] => [
    ...["keys", "check", "--profile", "tiny", "--build", insecure],
    ...["--min-contributions", "3", "--json"],
  ];
  const pass = (build: string, chainId: bigint): Promise<void> =>
    passKey("tiny", { build, chainId, zkey: true, minContributions: MIN, trust: held.trust });

  describe("makes a key", () => {
    it("that every check lets pass, with which one can prove and verify", async () => {
      const { checked } = await checkKey("tiny", {
        ...{ build: trusted, trust: held.trust, minContributions: MIN, coordinator: coordinator.address },
        ...{ ...full(), compiled: circuitFolder(held.dir) },
      });
      expect(checked).to.have.length(5);
      await pass(trusted, PUBLIC);
      const { input } = honestStatement({ profile: PROFILES.tiny, seed: 12345n, sizes: [3000, 10] });
      const { wasm, zkey } = artifactPaths("tiny", trusted);
      const { proof, publicSignals } = await groth16.fullProve(input, wasm, zkey);
      expect(await verifyProof(await loadVerificationKey("tiny", trusted), proof, publicSignals)).to.equal(
        true,
      );
    });

    it("that is for local chains only if the powers were not public", async () => {
      await passKey("tiny", { build: insecure, chainId: LOCAL, zkey: true });
      expect(await refusal(passKey("tiny", { build: insecure, chainId: PUBLIC }))).to.include(
        "made for development",
      );
      const { code, message } = errorIn(await holdfast(...checkInsecure()));
      expect(code).to.equal("key");
      expect(message).to.include("marked insecure");
    });

    it("that a development key does not overwrite", async () => {
      expect(await refusal(makeDevelopmentKey("tiny", { build: trusted }))).to.include(
        "move the folder away",
      );
      const build = path("unnamed");
      await cp(trusted, build, { recursive: true });
      const { manifest: file } = artifactPaths("tiny", build);
      await writeJson(file, { ...(await loadManifest("tiny", build)), key: undefined });
      expect(await refusal(ensureProfile("tiny", { build }))).to.include("move the folder away");
    });

    it("that stays, with its circuit, where the sources have become those of another one", async () => {
      const build = path("older");
      await cp(trusted, build, { recursive: true });
      const { dir, manifest: file, r1cs } = artifactPaths("tiny", build);
      await changeByte(r1cs, -1);
      const manifest = await loadManifest("tiny", build);
      const hashes = { ...manifest.hashes, r1cs: await sha256File(r1cs) };
      await writeJson(file, { ...manifest, sources: "0".repeat(64), hashes });
      const contents = async (): Promise<string[]> =>
        Promise.all((await readdir(dir)).map((name) => sha256File(join(dir, name))));
      const before = await contents();
      expect(await refusal(ensureProfile("tiny", { build })))
        .to.include(`the tiny key in ${dir} is no development key`)
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
          ...{ signer, treasury: signer.address, profile: "tiny" },
          ...{ epochSeconds: 20, protocolFee: 200, genesis },
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
          ...[...checkInsecure(), "--allow-insecure"],
          ...["--rpc", served.url, "--audits", chain.addresses.audits],
        );

      it("and that one with another key, or with no profile of the key's parameters, does not have", async () => {
        const { code, message } = errorIn(await ask());
        expect(code).to.equal("key");
        expect(message).to.include("profile 0 has the parameters of tiny, but another key");
        const { verificationKey } = options;
        const none = await refusal(checkDeployedKey(chain, { profile: "demo", verificationKey }));
        expect(none).to.include("no profile of").and.include("has the parameters of demo");
      });

      it("and that is found under each of its numbers in one that does", async () => {
        const verificationKey = await loadVerificationKey("tiny", trusted);
        const knownAnswer = await makeKnownAnswer("tiny", trusted);
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
        const bare = await zKey.exportVerificationKey(initialKey(held.dir));
        const message = await refusal(deploy({ ...options, verificationKey: bare }));
        expect(message).to.include("delta is its gamma");
      });
    });
  });

  describe("gate", () => {
    it("refuses a key that nobody contributed to, with which anybody can forge", async () => {
      const key = await zKey.exportVerificationKey(initialKey(held.dir));
      const inputs = ["1", "2", "3", "4"];
      const forged = await forgedProof(key, inputs);
      expect(await groth16.verify(key, inputs, forged)).to.equal(true);
      expect(await groth16.verify(await loadVerificationKey("tiny", trusted), inputs, forged)).to.equal(
        false,
      );
      const message = await refusal(
        refuseForgeable({ insecure: true, verificationKey: key, chainId: LOCAL }),
      );
      expect(message).to.include("delta is its gamma");

      const build = path("bare-key");
      await forge(trusted, build, async ({ zkey, verificationKey }, transcript) => {
        await copyFile(initialKey(held.dir), zkey);
        await writeJson(verificationKey, key);
        return transcript;
      });
      for (const refused of [pass(build, LOCAL), check(build)])
        expect(await refusal(refused)).to.include("delta is its gamma");
    });

    it("refuses a key whose delta is the generator, whatever its gamma is", async () => {
      const { vk_delta_2: generator } = await zKey.exportVerificationKey(initialKey(held.dir));
      const key = { ...(await loadVerificationKey("tiny")), vk_delta_2: generator };
      const message = await refusal(
        refuseForgeable({ insecure: true, verificationKey: key, chainId: LOCAL }),
      );
      expect(message).to.include("generator of G2");
    });

    it("refuses a development key on a public chain, even under a manifest that calls it secure", async () => {
      await passKey("tiny", { chainId: LOCAL, zkey: true });
      expect(await refusal(passKey("tiny", { chainId: PUBLIC, zkey: true }))).to.include(
        "made for development",
      );
      expect(await refusal(checkKey("tiny"))).to.include("development key");
      const build = path("renamed");
      await cp(artifactPaths("tiny").dir, artifactPaths("tiny", build).dir, { recursive: true });
      const { manifest: file } = artifactPaths("tiny", build);
      const manifest = JSON.parse(await readFile(file, "utf8")) as { key: object };
      await writeJson(file, { ...manifest, key: { ...manifest.key, insecure: false, contributions: 100 } });
      expect(await refusal(passKey("tiny", { build, chainId: PUBLIC, zkey: true }))).to.include(
        "no transcript",
      );
    });

    it("asks for ten contributions on a public chain", async () => {
      const few = passKey("tiny", { build: trusted, chainId: PUBLIC, trust: held.trust });
      expect(await refusal(few)).to.include("at least 10");
    });

    it("refuses powers and a beacon that are not public under a manifest that calls the key secure", async () => {
      expect(
        await refusal(passKey("tiny", { build: trusted, chainId: PUBLIC, minContributions: MIN })),
      ).to.include("not a published powers-of-tau file");
      const trust = { ...held.trust, drand: [] };
      const unknown = passKey("tiny", { build: trusted, chainId: PUBLIC, minContributions: MIN, trust });
      expect(await refusal(unknown)).to.include("not of a public drand network");
    });
  });

  describe("one changed byte", () => {
    for (const [name, words] of [
      ["r1cs", "constraints in"],
      ["wasm", "witness generator in"],
      ["zkey", "proving key in"],
      ["verificationKey", "verification key in"],
      ["transcript", "not the transcript that the manifest names"],
    ] as const) {
      it(`of the ${name} is found`, async () => {
        const build = path(`byte-${name}`);
        await cp(trusted, build, { recursive: true });
        await changeByte(artifactPaths("tiny", build)[name], -100);
        expect(await refusal(check(build))).to.include(words);
      });
    }

    it("of the powers of tau is found, and so is another first key", async () => {
      const ptau = path("replaced.ptau"); // as good as any other file of the same size
      await copyFile(held.ptau, ptau);
      await changeByte(ptau, -1);
      expect(await refusal(check(trusted, { ...full(), ptau }))).to.include("not the powers-of-tau file");
      const initial = numberedKey(held.dir, 1);
      expect(await refusal(check(trusted, { ...full(), initial }))).to.include("the key before the first");
    });
  });

  describe("a forger who sets all hashes right and signs again", () => {
    type Change = Parameters<typeof forge>[2];
    const forged = async (name: string, change: Change, options: CheckKeyOptions = {}): Promise<string> => {
      const build = path(`forged-${name}`);
      await forge(trusted, build, change);
      return refusal(check(build, options));
    };
    const keep = (transcript: Transcript): Promise<Transcript> => Promise.resolve(transcript);

    it("gets through with nothing changed", async () => {
      await forge(trusted, path("forged-nothing"), (_, transcript) => keep(transcript));
      await pass(path("forged-nothing"), PUBLIC);
    });

    it("cannot alter the transcript without the coordinator's key", async () => {
      const build = path("unsigned");
      await forge(trusted, build, (_, transcript) => keep(transcript));
      const other = refusal(check(build, { coordinator: `0x${"11".repeat(20)}` }));
      expect(await other)
        .to.include("is signed by")
        .and.include("not by 0x1111");
      const { transcript: file, manifest } = artifactPaths("tiny", build);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace("Grace Hopper", "Alan Turing"));
      const parsed = JSON.parse(await readFile(manifest, "utf8")) as { key: object };
      await writeJson(manifest, { ...parsed, key: { ...parsed.key, transcript: await sha256File(file) } });
      expect(await refusal(check(build))).to.include("altered after it was signed");
    });

    it("cannot leave the transcript as it is beside another manifest", async () => {
      const build = path("other-manifest");
      await cp(trusted, build, { recursive: true });
      const { manifest: file, zkey } = artifactPaths("tiny", build);
      const manifest = await loadManifest("tiny", build);
      await writeJson(file, { ...manifest, key: { ...manifest.key, contributions: 100 } });
      expect(await refusal(check(build))).to.include("does not say what the transcript does");
      await copyFile(numberedKey(held.dir, MIN), zkey);
      const verificationKey = await zKey.exportVerificationKey(zkey);
      await writeJson(artifactPaths("tiny", build).verificationKey, verificationKey);
      const hashes = {
        zkey: await sha256File(zkey),
        verificationKey: await sha256File(artifactPaths("tiny", build).verificationKey),
      };
      await writeJson(file, { ...manifest, key: { ...manifest.key, ...hashes } });
      expect(await refusal(check(build))).to.include("of another key than the manifest");
    });

    it("cannot take away the beacon, nor a contribution, nor rename one", async () => {
      const bare = await forged("beacon", async ({ zkey, verificationKey }, transcript) => {
        await copyFile(numberedKey(held.dir, MIN), zkey);
        await writeJson(verificationKey, await zKey.exportVerificationKey(zkey));
        return transcript;
      });
      expect(bare).to.include("not the beacon that was announced");
      const fewer = await forged(
        "fewer",
        (_, transcript) => keep({ ...transcript, contributions: transcript.contributions.slice(0, 2) }),
        { minContributions: 2 },
      );
      expect(fewer).to.include("contribution 3 of the zkey");
      const renamed = await forged("renamed", (_, transcript) =>
        keep({
          ...transcript,
          contributions: transcript.contributions.map(({ hash }) => ({ name: "me", hash })),
        }),
      );
      expect(renamed).to.include("contribution 1 of the zkey");
    });

    it("cannot count a beacon as a contribution", async () => {
      const message = await forged("open", async ({ zkey }, transcript) => {
        // Length, name, then in its last six bytes: iterations 10, and a beacon of two bytes.
        const name = present(NAMES[2]);
        const bytes = await readFile(zkey);
        const at = bytes.indexOf(name) - 2;
        bytes.writeUInt32LE(1, at - 8);
        bytes.writeUInt8(name.length - 6, at + 1);
        bytes.set([2, 10, 3, 2, 0, 0], at + 2 + name.length - 6);
        await writeFile(zkey, bytes);
        return transcript;
      });
      expect(message).to.include('"Emmy N" contributed a secret that follows from public values');
    });

    it("cannot name another beacon", async () => {
      const late = await forged("late", (_, transcript) => {
        const announcement = { ...transcript.announcement, announcedAt: BEFORE_ROUND / 1000 + 3600 };
        return keep({ ...transcript, announcement });
      });
      expect(late).to.include("announced after it was due");
      const next = await forged("next", (_, transcript) => {
        const announcement = { ...transcript.announcement, round: evmnetRound.round + 1 };
        return keep({ ...transcript, announcement });
      });
      expect(next).to.include(`not that of drand's round ${evmnetRound.round + 1}`);
      const slower = await forged("slower", (_, transcript) => {
        const announcement = { ...transcript.announcement, iterationsExp: 11 };
        return keep({ ...transcript, announcement });
      });
      expect(slower).to.include("not the beacon that was announced");
    });

    it("cannot put another circuit or another verification key beside the zkey", async () => {
      const other = await forged("circuit", async ({ r1cs }, transcript) => {
        await changeByte(r1cs, -1);
        return transcript;
      });
      expect(other).to.include("circuit of this source tree is not the key's");
      const development = await forged("key", async ({ verificationKey }, transcript) => {
        await writeJson(verificationKey, await loadVerificationKey("tiny"));
        return transcript;
      });
      expect(development).to.include("is not the verification key of");
      expect(await refusal(pass(path("forged-key"), PUBLIC))).to.include("not that of the zkey");
      const sources = await forged("powers", (_, transcript) =>
        keep({ ...transcript, circuit: { ...transcript.circuit, hash: "0".repeat(128) } }),
      );
      expect(sources).to.include("another circuit or other powers");
    });

    it("cannot alter the points of the zkey where the powers of tau are at hand", async () => {
      const spoilt = await forged(
        "points",
        async ({ zkey }, transcript) => {
          await swapPoints(zkey, ZKEY_SECTION.privateWires);
          return transcript;
        },
        full(),
      );
      expect(spoilt).to.include("L section does not match");
    });
  });
});

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

/** Exchanges the first two points of a section: still points, no longer the right ones. */
async function swapPoints(path: string, id: number): Promise<void> {
  const { at } = present((await locateSections(path, "zkey")).get(id));
  const bytes = await readFile(path);
  const first = Buffer.from(bytes.subarray(at, at + 64));
  bytes.copy(bytes, at, at + 64, at + 128);
  first.copy(bytes, at + 64);
  await writeFile(path, bytes);
}
