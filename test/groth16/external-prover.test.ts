// A prover of somebody else's: shell scripts that prove, fail, hang, and write what is no proof.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine, type Engine, type ProofResult } from "../../groth16/engine.ts";
import { createExternalProver } from "../../groth16/external-prover.ts";
import type { Prover } from "../../groth16/prover.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";
import { honestStatement } from "../helpers/statement.ts";

describe("prover: a program of somebody else's", function () {
  this.timeout(60_000);
  let temporary: string | undefined;
  afterEach(async () => {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    // Whatever happened, the witness is not left lying about.
    expect((await readdir(folder())).filter((name) => name.startsWith("holdfast-proof-"))).to.deep.equal([]);
  });
  const folder = useFolder();
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 1n, sizes: [1000] });
  let artifacts: ProvingArtifacts;
  let engine: Engine;
  let witness: Uint8Array;
  let honest: ProofResult;
  before(async () => {
    await ensureProfile("tiny");
    artifacts = await loadProvingArtifacts("tiny");
    engine = await createEngine(artifacts);
    witness = await calculateWitness(artifacts.wasm, input);
    honest = await engine.prove(input);
  });
  beforeEach(() => {
    temporary = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder();
  });
  const counts = (): { wires: number; publicInputs: number } => ({
    ...{ wires: artifacts.manifest.wires, publicInputs: 4 },
  });
  /** Lines of a shell: $1 is the key, $2 the witness, $3 and $4 what to write. */
  const program = async (...lines: string[]): Promise<string> => {
    const path = join(folder(), "prover.sh");
    await writeFile(path, ["#!/bin/sh", ...lines].join("\n"), { mode: 0o700 });
    return path;
  };
  const prover = async (...lines: string[]): Promise<Prover> =>
    createExternalProver({ program: await program(...lines), zkey: artifacts.zkey, ...counts() });
  const keep = async (name: string, value: unknown): Promise<string> => {
    const path = join(folder(), name);
    const isRaw = typeof value === "string" || value instanceof Uint8Array;
    await writeFile(path, isRaw ? value : JSON.stringify(value));
    return path;
  };
  const writing = async (proof: unknown, signals: unknown = honest.publicSignals): Promise<Prover> =>
    prover(`cp ${await keep("proof", proof)} "$3"`, `cp ${await keep("signals", signals)} "$4"`);
  /** A pipe that ends when all have ended who were given it. */
  const alive = (): { path: string; reader: ReadStream } => {
    const path = join(folder(), "alive");
    execFileSync("mkfifo", [path]);
    return { path, reader: createReadStream(path) };
  };
  const failure = async (proving: Prover): Promise<string> => {
    const error = await holdfastErrorOf(proving.prove(witness));
    expect(error).to.include({ code: "io" });
    expect(error.details).to.deep.equal({ program: join(folder(), "prover.sh") });
    expect(error.message).to.include("the prover prover.sh ");
    return error.message;
  };

  it("is given the key, the witness and two names, and what it writes is the proof", async () => {
    const [proof, signals] = [await keep("a", honest.proof), await keep("b", honest.publicSignals)];
    const seen = await keep("seen", "");
    const external = await prover(
      `test "$#" = 4 && test "$1" = ${artifacts.zkey} || exit 7`,
      `cat "$2" > ${seen}; cp ${proof} "$3"; cp ${signals} "$4"`,
    );
    const proved = await external.prove(witness);
    expect(proved).to.deep.equal({ proof: honest.proof, publicSignals: honest.publicSignals });
    expect(await engine.verify(proved.proof, proved.publicSignals)).to.equal(true);
    execFileSync("cmp", [seen, await keep("expected", witness)]);
  });
  it("may leave out the curve, and end with a zero byte, as rapidsnark's do", async () => {
    const { pi_a, pi_b, pi_c, protocol } = honest.proof;
    const text = `${JSON.stringify({ pi_a, pi_b, pi_c, protocol })}\0`;
    expect((await (await writing(text)).prove(witness)).proof).to.deep.equal(honest.proof);
  });

  it("is named if it fails, with its exit code and its last words", async () => {
    expect(await failure(await prover("echo first >&2", "echo no room >&2", "exit 1"))).to.equal(
      "the prover prover.sh ended with code 1: no room",
    );
    expect(await failure(await prover("exit 3"))).to.include("code 3: it said nothing");
    expect(await failure(await prover("kill -9 $$"))).to.include("signal SIGKILL");
    expect(await failure(await prover("seq 1 200000 >&2", "exit 1"))).to.match(/code 1: 200000$/);
    const coloured = await failure(await prover("printf '\\033[31mred %01000d' 1 >&2", "exit 1"));
    expect(coloured).to.have.length.below(300).and.not.include("\u001b");
  });

  it("is named if it cannot be started", async () => {
    const gone = createExternalProver({
      ...{ program: join(folder(), "prover.sh"), zkey: artifacts.zkey, ...counts() },
    });
    expect(await failure(gone)).to.include("cannot be started");
  });

  it("has written no proof if there is none, or anything else", async () => {
    expect(await failure(await prover("exit 0"))).to.include("wrote no proof");
    const { proof } = honest;
    for (const other of [
      ...["garbage", "", "null", "[]", { ...proof, pi_a: ["1", "2"] }, { ...proof, pi_a: ["1", "2", 1] }],
      ...[
        { ...proof, pi_b: proof.pi_a },
        { ...proof, pi_c: ["1", "-2", "1"] },
      ],
      ...[
        { ...proof, protocol: "plonk" },
        { ...proof, curve: "bls12381" },
      ],
    ])
      expect(await failure(await writing(other)), JSON.stringify(other)).to.include(
        "wrote no proof: proof.json",
      );
    for (const other of ["{", [1, 2, 3, 4], ["0x1"]])
      expect(await failure(await writing(proof, other))).to.include("wrote no proof: public.json");
  });

  it("has written the signals of another witness", async () => {
    const { proof, publicSignals } = honest;
    for (const other of [publicSignals.with(1, "2"), publicSignals.slice(1), [...publicSignals, "0"]])
      expect(await failure(await writing(proof, other))).to.include("the signals of another witness");
  });

  it("is not read any further than a proof goes, nor through a link, nor waited for in a pipe", async () => {
    expect(await failure(await prover('truncate -s 1G "$3"', 'echo "[]" > "$4"'))).to.include(
      "proof.json has 1073741824 bytes",
    );
    const proof = await keep("a", honest.proof);
    expect(await failure(await prover(`ln -s ${proof} "$3"`, 'echo "[]" > "$4"'))).to.include("ELOOP");
    expect(await failure(await prover('mkfifo "$3"', 'echo "[]" > "$4"'))).to.include("is no file");
  });

  it("ends on the signal, with all that it has started", async () => {
    const stopping = new AbortController();
    const { path, reader } = alive();
    const over = once(reader, "end"); // nobody is left who could write
    const external = await prover(`exec 3> ${path}`, "sleep 1000 & echo started >&3", "wait");
    const proving = errorOf(external.prove(witness, { signal: stopping.signal }));
    await once(reader, "data");
    stopping.abort(new Error("enough"));
    expect((await proving).message).to.equal("enough");
    await over;
    expect((await errorOf(external.prove(witness, { signal: stopping.signal }))).message).to.equal("enough");
  });

  it("leaves no witness behind when this process ends before it does", async () => {
    const options = {
      program: await program("kill -USR2 $PPID", "sleep 1000"),
      zkey: artifacts.zkey,
      ...counts(),
    };
    const module = new URL("../../groth16/external-prover.ts", import.meta.url).href;
    const code = `
      import { readFileSync } from "node:fs";
      import { createExternalProver } from ${JSON.stringify(module)};
      process.on("SIGUSR2", () => process.exit(3));
      await createExternalProver(${JSON.stringify(options)}).prove(readFileSync(${JSON.stringify(await keep("witness", witness))}));
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "inherit" });
    expect(await once(child, "exit")).to.deep.equal([3, null]);
  });

  it("is given a folder of its own where it is told, for this user only", async () => {
    const scratch = join(folder(), "data", "proving");
    const seen = await keep("seen", "");
    const external = createExternalProver({
      ...{ program: await program(`dirname "$2" > ${seen}`, "exit 1"), zkey: artifacts.zkey, scratch },
      ...counts(),
    });
    expect(await failure(external)).to.include("code 1");
    expect(await readFile(seen, "utf8")).to.match(new RegExp(`^${scratch}/holdfast-proof-\\w+\n$`));
    expect((await stat(scratch)).mode & 0o777).to.equal(0o700);
    expect(await readdir(scratch)).to.deep.equal([]);
  });

  it("leaves nothing running that it has started and did not wait for", async () => {
    const { path, reader } = alive();
    const external = await prover(`exec 3> ${path}`, "echo started >&3", "sleep 1000 &", "exit 2");
    expect(await failure(external)).to.include("code 2");
    await once(reader.resume(), "end");
  });
});
