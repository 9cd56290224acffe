// Coins for gas, and the host's clock: warnings come before a proof is lost.
import { expect } from "chai";
import type { Duties } from "../../prover/duties.ts";
import { isHealthy } from "../../prover/status.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { OPERATOR, type FakeChain } from "../helpers/fake-chain.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: means", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let clock: FakeClock;
  let duties: Duties;
  /** Coins for so many proofs, at the chain's gas price of a gwei. */
  const PROOF = 300_000n * 10n ** 9n;

  beforeEach(async () => {
    ({ bench } = await startDutyBench(folder()));
    ({ chain, clock } = bench);
    duties = bench.create();
  });
  afterEach(() => bench.end());

  /** The first look counts, the next one shows the result. */
  async function look(): Promise<void> {
    for (let i = 0; i < 2; i++) await bench.lookOnce(duties);
  }

  it("says nothing while there are coins, and counts them now and then", async () => {
    let counts = 0;
    chain.coins = () => {
      counts++;
      return Promise.resolve(24n * PROOF);
    };
    for (let i = 0; i < 5; i++) await look();
    expect(counts).to.equal(1);
    clock.time += 600_000;
    chain.time += 600;
    await look();
    expect(counts).to.equal(2);
    expect(duties.status.payableProofs).to.equal(24);
    expect(bench.logs.lines.filter(({ msg }) => String(msg).includes("coins"))).to.deep.equal([]);
    expect(await bench.metrics.text()).to.match(/holdfast_payable_proofs 24\n/);
  });

  it("warns before the coins are used up, once an epoch", async () => {
    chain.wei = 24n * PROOF - 1n;
    await look();
    await look();
    const lines = bench.linesOf("the operator's coins will soon not suffice for proofs");
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ proofs: 23, operator: OPERATOR.address });
    expect(isHealthy(duties.status)).to.equal(true);
  });

  it("is not well without coins, and well again soon after some came", async () => {
    chain.wei = PROOF - 1n;
    await look();
    expect(bench.linesOf("the operator's coins do not suffice for a proof")).to.have.lengthOf(1);
    expect(isHealthy(duties.status)).to.equal(false);
    expect(await bench.metrics.text()).to.match(/holdfast_payable_proofs 0\n/);
    chain.wei = 10n ** 18n;
    clock.time += 60_000;
    await look();
    expect(isHealthy(duties.status)).to.equal(true);
  });

  it("counts fewer proofs when gas is dearer", async () => {
    chain.wei = 100n * PROOF;
    chain.gasPrice = () => Promise.resolve(10n ** 10n);
    await look();
    expect(duties.status.payableProofs).to.equal(10);
  });

  it("goes on without knowing, and tries again", async () => {
    const coins = chain.coins.bind(chain);
    chain.coins = () => Promise.reject(new Error("not now"));
    await look();
    expect([duties.status.payableProofs, isHealthy(duties.status)]).to.deep.equal([undefined, true]);
    expect(await bench.metrics.text()).to.match(/holdfast_payable_proofs -1\n/);
    chain.coins = coins;
    clock.time += 15_000;
    await look();
    expect(duties.status.payableProofs).to.be.greaterThan(24);
  });

  for (const seconds of [-31, 31])
    it(`warns once an epoch, and shows, that the clock is ${seconds} seconds off`, async () => {
      clock.time = 1000 * (chain.time + seconds);
      await look();
      await look();
      const lines = bench.linesOf(
        "the host's clock differs from the chain's: set it, unless the chain has stopped",
      );
      expect(lines.map((line) => line["seconds"])).to.deep.equal([seconds]);
      expect(duties.status.clockSkew).to.equal(seconds);
      expect(await bench.metrics.text()).to.match(new RegExp(`holdfast_clock_skew_seconds ${seconds}\n`));
    });

  it("does not mind a few seconds", async () => {
    clock.time = 1000 * (chain.time + 30);
    await look();
    expect(
      bench.linesOf("the host's clock differs from the chain's: set it, unless the chain has stopped"),
    ).to.deep.equal([]);
  });
});
