/**
 * The process of one measurement of prove.ts: profile, engine, threads and the rival's program are its arguments. A
 * proof is made before the one that is measured, as in a node that has run for a while.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { artifactPaths, loadCircuitManifest } from "../../circuits/artifacts.ts";
import { bn254 } from "../../groth16/bn254.ts";
import { createProver } from "../../groth16/prover.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { inputOf } from "../../keys/known-answer.ts";
import { profileNamed, type Profile } from "../../protocol/profiles.ts";
import type { ProveBench } from "./prove.ts";

interface Proved {
  readonly proof: Groth16Proof;
  readonly publicSignals: string[];
  /** Processor time of other processes. */
  readonly otherCpuSeconds?: number;
}
type Prove = (witness: Uint8Array) => Promise<Proved>;

const SEGMENT_BYTES = 100_000;

async function proverOf(engine: string, zkey: string, threads: number, rival: string): Promise<Prove> {
  if (engine === "rival") return (witness) => proveByProgram(rival, zkey, witness);
  if (engine === "wasm") {
    const prover = await createProver(zkey);
    return (witness) => prover.prove(witness, { threads });
  }
  await bn254(); // before snarkjs would start a worker per core
  const key = { type: "mem", data: new Uint8Array(await readFile(zkey)) } as const;
  return (witness) => groth16.prove(key, { type: "mem", data: witness });
}

/** The shell says at the end what its children took: of the last two words of two lines, the second line's. */
async function proveByProgram(program: string, zkey: string, witness: Uint8Array): Promise<Proved> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-rival-"));
  try {
    const [wtns, proof, signals] = ["witness.wtns", "proof.json", "public.json"].map((name) =>
      join(folder, name),
    ) as [...[string, string, string]];
    await writeFile(wtns, witness);
    const script = `"$@" >/dev/null && times`;
    const args = ["-c", script, "sh", program, zkey, wtns, proof, signals];
    const { stdout } = await promisify(execFile)("sh", args, {
      env: { ...process.env, OMP_NUM_THREADS: "1" },
    });
    const times = [...(stdout.trim().split("\n").at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
    return {
      proof: JSON.parse(await readFile(proof, "utf8")) as Groth16Proof,
      publicSignals: JSON.parse(await readFile(signals, "utf8")) as string[],
      otherCpuSeconds: times.reduce(
        (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
        0,
      ),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(
  profile: Profile,
  engine: string,
  threads: number,
  rival: string,
): Promise<ProveBench> {
  const { constraints } = await loadCircuitManifest(profile.name);
  const paths = artifactPaths(profile.name);
  const program = await readFile(paths.wasm);
  const key = JSON.parse(await readFile(paths.verificationKey, "utf8")) as VerificationKey;
  const prove = await proverOf(engine, paths.zkey, threads, rival);
  const input = inputOf(
    profile,
    Uint8Array.from({ length: SEGMENT_BYTES }, (_, i) => (i * i) % 251),
  );
  await prove(await calculateWitness(program, input));

  const [before, start] = [process.cpuUsage(), performance.now()];
  const witness = await calculateWitness(program, input);
  const calculated = performance.now();
  const { proof, publicSignals, otherCpuSeconds = 0 } = await prove(witness);
  const end = performance.now();
  const { user, system } = process.cpuUsage(before);

  const peakMb = engine === "rival" ? null : process.resourceUsage().maxRSS / 1e3;
  if (!(await groth16.verify(key, publicSignals, proof)))
    throw new Error(`${engine} gives a proof that does not verify`);
  return {
    ...{ profile: profile.name, engine: engine as ProveBench["engine"], threads, constraints },
    witnessSeconds: (calculated - start) / 1e3,
    cpuSeconds: (user + system) / 1e6 + otherCpuSeconds,
    wallSeconds: (end - start) / 1e3,
    peakMb,
  };
}

const [name = "", engine = "", threads = "1", rival = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(profileNamed(name), engine, Number(threads), rival)), () =>
  process.exit(),
);
