/**
 * A Groth16 prover for BN254 in WebAssembly: snarkjs's keys, witnesses and proofs (docs/prover.md).
 */
import type { Groth16Proof } from "snarkjs";
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { G1, type Affine } from "./curve.ts";
import { checkKernel } from "./prover-check.ts";
import { createKernel } from "./prover-kernel.ts";
import { readProverKey, type ProverKey, type SectionName } from "./prover-key.ts";
import { loadProverModule } from "./prover-module.ts";
import { pointOfKey, sumOfG1, sumOfG2 } from "./prover-sums.ts";
import { createTeam, type Team } from "./prover-team.ts";
import { readWitness } from "./prover-witness.ts";
import { integerOf, sharedBytes } from "./shared.ts";

export type { ProverKey } from "./prover-key.ts";

export interface Proved {
  readonly proof: Groth16Proof;
  readonly publicSignals: string[];
}

export interface ProveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 1: the calling thread. The others are worker threads, which share the key. */
  readonly threads?: number | undefined;
}

export interface Prover {
  /**
   * Proofs of one prover are made one after the other. A witness that does not satisfy the circuit gives a proof that does
   * not verify: the caller verifies each.
   *
   * @param witness a .wtns file's content
   * @throws HoldfastError "bad-input" for a witness of another circuit or field, "corrupt" for a broken one; "aborted" after
   *   `close`; what `signal` says
   */
  prove(witness: Uint8Array, options?: ProveOptions): Promise<Proved>;
  /** Ends what runs, and refuses what waits or comes later. */
  close(): Promise<void>;
}

export interface ProverOptions {
  /** The module of wasm/assembly/prover.ts; default: built and compiled when it is needed. */
  readonly module?: WebAssembly.Module | undefined;
}

/** Read once in a process: plain data, which threads may share. Throws as `readProverKey`. */
export function loadProverKey(path: string, sha256?: string): Promise<ProverKey> {
  return readProverKey(path, sha256);
}

/**
 * @param zkey a file, its content, or what `loadProverKey` gave
 * @throws HoldfastError "io" if this machine cannot run the module: snarkjs can
 */
export async function createProver(
  zkey: string | Uint8Array | ProverKey,
  { module }: ProverOptions = {},
): Promise<Prover> {
  const isKey = typeof zkey !== "string" && !(zkey instanceof Uint8Array);
  const key = isKey ? zkey : await readProverKey(zkey);
  const compiled = module ?? (await loadProverModule());
  const kernel = createKernel(compiled);
  await checkKernel(kernel);
  const team = createTeam(key, compiled, kernel);
  let last: Promise<unknown> = Promise.resolve();
  return {
    prove(witness, options = {}) {
      const proved = last.then(() => prove(key, team, witness, options));
      last = proved.catch(() => undefined);
      return proved;
    },
    async close() {
      await team.close();
      await last;
    },
  };
}

async function prove(
  key: ProverKey,
  team: Team,
  witness: Uint8Array,
  { signal, threads = 1 }: ProveOptions,
): Promise<Proved> {
  signal?.throwIfAborted();
  const values = readWitness(witness, key.wires);
  const [r, s] = [randomScalar(), randomScalar()];
  const scalars = sharedBytes(values.length + 64);
  scalars.set(values);
  scalars.set(r, values.length);
  scalars.set(s, values.length + 32);
  const sums = await team.sums(scalars, { signal, threads });

  const g1 = (name: SectionName): Affine<bigint> => sumOfG1(sums[name]);
  const [a, b1, b2] = [g1("a"), g1("b1"), sumOfG2(sums.b2)];
  const [rValue, sValue] = [integerOf(r), integerOf(s)];
  const masked = G1.combine([
    [sValue, a],
    [rValue, b1],
    [P - ((rValue * sValue) % P), pointOfKey(key.delta)],
  ]);
  const c = G1.toAffine(G1.add(G1.add(masked, g1("c")), g1("h")));
  if (!a || !b2 || !c) throw new HoldfastError("proof", "a part of the proof is infinite: the key is broken");
  const text = (x: bigint): string => x.toString();
  return {
    proof: {
      pi_a: [...a.map(text), "1"],
      pi_b: [...b2.map((x) => x.map(text)), ["1", "0"]],
      pi_c: [...c.map(text), "1"],
      protocol: "groth16",
      curve: "bn128",
    },
    publicSignals: Array.from({ length: key.publicInputs }, (_, i) =>
      text(integerOf(values.subarray(32 * (i + 1), 32 * (i + 2)))),
    ),
  };
}

/** Uniform below P, from the system's generator: what makes a proof tell nothing of the witness. */
function randomScalar(): Uint8Array {
  for (;;) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    bytes[31] = (bytes[31] as number) & 0x3f; // P is below 2^254
    if (integerOf(bytes) < P) return bytes;
  }
}
