// The small tools agree with the shared vectors, and explain what is wrong with bad input.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { errorIn, holdfast, startHoldfast } from "../helpers/cli.ts";

interface SegmentVector {
  readonly bytes: number;
  readonly tag: number;
  readonly leaves: number;
  readonly root: Readonly<Record<string, string>>;
}

const vector = async <T>(name: string): Promise<T> =>
  JSON.parse(await readFile(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T;

/** The counter stream of segments.json. */
function vectorBytes(tag: number, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; 32 * blocks.length < length; i++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(i);
    blocks.push(
      createHash("sha256").update("holdfast-vector").update(Buffer.of(tag)).update(counter).digest(),
    );
  }
  return Buffer.concat(blocks).subarray(0, length);
}

describe("client: the small tools", function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-tools-"));
  });
  after(() => rm(folder, { recursive: true }));
  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  describe("root", () => {
    for (const [profile, depth] of [
      ["tiny", "2"],
      ["demo", "4"],
      ["standard", "6"],
    ] as const) {
      it(`agrees with the vectors for ${profile}`, async () => {
        const { segments } = await vector<{ segments: SegmentVector[] }>("segments");
        const { bytes, tag, leaves, root } = segments.at(-1) as SegmentVector;
        const path = await file("vector", vectorBytes(tag, bytes));
        const { stdout, code } = await holdfast("root", path, "--profile", profile, "--json");
        expect(JSON.parse(stdout)).to.deep.equal({ bytes, leaves, root: root[depth] });
        expect(code).to.equal(0);
      });
    }

    it("takes a segment that fills the profile, and refuses one byte more", async () => {
      const path = await file("full", "");
      await truncate(path, 126_975);
      const full = await holdfast("root", path, "--profile", "tiny", "--json");
      expect(JSON.parse(full.stdout)).to.include({ bytes: 126_975, leaves: 256 });
      await truncate(path, 126_976);
      const over = await holdfast("root", path, "--profile", "tiny", "--json");
      expect([over.code, over.stdout]).to.deep.equal([1, ""]);
      expect(errorIn(over)).to.deep.include({
        code: "too-large",
        details: { bytes: 126_976, limit: 126_975 },
      });
    });

    it("refuses an empty file, a missing one and a folder", async () => {
      const empty = await holdfast("root", await file("empty", ""), "--profile", "tiny", "--json");
      expect(errorIn(empty)).to.include({ code: "bad-input" });
      expect(errorIn(empty).message).to.match(/is empty: a segment has at least one byte/);
      const none = await holdfast("root", join(folder, "none"), "--profile", "tiny", "--json");
      expect(errorIn(none)).to.include({ code: "not-found" });
      const dir = await holdfast("root", folder, "--profile", "tiny", "--json");
      expect(errorIn(dir).message).to.match(/is not a regular file/);
      expect([empty.code, none.code, dir.code]).to.deep.equal([1, 1, 1]);
    });

    it("names the profiles there are", async () => {
      const { code, stderr } = await holdfast("root", await file("one", "1"), "--profile", "huge");
      expect(stderr).to.equal('error: there is no profile "huge": use tiny, demo, standard\n');
      expect(code).to.equal(1);
    });

    it("exits with 2 and a hint for wrong usage", async () => {
      const plain = await holdfast("root");
      expect(plain.code).to.equal(2);
      expect(plain.stderr)
        .to.match(/--profile/)
        .and.match(/--help/);
      const json = await holdfast("root", "--json");
      expect(json.code).to.equal(2);
      expect(errorIn(json)).to.include({ code: "usage" });
    });
  });

  describe("positions", () => {
    it("agree with the vectors", async () => {
      interface Case {
        readonly seed: string;
        readonly start: number;
        readonly length: number;
        readonly samples: number;
        readonly draws: readonly { readonly position: number; readonly v: number }[];
      }
      const { cases } = await vector<{ cases: Case[] }>("sampling");
      for (const { seed, start, length, samples, draws } of cases) {
        const range = ["--start", String(start), "--length", String(length), "--samples", String(samples)];
        const { stdout } = await holdfast("positions", "--seed", seed, ...range, "--json");
        expect(JSON.parse(stdout)).to.deep.equal({
          positions: draws.map(({ position }) => position),
          choices: draws.map(({ v }) => v),
        });
      }
    });

    it("are printed one a line, each with the number that chooses its leaf", async () => {
      const { cases } = await vector<{
        cases: { seed: string; draws: { position: number; v: number }[] }[];
      }>("sampling");
      const { seed, draws } = cases[1] as (typeof cases)[number];
      const { stdout } = await holdfast(
        "positions",
        "--seed",
        seed,
        "--start",
        "0",
        "--length",
        "101",
        "--samples",
        "4",
      );
      expect(stdout.trim().split("\n")).to.deep.equal(draws.map(({ position, v }) => `${position} ${v}`));
    });

    it("refuse a seed of 2^248", async () => {
      const seed = `1${"0".repeat(62)}`;
      const result = await holdfast(
        "positions",
        "--seed",
        seed,
        "--start",
        "0",
        "--length",
        "1",
        "--samples",
        "1",
        "--json",
      );
      expect(errorIn(result)).to.deep.equal({
        code: "bad-input",
        message: '"seed" expected an integer below 2^248',
        details: {},
      });
    });
  });

  describe("directory", () => {
    it("agrees with the vectors", async () => {
      const { segments, afterAppending } = await vector<{
        segments: object[];
        afterAppending: { total: number; root: string }[];
      }>("directory");
      const path = await file("segments.json", JSON.stringify(segments));
      const { stdout } = await holdfast("directory", "--profile", "demo", "--segments", path, "--json");
      const { total, root } = afterAppending.at(-1) as { total: number; root: string };
      expect(JSON.parse(stdout)).to.deep.equal({ total, root });
    });

    it("refuses what is no list of segments, roots out of the field and segments over the limit", async () => {
      const run = async (content: unknown): Promise<string> => {
        const path = await file("bad.json", JSON.stringify(content));
        return errorIn(await holdfast("directory", "--profile", "tiny", "--segments", path, "--json"))
          .message;
      };
      const root = `0x${"0".repeat(63)}1`;
      expect(await run({})).to.match(/is not a JSON array/);
      expect(await run([{ root, leaves: 1 }])).to.match(
        /is not a JSON array of {"root", "weight", "leaves"}/,
      );
      expect(await run([{ root, weight: 0, leaves: 1 }])).to.match(/is not a JSON array/);
      expect(await run([{ root: `0x${"f".repeat(64)}`, weight: 1, leaves: 1 }])).to.match(
        /element of the BN254 scalar field/,
      );
      expect(await run([{ root, weight: 1, leaves: 257 }])).to.match(/has 257 leaves, the tiny profile 256/);
      expect(await run([{ root, weight: 2 ** 40, leaves: 1 }])).to.match(/full: a weight of 2\^40/);
    });
  });

  describe("prove-folder and verify", () => {
    let proof: string;
    let publicSignals: string;
    before(async () => {
      const dir = join(folder, "data");
      await mkdir(dir);
      await writeFile(join(dir, "a"), vectorBytes(1, 5_000));
      await writeFile(join(dir, "b"), vectorBytes(2, 10));
      const out = join(folder, "proof");
      const { stdout, code } = await holdfast(
        "prove-folder",
        dir,
        "--profile",
        "tiny",
        "--seed",
        "0x1234",
        "--out",
        out,
        "--json",
      );
      expect(code).to.equal(0);
      ({ proof, publicSignals } = JSON.parse(stdout) as { proof: string; publicSignals: string });
    });
    /** Verifies, and checks the exit status. */
    const verify = async (proofPath = proof, signalsPath = publicSignals): Promise<unknown> => {
      const { code, stdout } = await holdfast(
        "verify",
        proofPath,
        signalsPath,
        "--profile",
        "tiny",
        "--json",
      );
      const { valid } = JSON.parse(stdout) as { valid: boolean };
      expect(code).to.equal(valid ? 0 : 1);
      return JSON.parse(stdout);
    };

    it("make a proof that verifies", async () => {
      expect(await verify()).to.deep.equal({ valid: true });
    });

    it("find it invalid for any other public signal", async () => {
      const honest = await readFile(publicSignals, "utf8");
      const signals = JSON.parse(honest) as string[];
      for (const i of signals.keys()) {
        const changed = signals.with(i, String(BigInt(signals[i] ?? 0) + 1n));
        await writeFile(publicSignals, JSON.stringify(changed));
        expect(await verify(), `signal ${i}`).to.deep.equal({ valid: false });
      }
      await writeFile(publicSignals, honest);
    });

    it("find it invalid if a number is written in another way than the contract reads it", async () => {
      const made = JSON.parse(await readFile(proof, "utf8")) as Record<string, string[]>;
      const signals = JSON.parse(await readFile(publicSignals, "utf8")) as string[];
      const [q, r] = [
        21888242871839275222246405745257275088696311157297823662689037894645226208583n,
        21888242871839275222246405745257275088548364400416034343698204186575808495617n,
      ];
      const [x = "", y = ""] = made["pi_a"] ?? [];
      for (const [what, pi_a] of Object.entries({
        "an alias": [String(BigInt(x) + q), y, "1"],
        "a leading zero": [`0${x}`, y, "1"],
        hex: [`0x${BigInt(x).toString(16)}`, y, "1"],
        "another projective form": [x, y, "2"],
        "a fourth coordinate": [x, y, "1", "1"],
      })) {
        const changed = await file("changed.json", JSON.stringify({ ...made, pi_a }));
        expect(await verify(changed), what).to.deep.equal({ valid: false });
      }
      const [first = ""] = signals;
      for (const alias of [String(BigInt(first) + r), `0${first}`, `0x${BigInt(first).toString(16)}`]) {
        const changed = await file("signals.json", JSON.stringify(signals.with(0, alias)));
        expect(await verify(proof, changed), alias).to.deep.equal({ valid: false });
      }
      const protocol = await file("plonk.json", JSON.stringify({ ...made, protocol: "plonk" }));
      expect(await verify(protocol)).to.deep.equal({ valid: false });
    });

    it("say which file is not what it should be", async () => {
      const bad = await file("bad.json", "{");
      const list = await file("list.json", "[1]");
      const check = async (...files: [string, string]): Promise<string> =>
        errorIn(await holdfast("verify", ...files, "--profile", "tiny", "--json")).message;
      expect(await check(bad, publicSignals)).to.equal(`${bad} is not JSON`);
      expect(await check(list, publicSignals)).to.match(/list.json is not a proof/);
      expect(await check(proof, list)).to.match(/list.json is not a list of public signals/);
      expect(await check(join(folder, "none"), publicSignals)).to.match(/there is no file/);
    });
  });
});

describe("client: commands that need a chain", function () {
  this.timeout(60_000);

  it("say what is missing", async () => {
    const result = await holdfast("app", "balance", "--json");
    expect(errorIn(result)).to.include({ message: "which is the chain? Give --rpc URL or set HOLDFAST_RPC" });
  });

  it("say that no chain answers", async () => {
    const nobody = "http://127.0.0.1:1";
    const result = await holdfast(
      "app",
      "balance",
      "--rpc",
      nobody,
      "--audits",
      `0x${"1".repeat(40)}`,
      "--json",
    );
    expect(errorIn(result)).to.deep.include({ code: "unreachable", details: { endpoint: "127.0.0.1:1" } });
  });

  it("say by their exit status that a node is in trouble", async () => {
    for (const [status, code] of [
      [200, 0],
      [503, 1],
    ] as const) {
      const server = createServer((_, response) => response.writeHead(status).end('{"ready":true}'));
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as AddressInfo;
      const result = await holdfast("node", "status", `http://127.0.0.1:${port}`, "--json");
      server.close();
      expect([result.code, result.stdout]).to.deep.equal([code, '{"ready":true}\n']);
    }
  });

  it("are told of in a way that works whatever Node there is", async () => {
    const root = join(import.meta.dirname, "..", "..");
    const docs = await readdir(join(root, "docs"), { recursive: true });
    const pages = docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name));
    for (const page of ["README.md", ...pages])
      expect(await readFile(join(root, page), "utf8"), page).not.to.match(/\bnode \S+\.ts\b/);
    const { stdout } = await startHoldfast("auditor", "run", "--", "--help").done;
    expect(stdout).to.match(/^Usage: holdfast auditor run --/);
  });

  it("have help at every level", async () => {
    for (const args of [
      ["--help"],
      ["app", "--help"],
      ["app", "put", "--help"],
      ["keys", "make", "--help"],
    ]) {
      const { code, stdout } = await holdfast(...args);
      expect(code, args.join(" ")).to.equal(0);
      expect(stdout).to.match(/^Usage: holdfast/);
    }
  });
});
