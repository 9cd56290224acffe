// Whole proofs in WebAssembly, which snarkjs verifies: of tiny, and of circuits that are not ours.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect } from "chai";
import { groth16, type VerificationKey } from "snarkjs";
import { artifactPaths, loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { bn254 } from "../../groth16/bn254.ts";
import { createProver, loadProverKey, type Prover, type ProverKey } from "../../groth16/prover.ts";
import { calculateWitness } from "../../groth16/witness.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { prepareProver } from "../../wasm/prepare.ts";
import { errorOf } from "../helpers/errors.ts";
import { checkedProver } from "../helpers/prover-modules.ts";
import * as small from "../helpers/small-circuits.ts";
import { honestStatement } from "../helpers/statement.ts";
import { unfit } from "../helpers/unfit-module.ts";

describe("groth16: the prover on the tiny profile", () => {
  const { input, directory } = honestStatement({
    profile: PROFILES.tiny,
    seed: 12345n,
    sizes: [3000, 10, 9000],
  });
  let witness: Uint8Array;
  let verificationKey: VerificationKey;
  let key: ProverKey;
  let prover: Prover;

  before(async function () {
    this.timeout(120_000);
    await ensureProfile("tiny");
    const artifacts = await loadProvingArtifacts("tiny");
    verificationKey = artifacts.verificationKey;
    witness = await calculateWitness(artifacts.wasm, input);
    key = await loadProverKey(artifactPaths("tiny").zkey);
    prover = await createProver(key);
  });
  after(() => prover.close());

  const verify = ({ proof, publicSignals }: Awaited<ReturnType<Prover["prove"]>>): Promise<boolean> =>
    groth16.verify(verificationKey, publicSignals, proof);

  it("proves an honest statement in snarkjs's format", async () => {
    const proved = await prover.prove(witness);
    expect(proved.publicSignals).to.deep.equal([directory.root, 12345n, 0n, 27n].map(String));
    expect(await verify(proved)).to.equal(true);
    const { proof } = await groth16.prove(
      { type: "mem", data: new Uint8Array(await readFile(artifactPaths("tiny").zkey)) },
      { type: "mem", data: witness },
    );
    const shape = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value).replace(/"\d{2,}"/g, '"number"')) as unknown;
    expect(shape(proved.proof)).to.deep.equal(shape(proof));
  });

  it("never gives the same proof twice", async () => {
    const [one, other] = await Promise.all([prover.prove(witness), prover.prove(witness)]);
    expect(one.proof).not.to.deep.equal(other.proof);
    expect([await verify(one), await verify(other)]).to.deep.equal([true, true]);
  });

  it("relies on nothing that does not hold, over a whole proof", async () => {
    const checked = await createProver(key, { module: await checkedProver() });
    expect(await verify(await checked.prove(witness))).to.equal(true);
    await checked.close();
  });

  it("proves with a key in memory", async () => {
    const bytes = new Uint8Array(await readFile(artifactPaths("tiny").zkey));
    const other = await createProver(bytes);
    expect(await verify(await other.prove(witness))).to.equal(true);
    await other.close();
  });

  it("proves where no memory can be shared", async () => {
    const { SharedArrayBuffer: shareable } = globalThis;
    Object.assign(globalThis, { SharedArrayBuffer: undefined });
    try {
      const other = await createProver(artifactPaths("tiny").zkey);
      expect(await verify(await other.prove(witness))).to.equal(true);
      await other.close();
    } finally {
      Object.assign(globalThis, { SharedArrayBuffer: shareable });
    }
  });

  it("spreads a proof over threads, again and again", async function () {
    this.timeout(60_000);
    for (const threads of [2, 3, 2])
      expect(await verify(await prover.prove(witness, { threads }))).to.equal(true);
    expect(await verify(await prover.prove(witness))).to.equal(true);
  });

  for (const threads of [1, 2]) {
    it(`ends when it is asked to, with ${threads} threads, and proves again`, async function () {
      this.timeout(60_000);
      const reason = new Error("enough");
      expect(await errorOf(prover.prove(witness, { threads, signal: AbortSignal.abort(reason) }))).to.equal(
        reason,
      );
      const controller = new AbortController();
      const proof = prover.prove(witness, { threads, signal: controller.signal });
      setImmediate(() => controller.abort(reason));
      expect(await errorOf(proof)).to.equal(reason);
      expect(await verify(await prover.prove(witness, { threads }))).to.equal(true);
    });
  }

  it("says so if one of its threads ends, and closes", async () => {
    const { points } = key.sections.a;
    const broken = { ...key, sections: { ...key.sections, a: { points } } } as unknown as ProverKey;
    const other = await createProver(broken);
    expect((await errorOf(other.prove(witness, { threads: 2 }))).message).to.match(/undefined/);
    await other.close();
  });

  describe("in threads", () => {
    const started: Worker[] = [];
    const note = (worker: Worker): void => void started.push(worker);
    let other: Prover;
    before(() => bn254()); // before snarkjs would start a worker per core
    beforeEach(async () => {
      started.length = 0;
      process.on("worker", note);
      other = await createProver(key);
    });
    afterEach(async () => {
      process.off("worker", note);
      await other.close();
      // Of a thread that has ended.
      expect(started.map(({ threadId }) => threadId)).to.deep.equal(started.map(() => -1));
    });

    it("has one fewer of its own than take part, because the calling one does", async () => {
      for (const threads of [2, 2, 3, 1])
        expect(await verify(await other.prove(witness, { threads }))).to.equal(true);
      expect(started).to.have.lengthOf(2);
    });

    it("replaces one that ends between two proofs", async () => {
      await other.prove(witness, { threads: 2 });
      await started[0]?.terminate();
      expect(await verify(await other.prove(witness, { threads: 2 }))).to.equal(true);
      expect(started).to.have.lengthOf(2);
    });

    it("lives on when one fails between two proofs", async () => {
      await other.prove(witness, { threads: 2 });
      const [worker] = started;
      worker?.emit("error", new Error("out of memory"));
      await worker?.terminate();
      expect(await verify(await other.prove(witness, { threads: 2 }))).to.equal(true);
    });

    it("ends them all when it closes, also with proofs that wait, and proves no more", async () => {
      const closed = { name: "HoldfastError", code: "aborted" };
      for (const threads of [1, 3]) {
        const closing = await createProver(key);
        const waiting = [1, 2, 3].map(() => errorOf(closing.prove(witness, { threads })));
        await new Promise((soon) => setImmediate(soon));
        await closing.close();
        for (const error of await Promise.all(waiting)) {
          expect(error).to.include(closed);
          expect(error.message).to.include("the prover is closed");
        }
        for (const threads of [1, 2])
          expect(await errorOf(closing.prove(witness, { threads }))).to.include(closed);
        await closing.close();
      }
    });

    it("ends the thread that it is about to start when it closes", async () => {
      for (let steps = 0; steps < 12; steps++) {
        const closing = await createProver(key);
        const proving = errorOf(closing.prove(witness, { threads: 2 }));
        for (let step = 0; step < steps; step++) await Promise.resolve();
        await closing.close();
        expect(await proving).to.include({ code: "aborted" });
      }
    });
  });

  it("gives a proof that does not verify for a witness that does not satisfy", async () => {
    const wrong = witness.slice();
    wrong[wrong.length - 32] = (wrong[wrong.length - 32] as number) ^ 1;
    expect(await verify(await prover.prove(wrong))).to.equal(false);
  });

  it("refuses the witness of another circuit", async () => {
    const error = await errorOf(prover.prove(small.witnessOf([1n, 2n, 3n])));
    expect(error).to.include({ name: "HoldfastError", code: "bad-input" });
    expect(error.message).to.match(/^this witness has 3 wires, and the key is for a circuit of \d+/);
  });

  it("refuses a witness of another field, or none at all", async () => {
    const prime = 2n ** 255n - 19n;
    expect(await errorOf(prover.prove(small.witnessOf([1n, 2n], prime)))).to.include({ code: "bad-input" });
    for (const broken of [witness.subarray(0, witness.length - 1), witness.subarray(0, 5), new Uint8Array()])
      expect(await errorOf(prover.prove(broken))).to.include({ code: "corrupt" });
    const zeros = small.witnessOf(Array<bigint>(key.wires).fill(0n));
    expect((await errorOf(prover.prove(zeros))).message).to.equal(
      "this is no witness: its first value is not 1",
    );
  });

  for (const threads of [1, 2]) {
    it(`refuses values that are no field elements, with ${threads} threads`, async () => {
      const wrong = witness.slice().fill(0xff, witness.length - 32);
      const error = await errorOf(prover.prove(wrong, { threads }));
      expect(error).to.include({ name: "HoldfastError", code: "corrupt" });
      expect(error.message).to.equal("the witness has values that are no field elements");
    });
  }

  it("is refused on a machine that computes otherwise", async () => {
    const module = await WebAssembly.compile(unfit(await readFile(await prepareProver())));
    const error = await errorOf(createProver(key, { module }));
    expect(error).to.include({ name: "HoldfastError", code: "io" });
    expect(error.message).to.match(/^this machine cannot run the prover in WebAssembly.*: use snarkjs$/);
  });
});

describe("groth16: the prover on circuits that are not ours", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-prover-"));
  });
  after(() => rm(folder, { recursive: true }));

  for (const [name, circuit] of [
    ["one constraint and nothing public", small.ONE_CONSTRAINT],
    ["public inputs only", small.PUBLIC_ONLY],
    ["bits", small.BITS],
    ["wires that are alike", small.ALIKE],
    ["a chain of squares", small.SQUARES],
  ] as const) {
    it(`proves a circuit of ${name}`, async function () {
      this.timeout(60_000);
      const { zkey, verificationKey } = await small.keyOf(circuit, folder, name.replaceAll(" ", "-"));
      const prover = await createProver(zkey, { module: await checkedProver() });
      const { proof, publicSignals } = await prover.prove(small.witnessOf(circuit.witness));
      await prover.close();
      expect(publicSignals).to.deep.equal(circuit.witness.slice(1, circuit.publicInputs + 1).map(String));
      expect(await groth16.verify(verificationKey, publicSignals, proof)).to.equal(true);
      if (publicSignals.length === 0) return;
      const others = publicSignals.with(0, String(BigInt(publicSignals[0] as string) + 1n));
      expect(await groth16.verify(verificationKey, others, proof)).to.equal(false);
    });
  }
});
