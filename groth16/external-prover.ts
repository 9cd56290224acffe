/**
 * A prover of somebody else's: a program with rapidsnark's command line, `PROGRAM zkey wtns proof.json public.json`. What it
 * writes is believed to have the right form only after a look, and to be a proof only by who verifies it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { constants, rmSync } from "node:fs";
import { access, mkdir, mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Groth16Proof } from "snarkjs";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES } from "../protocol/field.ts";
import { refuseChanged } from "../system/checked-file.ts";
import { sha256File } from "../system/files.ts";
import { readWitness } from "./prover-witness.ts";
import type { Prover } from "./prover.ts";
import { integerOf } from "./shared.ts";

/** Of proof.json and of public.json: more than twice what either has. */
const MAX_OUTPUT_BYTES = 1 << 16;
/** Of what the program says, the end. */
const KEPT_BYTES = 1 << 12;
const MAX_LINE = 200;
const LAST_WORDS_MS = 1000;

const number = z.string().regex(/^(0|[1-9]\d{0,77})$/);
const [g1, pair] = [z.tuple([number, number, number]), z.tuple([number, number])];
/** Of rapidsnark's fields `curve` may be missing. */
const proofSchema = z.object({
  pi_a: g1,
  pi_b: z.tuple([pair, pair, pair]),
  pi_c: g1,
  protocol: z.literal("groth16").optional(),
  curve: z.enum(["bn128", "bn254"]).optional(),
});
const signalsSchema = z.array(number);

/** The program's whole path. Throws HoldfastError "bad-input" unless it is a file that this user may run. */
export async function checkProgram(program: string): Promise<string> {
  const path = resolve(program);
  try {
    if (!(await stat(path)).isFile()) throw new Error("it is no file");
    await access(path, constants.X_OK);
    return path;
  } catch (cause) {
    const message = `the engine "${program}" is neither wasm nor snarkjs nor a program that can be run: ${(cause as Error).message}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}

export interface ExternalProverOptions {
  readonly program: string;
  /** The key's path. */
  readonly zkey: string;
  /** Its SHA-256, which it must still have whenever the program is to read it. */
  readonly zkeyHash?: string | undefined;
  /** A folder that is its own, for what the program reads and writes; default: TMPDIR. Who ends without warning leaves it there. */
  readonly scratch?: string | undefined;
  /** The circuit's wires, and how many of them are public. */
  readonly wires: number;
  readonly publicInputs: number;
}

/**
 * Its `prove` ends when the program has, which it does at once on the signal: then the signal's reason is thrown.
 *
 * @throws HoldfastError as `readWitness`; "key" if the key's file has changed; "io", which names the program, if it fails or writes anything but a proof of the witness's signals
 */
export function createExternalProver({
  program,
  zkey,
  zkeyHash,
  scratch,
  wires,
  publicInputs,
}: ExternalProverOptions): Prover {
  const name = basename(program);
  const failure = (what: string, cause?: unknown): HoldfastError =>
    new HoldfastError("io", `the prover ${name} ${what}`, { program }, { cause });

  return {
    async prove(witness, { signal } = {}) {
      signal?.throwIfAborted();
      const values = readWitness(witness, wires);
      const expected = Array.from({ length: publicInputs }, (_, i) =>
        integerOf(values.subarray((i + 1) * ELEMENT_BYTES, (i + 2) * ELEMENT_BYTES)).toString(),
      );
      if (zkeyHash !== undefined) refuseChanged(zkey, zkeyHash, await hashOf(zkey, signal));
      if (scratch !== undefined) await mkdir(scratch, { recursive: true, mode: 0o700 });
      const folder = await mkdtemp(join(resolve(scratch ?? tmpdir()), "holdfast-proof-"));
      const [wtns, proof, signals] = ["witness.wtns", "proof.json", "public.json"].map((file) =>
        join(folder, file),
      ) as [string, string, string];
      // The witness holds pieces of customers' data.
      const remove = (): void => rmSync(folder, { recursive: true, force: true });
      process.once("exit", remove);
      try {
        await writeFile(wtns, witness, { mode: 0o600 });
        const { ended, said } = await run(program, [zkey, wtns, proof, signals], signal);
        signal?.throwIfAborted();
        if (ended instanceof Error) throw failure(`cannot be started: ${ended.message}`, ended);
        if (ended !== "code 0") throw failure(`ended with ${ended}: ${said}`);
        const parsed = await Promise.all([read(proof, proofSchema), read(signals, signalsSchema)]).catch(
          (cause: unknown) => {
            throw failure(`wrote no proof: ${(cause as Error).message}`, cause);
          },
        );
        if (parsed[1].join() !== expected.join()) throw failure("wrote the signals of another witness");
        const { pi_a, pi_b, pi_c } = parsed[0];
        const whole: Groth16Proof = { pi_a, pi_b, pi_c, protocol: "groth16", curve: "bn128" };
        return { proof: whole, publicSignals: expected };
      } finally {
        process.off("exit", remove);
        await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function hashOf(path: string, signal?: AbortSignal): Promise<string> {
  return sha256File(path, signal).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new HoldfastError("key", `${path} cannot be read: put it back`, { path }, { cause });
  });
}

interface Run {
  /** "code 0" or the like, or why it did not start. */
  readonly ended: string | Error;
  /** The last line of its error output. */
  readonly said: string;
}

async function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<Run> {
  // A group of its own, so that what it has started ends with it.
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let output = Buffer.alloc(0);
  child.stderr?.on("data", (chunk: Buffer) => {
    output = Buffer.concat([output, chunk]).subarray(-KEPT_BYTES);
  });
  const kill = (): void => killGroup(child);
  const closed = once(child, "close").catch(() => undefined);
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  signal?.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);
  try {
    if (signal?.aborted) kill();
    const [code, by] = await exited;
    kill();
    // All that it said; who has left its group may still hold the pipe.
    await Promise.race([closed, setTimeout(LAST_WORDS_MS, undefined, { ref: false })]);
    return { ended: by === null ? `code ${code}` : `signal ${by}`, said: lastLine(output.toString("utf8")) };
  } catch (error) {
    return { ended: error as Error, said: "" };
  } finally {
    signal?.removeEventListener("abort", kill);
    process.off("exit", kill);
    child.stderr?.destroy();
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return; // it has not started
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left of the group.
  }
}

/** Without the codes that colour it. */
function lastLine(text: string): string {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  return (
    line
      .replaceAll(/\p{Cc}/gu, " ")
      .trim()
      .slice(-MAX_LINE) || "it said nothing"
  );
}

/** A pipe is not waited for, a link not followed. */
async function read<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const name = basename(path);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    const { size } = found;
    if (!found.isFile()) throw new Error(`${name} is no file`);
    if (size > MAX_OUTPUT_BYTES) throw new Error(`${name} has ${size} bytes`);
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_OUTPUT_BYTES), 0, MAX_OUTPUT_BYTES, 0);
    let value: unknown;
    try {
      // Some rapidsnarks write a zero byte at the end.
      value = JSON.parse(Buffer.from(buffer).toString("utf8", 0, bytesRead).replace(/\0+$/, ""));
    } catch {
      throw new Error(`${name} is not JSON`);
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new Error(`${name} has another form`);
  } finally {
    await file.close();
  }
}
