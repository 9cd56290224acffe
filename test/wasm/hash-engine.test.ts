// The built hash, and what replaces it where the machine cannot run it.
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { sha256, writeJson } from "../../system/files.ts";
import { prepareWasm } from "../../wasm/prepare.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { unfit } from "../helpers/unfit-module.ts";

const FILES = ["hash.wasm", "hash-unfused.wasm", "hash.json"];

describe("circuits: hash engine", () => {
  let build: string;
  beforeEach(async () => {
    build = await mkdtemp(join(tmpdir(), "holdfast-hash-"));
    const made = dirname(await prepareWasm());
    await Promise.all(FILES.map((file) => copyFile(join(made, file), join(build, file))));
  });
  afterEach(() => rm(build, { recursive: true }));

  for (const [machine, change] of [
    ["has no fused multiply-add", unfit],
    ["does not know relaxed instructions", (module: Uint8Array) => Buffer.concat([module, Buffer.of(0xff)])],
  ] as const) {
    it(`falls back to the slower one on a machine that ${machine}`, async () => {
      const path = join(build, "hash.wasm");
      const broken = change(await readFile(path));
      const record = JSON.parse(await readFile(join(build, "hash.json"), "utf8")) as {
        hashes: Record<string, string>;
      };
      await writeFile(path, broken);
      record.hashes["hash.wasm"] = sha256(broken);
      await writeJson(join(build, "hash.json"), record);

      const engine = await loadHashEngine({ build });
      const leaves = patternBytes(3 * 496, 1);
      expect(engine.hashLeaves(leaves)).to.deep.equal(referenceEngine.hashLeaves(leaves));
    });
  }

  it("has a memory of its own in each engine", async () => {
    const [one, other] = await Promise.all([loadHashEngine({ build }), loadHashEngine({ build })]);
    expect(one).to.not.equal(other);
    const leaves = patternBytes(496, 2);
    expect(one.hashLeaves(leaves)).to.deep.equal(other.hashLeaves(leaves));
  });
});
