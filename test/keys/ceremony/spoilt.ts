// Published results that somebody has damaged, or forged with care.
import { cp, copyFile, readFile, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { zKey } from "snarkjs";
import { artifactPaths, loadCircuitManifest, loadVerificationKey } from "../../../circuits/artifacts.ts";
import { present } from "../../../evidence/world/present.ts";
import { ZKEY_SECTION } from "../../../groth16/zkey-writer.ts";
import { numberedKey } from "../../../keys/ceremony/folder.ts";
import type { CheckKeyOptions } from "../../../keys/check.ts";
import type { Transcript } from "../../../keys/transcript.ts";
import { sha256File, writeJson } from "../../../system/files.ts";
import {
  BEFORE_ROUND,
  changeByte,
  forge,
  MIN,
  NAMES,
  PUBLIC,
  refusal,
  swapPoints,
  type SharedCeremony,
} from "../../helpers/ceremony.ts";
import { evmnetRound } from "../../helpers/evmnet.ts";

export function testSpoilt({ held, trusted, path, check, full, pass }: SharedCeremony): void {
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
        await cp(trusted(), build, { recursive: true });
        await changeByte(artifactPaths("tiny", build)[name], -100);
        expect(await refusal(check(build))).to.include(words);
      });
    }

    it("of the powers of tau is found, and so is another first key", async () => {
      const ptau = path("replaced.ptau"); // as good as any other file of the same size
      await copyFile(held().ptau, ptau);
      await changeByte(ptau, -1);
      expect(await refusal(check(trusted(), { ...full(), ptau }))).to.include("not the powers-of-tau file");
      const initial = numberedKey(held().dir, 1);
      expect(await refusal(check(trusted(), { ...full(), initial }))).to.include("the key before the first");
    });
  });

  describe("a forger who sets all hashes right and signs again", () => {
    type Change = Parameters<typeof forge>[2];
    const forged = async (name: string, change: Change, options: CheckKeyOptions = {}): Promise<string> => {
      const build = path(`forged-${name}`);
      await forge(trusted(), build, change);
      return refusal(check(build, options));
    };
    const keep = (transcript: Transcript): Promise<Transcript> => Promise.resolve(transcript);

    it("gets through with nothing changed", async () => {
      await forge(trusted(), path("forged-nothing"), (_, transcript) => keep(transcript));
      await pass(path("forged-nothing"), PUBLIC);
    });

    it("cannot alter the transcript without the coordinator's key", async () => {
      const build = path("unsigned");
      await forge(trusted(), build, (_, transcript) => keep(transcript));
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
      await cp(trusted(), build, { recursive: true });
      const { manifest: file, zkey } = artifactPaths("tiny", build);
      const manifest = await loadCircuitManifest("tiny", build);
      await writeJson(file, { ...manifest, key: { ...manifest.key, contributions: 100 } });
      expect(await refusal(check(build))).to.include("the manifest and the transcript contradict each other");
      await copyFile(numberedKey(held().dir, MIN), zkey);
      const verificationKey = await zKey.exportVerificationKey(zkey);
      await writeJson(artifactPaths("tiny", build).verificationKey, verificationKey);
      const hashes = {
        zkey: await sha256File(zkey),
        verificationKey: await sha256File(artifactPaths("tiny", build).verificationKey),
      };
      await writeJson(file, { ...manifest, key: { ...manifest.key, ...hashes } });
      expect(await refusal(check(build))).to.include(
        "the transcript and the manifest describe different keys",
      );
    });

    it("cannot take away the beacon, nor a contribution, nor rename one", async () => {
      const bare = await forged("beacon", async ({ zkey, verificationKey }, transcript) => {
        await copyFile(numberedKey(held().dir, MIN), zkey);
        await writeJson(verificationKey, await zKey.exportVerificationKey(zkey));
        return transcript;
      });
      expect(bare).to.include("not the announced beacon");
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
      expect(message).to.include('the secret of "Emmy N" follows from public values');
    });

    it("cannot name another beacon", async () => {
      const late = await forged("late", (_, transcript) => {
        const announcement = { ...transcript.announcement, announcedAt: BEFORE_ROUND / 1000 + 3600 };
        return keep({ ...transcript, announcement });
      });
      expect(late).to.include("announced only after it was due");
      const next = await forged("next", (_, transcript) => {
        const announcement = { ...transcript.announcement, round: evmnetRound.round + 1 };
        return keep({ ...transcript, announcement });
      });
      expect(next).to.include(`not that of the announced drand round ${evmnetRound.round + 1}`);
      const slower = await forged("slower", (_, transcript) => {
        const announcement = { ...transcript.announcement, iterationsExp: 11 };
        return keep({ ...transcript, announcement });
      });
      expect(slower).to.include("not the announced beacon");
    });

    it("cannot put another circuit or another verification key beside the zkey", async () => {
      const other = await forged("circuit", async ({ r1cs }, transcript) => {
        await changeByte(r1cs, -1);
        return transcript;
      });
      expect(other).to.include("this source tree does not compile to the key's tiny circuit");
      const development = await forged("key", async ({ verificationKey }, transcript) => {
        await writeJson(verificationKey, await loadVerificationKey("tiny"));
        return transcript;
      });
      expect(development).to.include("is not the verification key of");
      expect(await refusal(pass(path("forged-key"), PUBLIC))).to.include("does not belong to the zkey");
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
}
