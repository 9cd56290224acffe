// Compiling: cached by sources and compiler, strict about warnings, whole or not at all.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { artifactPaths, circuitInfo, compileCircuit } from "../../circuits/artifacts.ts";
import { compile } from "../../circuits/compile.ts";
import { renderPoseidon2Constants } from "../../circuits/constants.ts";
import { present } from "../../evidence/world/present.ts";
import { readR1cs } from "../../groth16/r1cs.ts";
import { readSections } from "../../groth16/sections.ts";
import { add, mod, mul, sub } from "../../protocol/field.ts";
import { poseidon2Parameters } from "../../protocol/poseidon2.ts";
import { errorOf } from "../helpers/errors.ts";

describe("circuits: artifacts", function () {
  this.timeout(60_000);
  let build: string;
  before(async () => {
    build = await mkdtemp(join(tmpdir(), "holdfast-circuits-"));
    await cp(artifactPaths("tiny").dir, paths().dir, { recursive: true }); // what runs before the tests has made it
    await compileCircuit("tiny", { build });
  });
  after(() => rm(build, { recursive: true }));
  const paths = (): ReturnType<typeof artifactPaths> => artifactPaths("tiny", build);

  it("describe the circuit of a profile", async () => {
    expect(await circuitInfo("tiny", build)).to.deep.equal({
      profile: "tiny",
      samples: 2,
      dataDepth: 2,
      directoryDepth: 2,
      constraints: 6161,
      wires: 6262,
      publicInputs: ["directoryRoot", "seed", "start", "length"],
    });
  });

  it("are not made again from the same sources", async () => {
    const before = await stat(paths().r1cs);
    const lines: string[] = [];
    await compileCircuit("tiny", { build, log: (line) => lines.push(line) });
    expect(lines).to.deep.equal([]);
    expect((await stat(paths().r1cs)).mtimeMs).to.equal(before.mtimeMs);
  });

  it("are made again, byte for byte, if one was altered or another compiler made them", async () => {
    const manifest = await compileCircuit("tiny", { build });
    const remade = async (): Promise<void> => {
      const lines: string[] = [];
      expect(await compileCircuit("tiny", { build, log: (line) => lines.push(line) })).to.deep.equal(
        manifest,
      );
      expect(lines[0]).to.equal("compiling the tiny circuit");
    };
    await writeFile(paths().wasm, "broken");
    await remade();
    await rm(paths().r1cs);
    await remade();
    await writeFile(paths().manifest, JSON.stringify({ ...manifest, compiler: "circom2 0.0.1" }));
    await remade();
  });

  it("keep a key only as long as its constraints", async () => {
    const manifest = await compileCircuit("tiny", { build });
    const key = { insecure: true, contributions: 0, zkey: "1".repeat(64), verificationKey: "2".repeat(64) };
    const stale = { ...manifest, sources: "0".repeat(64), key };
    await writeFile(paths().manifest, JSON.stringify(stale));
    const remade = await compileCircuit("tiny", { build });
    expect(remade.key).to.deep.equal(key);
    expect(remade.sources).to.equal(manifest.sources);
    await writeFile(
      paths().manifest,
      JSON.stringify({ ...stale, hashes: { ...stale.hashes, r1cs: "3".repeat(64) } }),
    );
    expect((await compileCircuit("tiny", { build })).key).to.equal(undefined);
  });

  it("leave nothing behind when they are aborted", async () => {
    const fresh = join(build, "aborted");
    expect(
      (await errorOf(compileCircuit("tiny", { build: fresh, signal: AbortSignal.abort() }))).name,
    ).to.equal("AbortError");
    expect(await readdir(join(fresh, "tiny"))).to.deep.equal([]);
  });
});

describe("circuits: compiler", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "holdfast-compile-"))));
  after(() => rm(folder, { recursive: true }));

  async function compileText(text: string): Promise<unknown> {
    const source = join(folder, "main.circom");
    await mkdir(folder, { recursive: true });
    await writeFile(source, `pragma circom 2.2.3;\n${text}`);
    return compile(source, folder);
  }

  it("fails with the compiler's words on a syntax error", async () => {
    const error = await errorOf(compileText("template T() { signal input a }\ncomponent main = T();"));
    expect(error).to.include({ code: "bad-input" });
    expect(error.message).to.match(/circom cannot compile .*main\.circom/);
  });

  it("fails on a signal that nothing constrains", async () => {
    const text =
      "template U() { signal input a; signal output b[2]; b[0] <== a; b[1] <== a * a; }\n" +
      "template T() { signal input a; signal output c; component u = U(); u.a <== a; c <== u.b[0]; }\ncomponent main = T();";
    expect((await errorOf(compileText(text))).message).to.match(/circom warns .*CA0/);
  });

  it("fails on an assignment without a constraint", async () => {
    const text = "template T() { signal input a; signal output c; c <-- a * a; }\ncomponent main = T();";
    expect((await errorOf(compileText(text))).message).to.match(/circom warns/);
  });
});

describe("circuits: Poseidon2 constants", () => {
  it("are those of the protocol, in its order", () => {
    const text = renderPoseidon2Constants();
    for (const t of [4, 16] as const) {
      const { roundConstants, internalDiagonal, internalRounds } = poseidon2Parameters(t);
      expect(text)
        .to.include(`[${roundConstants.join(", ")}]`)
        .and.include(`[${internalDiagonal.join(", ")}]`);
      expect(text).to.include(`return ${internalRounds};`);
    }
  });

  it("hold what undoes the internal matrix", () => {
    const text = renderPoseidon2Constants();
    for (const t of [4, 16] as const) {
      const { internalDiagonal } = poseidon2Parameters(t);
      const state = internalDiagonal.map((_, i) => BigInt(i + 5));
      const sum = state.reduce(add);
      const mixed = state.map((value, i) => mod(sum + mul(present(internalDiagonal[i]), value)));
      const [inverses, scale] = [
        returned(text, "InverseDiagonal", t),
        present(returned(text, "InverseScale", t)[0]),
      ];
      expect(inverses).to.have.lengthOf(t);
      const before = mul(scale, mixed.map((value, i) => mul(present(inverses[i]), value)).reduce(add));
      expect(mixed.map((value, i) => mul(present(inverses[i]), sub(value, before)))).to.deep.equal(state);
    }
  });
});

/** The numbers that a generated function returns for a width. */
function returned(text: string, name: string, t: 4 | 16): bigint[] {
  const body = present(text.split(`function poseidon2${name}(t) {`)[1]);
  const value = present([...body.matchAll(/return ([^;]*);/g)][t === 4 ? 0 : 1])[1];
  return [...present(value).matchAll(/\d+/g)].map(([digits]) => BigInt(digits));
}

describe("circuits: file sections", () => {
  it("are refused if the file is of another type, cut off, or longer than its sections", async () => {
    const bytes = await readFile(artifactPaths("tiny").r1cs);
    expect(readR1cs(bytes)).to.include({ constraints: 6161, wires: 6262, publicInputs: 4 });
    expect(() => readSections(bytes, "zkey"))
      .to.throw("not a zkey file")
      .with.property("code", "corrupt");
    expect(() => readSections(bytes.subarray(0, 3), "r1cs")).to.throw("not a r1cs file");
    expect(() => readSections(bytes.subarray(0, 20), "r1cs")).to.throw("ends in the middle");
    expect(() => readSections(bytes.subarray(0, -1), "r1cs")).to.throw("ends in the middle");
    expect(() => readSections(Buffer.concat([bytes, new Uint8Array(1)]), "r1cs")).to.throw("1 bytes after");
  });
});
