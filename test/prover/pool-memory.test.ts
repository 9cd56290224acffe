// Hundreds of proofs take no more memory than the first ones. It takes minutes: only with HOLDFAST_LONG=1.
import { expect } from "chai";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { loadBackend } from "../../groth16/engines.ts";
import { ensureProfile } from "../../keys/make.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { createProverPool } from "../../prover/pool.ts";
import { honestStatement } from "../helpers/statement.ts";

const PROOFS = 500;
/** Of them, those after which everything has been allocated that is kept. */
const SETTLED = 100;
const WINDOW = 50;
/** Less than 200 kB for each: what is collected late comes and goes by half of it. */
const MAX_GROWTH = 64e6;

const describeLong = process.env["HOLDFAST_LONG"] === "1" ? describe : describe.skip;

describeLong("prover: memory of a pool", function () {
  this.timeout(3_600_000);

  it(`is the same after ${PROOFS} proofs`, async () => {
    await ensureProfile("tiny");
    const artifacts = await loadProvingArtifacts("tiny");
    const backend = await loadBackend("wasm", artifacts);
    const pool = createProverPool({ artifacts, backend, threads: 2, maxQueue: 8, taskTimeoutMs: 600_000 });
    const { input } = honestStatement({ profile: PROFILES.tiny, seed: 1n, sizes: [1000] });
    const resident: number[] = [];
    try {
      for (let i = 0; i < PROOFS; i += 2) {
        await Promise.all([0, 1].map((j) => pool.prove(input, { deadlineMs: i + j })));
        resident.push(process.memoryUsage.rss(), process.memoryUsage.rss());
      }
    } finally {
      await pool.close();
    }
    const highest = (from: number): number => Math.max(...resident.slice(from, from + WINDOW));
    expect(highest(PROOFS - WINDOW) - highest(SETTLED)).to.be.below(MAX_GROWTH);
  });
});
