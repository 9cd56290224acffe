// The pool with the real tiny circuit: its order, its bound, and threads that die, hang or are closed in mid-work.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { open as openFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
import { present } from "../../evidence/world/present.ts";
import { createEngine } from "../../groth16/engine.ts";
import { loadBackend, type Backend } from "../../groth16/engines.ts";
import { verifyProof } from "../../groth16/verify.ts";
import type { CircuitInput } from "../../groth16/witness.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import {
  createProverPool,
  type ProverPool,
  type ProverPoolModules,
  type ProverPoolOptions,
} from "../../prover/pool.ts";
import { errorOf } from "../helpers/errors.ts";
import type { Failure } from "../helpers/failing-worker.ts";
import { makeFolder, useFolder } from "../helpers/folder.ts";
import { honestStatement } from "../helpers/statement.ts";

const WORKER = new URL("../helpers/failing-worker.ts", import.meta.url);
const COUNTING = new URL("../helpers/counting-worker.ts", import.meta.url);
const FAR = Number.MAX_SAFE_INTEGER;

describe("prover: pool", function () {
  this.timeout(60_000);
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 12345n, sizes: [3000, 10, 9000] });
  let artifacts: ProvingArtifacts;
  let backend: Backend;
  let pool: ProverPool;
  before(async () => {
    await ensureProfile("tiny");
    artifacts = await loadProvingArtifacts("tiny");
    backend = await loadBackend("wasm", artifacts);
  });
  afterEach(() => pool.close());

  const open = (options: Partial<ProverPoolOptions> = {}, modules: ProverPoolModules = {}): ProverPool => {
    const defaults = { artifacts, backend, threads: 1, maxQueue: 8, taskTimeoutMs: 60_000 };
    return (pool = createProverPool({ ...defaults, ...options }, { worker: WORKER, ...modules }));
  };
  const countdown = (times: number): Int32Array => new Int32Array(new SharedArrayBuffer(4)).fill(times);
  const failing = (kind: Failure["kind"], times: number, left = countdown(times)): CircuitInput =>
    Object.assign({}, input, { failure: { kind, left } });
  const expectProof = async (proving: ReturnType<ProverPool["prove"]>): Promise<void> => {
    const { proof, publicSignals } = await proving;
    expect(await verifyProof(artifacts.verificationKey, proof, publicSignals)).to.equal(true);
  };

  it("proves on the thread that ships", async () => {
    pool = createProverPool({ artifacts, backend, threads: 2, maxQueue: 8, taskTimeoutMs: 60_000 });
    await Promise.all([
      expectProof(pool.prove(input, { deadlineMs: 1 })),
      expectProof(pool.prove(input, { deadlineMs: 2 })),
    ]);
  });

  it("takes the earliest deadline first, and equal ones in the order they came", async () => {
    open();
    const finished: string[] = [];
    const add = (name: string, deadlineMs: number): Promise<unknown> =>
      pool.prove({ ...input, seed: 0n }, { deadlineMs }).catch(() => finished.push(name));
    await Promise.all([
      add("running", FAR),
      add("late", 30),
      add("soon", 10),
      add("middle", 20),
      add("soon too", 10),
    ]);
    expect(finished).to.deep.equal(["running", "soon", "soon too", "middle", "late"]);
  });

  it("refuses more than may wait as busy, and takes more once there is room", async () => {
    open({ maxQueue: 1 });
    const quick = (): Promise<Error> => errorOf(pool.prove({ ...input, seed: 0n }, { deadlineMs: 1 }));
    const [running, waiting, refused] = [quick(), quick(), quick()];
    expect(await refused).to.include({ code: "busy" });
    for (const task of [running, waiting]) expect(await task).to.include({ code: "proof" });
    expect(await quick()).to.include({ code: "proof" });
  });

  for (const kind of ["exit", "throw"] as const) {
    it(`tries a task again whose thread fails by ${kind}`, async () => {
      open();
      await expectProof(pool.prove(failing(kind, 1), { deadlineMs: 1 }));
    });
  }

  it("kills a thread that hangs and tries its task again", async () => {
    const attempts: AbortController[] = [];
    const timeout = (ms: number): AbortSignal => {
      expect(ms).to.equal(5000);
      return attempts[attempts.push(new AbortController()) - 1]?.signal ?? AbortSignal.abort();
    };
    open({ taskTimeoutMs: 5000 }, { timeout });
    const left = countdown(1);
    const proving = pool.prove(failing("hang", 1, left), { deadlineMs: 1 });
    await Atomics.waitAsync(left, 0, 1).value;
    attempts[0]?.abort();
    await expectProof(proving);
    expect(attempts).to.have.lengthOf(2);
  });

  it("gives a task up whose thread dies twice, and goes on with the next", async () => {
    open();
    const doomed = errorOf(pool.prove(failing("exit", 2), { deadlineMs: 1 }));
    const next = pool.prove(input, { deadlineMs: 2 });
    expect(await doomed).to.include({ code: "unreachable" });
    await expectProof(next);
  });

  it("lets snarkjs prove where a thread finds that ours does not run, and says so once", async () => {
    const lines: string[] = [];
    open({ threads: 2 }, { warn: (line) => lines.push(line) });
    const left = countdown(2);
    const proving = [1, 2].map((deadlineMs) => pool.prove(failing("unfit", 2, left), { deadlineMs }));
    await Promise.all(proving.map(expectProof));
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include("snarkjs takes its place: as told");
  });

  describe("gives a proof", () => {
    const threadsOf = (count: number): Promise<string[]> =>
      Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const { publicSignals } = await pool.prove(input, { deadlineMs: i });
          return publicSignals.join();
        }),
      );

    it("all threads while no other waits, and one each when many wait", async () => {
      open({ threads: 4 }, { worker: COUNTING });
      expect(await threadsOf(1)).to.deep.equal(["4"]);
      // The first one came alone; of three on four threads, the last one has two.
      expect(await threadsOf(4)).to.deep.equal(["4", "1", "1", "2"]);
      expect(await threadsOf(8)).to.deep.equal(["4", "1", "1", "1", "1", "1", "1", "1"]);
    });

    it("one thread if the engine has no use for more", async () => {
      open({ threads: 4, backend: await loadBackend("snarkjs", artifacts) }, { worker: COUNTING });
      expect(await threadsOf(4)).to.deep.equal(["1", "1", "1", "1"]);
    });
  });

  describe("with a program of somebody else's", () => {
    const folder = useFolder();
    const withProgram = async (
      options: Partial<ProverPoolOptions>,
      modules: ProverPoolModules,
      ...lines: string[]
    ): Promise<void> => {
      const program = join(folder(), "prover.sh");
      await writeFile(program, ["#!/bin/sh", ...lines].join("\n"), { mode: 0o700 });
      open({ ...options, backend: await loadBackend(program, artifacts) }, modules);
    };
    /** Says with each line that one more has started, and ends when none of them is left. */
    const started = (): { readonly path: string; readonly reader: ReadStream } => {
      const path = join(folder(), "started");
      execFileSync("mkfifo", [path]);
      return { path, reader: createReadStream(path) };
    };
    let ready: string;
    before(async () => {
      const engine = await createEngine(artifacts);
      const { proof, publicSignals } = await engine.prove(input);
      ready = await makeFolder();
      await writeFile(join(ready, "proof.json"), JSON.stringify(proof));
      await writeFile(join(ready, "public.json"), JSON.stringify(publicSignals));
    });
    after(() => rm(ready, { recursive: true }));

    it("proves by it", async () => {
      await withProgram({}, {}, `cp ${ready}/proof.json "$3" && cp ${ready}/public.json "$4"`);
      await expectProof(pool.prove(input, { deadlineMs: 1 }));
    });

    it("does not begin again after its failure", async () => {
      const runs = join(folder(), "runs");
      await withProgram({}, {}, `echo run >> ${runs}`, "echo out of luck >&2", "exit 1");
      const error = await errorOf(pool.prove(input, { deadlineMs: 1 }));
      expect(error).to.include({ code: "io" });
      expect(error.message).to.include("prover.sh ended with code 1: out of luck");
      expect(await readFile(runs, "utf8")).to.equal("run\n");
    });

    it("kills it when it hangs, and gives up after the second time", async () => {
      const { path, reader } = started();
      const attempts: AbortController[] = [];
      const timeout = (): AbortSignal => present(attempts[attempts.push(new AbortController()) - 1]).signal;
      await withProgram({}, { timeout }, `exec 3> ${path}`, "echo started >&3", "sleep 1000");
      const held = await openFile(path, "r+"); // the pipe does not end between the two
      const proving = errorOf(pool.prove(input, { deadlineMs: 1 }));
      for (const time of [0, 1]) {
        await once(reader, "data");
        attempts[time]?.abort();
      }
      expect(await proving).to.include({ code: "unreachable" });
      const over = once(reader.resume(), "end");
      await held.close();
      await over;
    });

    it("has killed it when it is closed", async () => {
      const { path, reader } = started();
      const over = once(reader, "end");
      await withProgram({}, {}, `exec 3> ${path}`, "echo started >&3", "sleep 1000");
      const proving = errorOf(pool.prove(input, { deadlineMs: 1 }));
      await once(reader, "data");
      await pool.close();
      expect(await proving).to.include({ code: "aborted" });
      await over;
    });
  });

  it("does not try inputs again that do not satisfy the circuit", async () => {
    open();
    const left = countdown(0);
    const wrong = { ...failing("exit", 0, left), seed: 0n };
    expect(await errorOf(pool.prove(wrong, { deadlineMs: 1 }))).to.include({
      code: "proof",
      name: "HoldfastError",
    });
    expect(left[0]).to.equal(-1); // it began once
  });

  it("ends at once on close, with one task running and others waiting", async () => {
    open();
    const hanging = errorOf(pool.prove(failing("hang", 2), { deadlineMs: 1 }));
    const waiting = errorOf(pool.prove(input, { deadlineMs: 2 }));
    await pool.close();
    expect(await hanging).to.include({ code: "aborted" });
    expect(await waiting).to.include({ code: "aborted" });
    expect(await errorOf(pool.prove(input, { deadlineMs: 3 }))).to.include({ code: "aborted" });
  });

  it("ends on its signal, before or after it began", async () => {
    const controller = new AbortController();
    open({ signal: controller.signal });
    const proving = errorOf(pool.prove(failing("hang", 2), { deadlineMs: 1 }));
    controller.abort();
    expect(await proving).to.include({ code: "aborted" });
    await pool.close();
    open({ signal: AbortSignal.abort() });
    expect(await errorOf(pool.prove(input, { deadlineMs: 1 }))).to.include({ code: "aborted" });
  });
});
