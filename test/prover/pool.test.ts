// The pool with the real tiny circuit: its order, its bound, and threads that die, hang or are closed in mid-work.
import { expect } from "chai";
import { loadProvingArtifacts, type ProvingArtifacts } from "../../circuits/artifacts.ts";
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
import { honestStatement } from "../helpers/statement.ts";

const WORKER = new URL("../helpers/failing-worker.ts", import.meta.url);
const FAR = Number.MAX_SAFE_INTEGER;

describe("prover: pool", function () {
  this.timeout(60_000);
  const { input } = honestStatement({ profile: PROFILES.tiny, seed: 12345n, sizes: [3000, 10, 9000] });
  let artifacts: ProvingArtifacts;
  let pool: ProverPool;
  before(async () => {
    await ensureProfile("tiny");
    artifacts = await loadProvingArtifacts("tiny");
  });
  afterEach(() => pool.close());

  const open = (options: Partial<ProverPoolOptions> = {}, modules: ProverPoolModules = {}): ProverPool => {
    const defaults = { artifacts, threads: 1, maxQueue: 8, taskTimeoutMs: 60_000 };
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
    pool = createProverPool({ artifacts, threads: 2, maxQueue: 8, taskTimeoutMs: 60_000 });
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
