// The engine on the tiny profile: proofs verify, and nothing that was tampered with does.
import { expect } from "chai";
import type { Groth16Proof } from "snarkjs";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine, type Engine, type ProofResult } from "../../groth16/engine.ts";
import { ensureProfile } from "../../keys/make.ts";
import { P } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { errorOf } from "../helpers/errors.ts";
import { honestStatement } from "../helpers/statement.ts";

const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

describe("prover: engine", () => {
  const { input, directory } = honestStatement({
    profile: PROFILES.tiny,
    seed: 12345n,
    sizes: [3000, 10, 9000],
  });
  let engine: Engine;
  let honest: ProofResult;
  before(async function () {
    this.timeout(120_000);
    await ensureProfile("tiny");
    engine = await createEngine(await loadProvingArtifacts("tiny"));
    honest = await engine.prove(input);
  });

  it("proves an honest statement about its public inputs", async () => {
    expect(honest.publicSignals).to.deep.equal([directory.root, 12345n, 0n, 27n].map(String));
    expect(await engine.verify(honest.proof, honest.publicSignals)).to.equal(true);
  });

  it("survives a JSON round trip", async () => {
    const { proof, publicSignals } = JSON.parse(JSON.stringify(honest)) as ProofResult;
    expect(await engine.verify(proof, publicSignals)).to.equal(true);
  });

  it("refuses each public signal that is changed, swapped, aliased or out of range", async () => {
    const signals = honest.publicSignals;
    for (const [i, signal] of signals.entries()) {
      const wrong = [BigInt(signal) + 1n, BigInt(signal) + P, 2n ** 256n - 1n, -1n].map(String);
      for (const value of [...wrong, "", "0x1", ` ${signal}`, `0${signal}`]) {
        expect(await engine.verify(honest.proof, signals.with(i, value)), `${i}: ${value}`).to.equal(false);
      }
    }
    expect(await engine.verify(honest.proof, [...signals].reverse())).to.equal(false);
    expect(await engine.verify(honest.proof, signals.slice(0, 3))).to.equal(false);
    expect(await engine.verify(honest.proof, [...signals, "0"])).to.equal(false);
  });

  it("refuses a proof with any coordinate changed", async () => {
    const { proof, publicSignals } = honest;
    const changed: Groth16Proof[] = [0, 1].flatMap((i) => [
      { ...proof, pi_a: proof.pi_a.with(i, raise(proof.pi_a[i])) },
      { ...proof, pi_c: proof.pi_c.with(i, raise(proof.pi_c[i])) },
      ...[0, 1].map((j) => ({
        ...proof,
        pi_b: proof.pi_b.with(i, (proof.pi_b[i] ?? []).with(j, raise(proof.pi_b[i]?.[j]))),
      })),
    ]);
    for (const candidate of changed) expect(await engine.verify(candidate, publicSignals)).to.equal(false);
  });

  it("refuses a proof that is malformed, at infinity or of another system", async () => {
    const { proof, publicSignals } = honest;
    const zero = ["0", "0", "0"];
    for (const candidate of [
      { ...proof, pi_a: zero, pi_c: zero },
      { ...proof, pi_a: [] },
      { ...proof, pi_a: ["one", "2", "1"] },
      { ...proof, protocol: "plonk" },
      { ...proof, curve: "bls12381" },
      {} as Groth16Proof,
    ]) {
      expect(await engine.verify(candidate, publicSignals)).to.equal(false);
    }
  });

  it("fails with the reason if the inputs do not satisfy the circuit", async () => {
    const error = await errorOf(engine.prove({ ...input, seed: 54321n }));
    expect(error).to.include({ name: "HoldfastError", code: "proof" });
    expect(error.message).to.match(/do not satisfy the circuit.*StorageAudit/);
  });

  it("says which input is missing, unknown or of the wrong size", async () => {
    const rest = Object.fromEntries(Object.entries(input).filter(([name]) => name !== "seed"));
    expect((await errorOf(engine.prove(rest))).message).to.match(
      /^the circuit takes \d+ input values, got \d+$/,
    );
    expect((await errorOf(engine.prove({ ...input, sed: 1n }))).message).to.equal(
      '"sed" is not an input of the circuit',
    );
    expect((await errorOf(engine.prove({ ...input, leaf: [1n] }))).message).to.equal(
      '"leaf" takes 32 values, got 1',
    );
    expect((await errorOf(engine.prove({ ...input, seed: -1n }))).message).to.match(
      /"seed" expected field elements/,
    );
    expect((await errorOf(engine.prove({ ...input, seed: P }))).message).to.match(
      /"seed" expected field elements/,
    );
  });

  it("still proves after a failure, and never gives the same proof twice", async () => {
    const again = await engine.prove(input);
    expect(again.proof).not.to.deep.equal(honest.proof);
    expect(await engine.verify(again.proof, again.publicSignals)).to.equal(true);
  });
});

function raise(coordinate: string | undefined): string {
  return ((BigInt(coordinate ?? 0) + 1n) % Q).toString();
}
