// The ceremony itself: how it begins, what it takes from contributors, how it ends, and what each step refuses.
import { cp, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { artifactPaths } from "../../../circuits/artifacts.ts";
import { signRound } from "../../../drand/rounds.ts";
import { present } from "../../../evidence/world/present.ts";
import { locateSections } from "../../../groth16/sections.ts";
import { ZKEY_SECTION } from "../../../groth16/zkey-writer.ts";
import { acceptContribution } from "../../../keys/ceremony/accept.ts";
import { announceBeacon, applyBeacon } from "../../../keys/ceremony/beacon.ts";
import { attestationOf, contribute } from "../../../keys/ceremony/contribute.ts";
import {
  circuitFolder,
  circuitOf,
  finalKey,
  initialKey,
  openCeremony,
} from "../../../keys/ceremony/folder.ts";
import { initCeremony } from "../../../keys/ceremony/init.ts";
import { verifyCeremony } from "../../../keys/ceremony/verify.ts";
import { isPublic } from "../../../keys/key-gate.ts";
import { ensureProfile } from "../../../keys/make.ts";
import type { Transcript } from "../../../keys/transcript.ts";
import { EVMNET, HERMEZ_POWERS } from "../../../keys/trust.ts";
import { writeJson } from "../../../system/files.ts";
import {
  BEFORE_ROUND,
  changeByte,
  ENTROPY,
  folderWithCircuit,
  NAMES,
  publish,
  refusal,
  swapPoints,
  type SharedCeremony,
} from "../../helpers/ceremony.ts";
import { evmnet, evmnetRound } from "../../helpers/evmnet.ts";
import { writePowers } from "../../helpers/powers.ts";

export function testSteps({ held, trusted, insecure, path, check, full }: SharedCeremony): void {
  describe("begins", () => {
    it("only with published powers of tau, unless told otherwise", async () => {
      const dir = await folderWithCircuit(path("unpublished"));
      const message = await refusal(initCeremony({ dir, profile: "tiny", ptau: held().ptau }));
      expect(message).to.include("powersOfTau28_hez_final_13.ptau").and.include("--insecure-ptau");
      expect(await refusal(openCeremony(dir), "not-found")).to.include("keys ceremony init");
    });

    it("only with enough of them, prepared for phase 2", async () => {
      const small = path("small.ptau");
      await writePowers(small, 4);
      const dir = await folderWithCircuit(path("unfit"));
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau: small }))).to.include(
        "has 2^4 powers, but the circuit needs 2^13",
      );
      const bare = await readFile(held().ptau);
      bare.writeUInt32LE(16, present((await locateSections(held().ptau, "ptau")).get(12)).at - 12);
      await writeFile(small, bare);
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau: small }))).to.include(
        "not prepared for phase 2",
      );
      const ptau = initialKey(held().dir);
      expect(await refusal(initCeremony({ dir, profile: "tiny", ptau }), "corrupt")).to.include("ptau");
    });

    it("once in a folder", async () => {
      const again = initCeremony({ dir: held().dir, profile: "tiny", ptau: held().ptau, insecurePtau: true });
      expect(await refusal(again, "busy")).to.include("another folder");
    });

    it("with the powers that snarkjs's README lists", async () => {
      const readme = await readFile(
        join(import.meta.dirname, "../../../node_modules/snarkjs/README.md"),
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
      const { dir, ptau } = held();
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
      await acceptContribution(path("from-2.zkey"), { dir: held().dir, ptau: held().ptau });
      const { contributions } = (await openCeremony(held().dir)).draft;
      expect(contributions).to.deep.equal(held().attestations.map(({ name, hash }) => ({ name, hash })));
      expect(contributions.map(({ name }) => name)).to.deep.equal([...NAMES]);
      const written: unknown = JSON.parse(await readFile(attestationOf(path("from-2.zkey")), "utf8"));
      expect(written).to.deep.equal(held().attestations[2]);
      expect(held().attestations[2]).to.include({ contribution: 3, previous: held().attestations[1]?.hash });
    });

    it("that anybody can verify from the circuit on", async () => {
      const options = { profile: "tiny" as const, ...full() };
      const found = await verifyCeremony(path("from-2.zkey"), { ...options, trust: held().trust });
      expect(found).to.deep.equal(held().attestations.map(({ name, hash }) => ({ name, hash })));
      const compiled = circuitFolder(held().dir);
      const unpublished = verifyCeremony(path("from-2.zkey"), { ...options, compiled });
      expect(await refusal(unpublished)).to.include("not a published powers-of-tau file");
    });

    it("not twice, and not past others", async () => {
      const { dir, ptau } = held();
      for (const file of ["from-2.zkey", "from-0.zkey"]) {
        const message = await refusal(acceptContribution(path(file), { dir, ptau }));
        expect(message).to.include("does not extend the current key");
      }
    });

    it("not without entropy or a name, over another file, or to a key that is no ceremony's", async () => {
      const [from, out, name] = [initialKey(held().dir), path("none.zkey"), "x"];
      const options = { from, out, name, entropy: ENTROPY };
      expect(await refusal(contribute({ ...options, entropy: "short" }), "bad-input")).to.include(
        "at least 16",
      );
      for (const bad of ["", " x", "x".repeat(65), "a\nb"])
        expect(await refusal(contribute({ ...options, name: bad }), "bad-input")).to.include(
          "cannot be listed as a name",
        );
      expect(await refusal(contribute({ ...options, out: from }), "busy")).to.include("exists");
      expect(await refusal(contribute({ ...options, from: held().ptau }), "corrupt")).to.include(
        "not a zkey",
      );
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
      announceBeacon({ dir: held().dir, chain: EVMNET, round, iterationsExp: 10, now: () => now });

    it("with a beacon that was announced before it was known", async () => {
      const { dir } = held();
      expect(await refusal(applyBeacon({ dir, urls: [], signature }))).to.include("announce");
      expect(await refusal(announce(round, BEFORE_ROUND + 3_600_000), "bad-input")).to.include("due at");
      expect(await refusal(publish(held(), trusted()))).to.include("no beacon yet");
      await announce(round, BEFORE_ROUND);
      expect(await refusal(announce(round + 1, BEFORE_ROUND), "busy")).to.include("already been announced");
      const late = acceptContribution(path("from-2.zkey"), { dir, ptau: held().ptau });
      expect(await refusal(late)).to.include("beacon has been announced");
      const wrong = Buffer.from(signRound(5n, round)).toString("hex");
      expect(await refusal(applyBeacon({ dir, urls: [], signature: wrong }))).to.include(
        "not drand's signature",
      );
      await applyBeacon({ dir, urls: [], signature });
      const last = finalKey(dir);
      expect(await refusal(acceptContribution(last, { dir, ptau: held().ptau }))).to.include("from a beacon");
      const more = contribute({ from: last, out: path("more.zkey"), name: "x", entropy: ENTROPY });
      expect(await refusal(more)).to.include("a ceremony that has ended");
    });

    it("not before anybody has contributed, and not with files that were altered", async () => {
      const dir = path("copy");
      await cp(held().dir, dir, { recursive: true });
      await changeByte(circuitOf(dir, "tiny").wasm, -1);
      expect(await refusal(publish({ ...held(), dir }, path("none")))).to.include("has been altered since");
      const record = join(dir, "ceremony.json");
      const { announcement, beacon, ...draft } = JSON.parse(await readFile(record, "utf8")) as Transcript;
      expect([announcement.round, beacon.signature]).to.deep.equal([round, signature]);
      await writeJson(record, { ...draft, contributions: [] });
      const options = { dir, chain: EVMNET, round, iterationsExp: 10, now: () => BEFORE_ROUND };
      expect(await refusal(announceBeacon(options))).to.include("nobody has contributed yet");
      await changeByte(initialKey(dir), -1);
      expect(await refusal(announceBeacon(options), "corrupt")).to.include("with which the ceremony began");
    });

    it("with files that pass for what they are", async () => {
      expect((await publish(held(), trusted())).key).to.include({ insecure: false, contributions: 3 });
      const manifest = await publish(
        { ...held(), trust: { powers: HERMEZ_POWERS, drand: [EVMNET] } },
        insecure(),
      );
      expect(manifest.key).to.include({ insecure: true, contributions: 3 });
      const { draft } = await openCeremony(held().dir);
      expect(isPublic(draft, held().trust)).to.equal(true);
      expect(isPublic(draft, { ...held().trust, drand: [] })).to.equal(false);
    });

    it("not with fewer contributions than asked for", async () => {
      const message = await refusal(check(trusted(), { minContributions: 4 }));
      expect(message).to.include("has 3 contributions, but at least 4");
      expect(await refusal(publish(held(), path("none"), 4))).to.include("at least 4");
    });
  });
}
