// A chain whose newest block gets old, because its endpoint is stuck.
import { expect } from "chai";
import type { EndpointHealth } from "../../chain/endpoints.ts";
import type { Duties } from "../../prover/duties.ts";
import { isHealthy } from "../../prover/status.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: the age of the chain's head", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let duties: Duties;

  beforeEach(async () => {
    ({ bench } = await startDutyBench(folder()));
    bench.clock.time = 1000 * bench.chain.time;
    duties = bench.create();
    await bench.lookOnce(duties);
  });
  afterEach(() => bench.end());

  const later = (seconds: number): void => void (bench.clock.time += 1000 * seconds);

  it("is in the status and the metrics, and makes nothing of some minutes", async () => {
    later(300);
    await bench.lookOnce(duties);
    expect(duties.status).to.include({ ready: true, headAge: 300 });
    expect(await bench.metrics.text()).to.match(/holdfast_chain_head_age_seconds 300\n/);
  });

  it("makes the node not ready when it is more, in words, also between two looks", async () => {
    later(301);
    expect(duties.status.ready).to.equal(false);
    expect(duties.status.problem).to.include("301 s old");
    expect(isHealthy(duties.status)).to.equal(false);
    await bench.lookOnce(duties);
    expect(await bench.metrics.text()).to.match(/holdfast_ready 0\n/);
    bench.chain.time += 301;
    await bench.lookOnce(duties);
    expect(duties.status).to.include({ ready: true, problem: undefined, headAge: 0 });
  });

  it("is said once an epoch", async () => {
    const said = (): number => bench.linesOf("the chain's newest block is old: check the endpoints").length;
    for (let i = 0; i < 3; i++) {
      later(301);
      await bench.lookOnce(duties);
    }
    expect(said()).to.equal(1);
    bench.chain.time += 20; // another epoch, and still old
    await bench.lookOnce(duties);
    expect(said()).to.equal(2);
  });

  it("is not judged where no age is too much, nor where the chain is ahead of the clock", async () => {
    const patient = bench.create({ maxHeadAgeSeconds: 0 });
    later(100_000);
    await bench.lookOnce(patient);
    expect(patient.status.ready).to.equal(true);
    bench.clock.time = 0;
    expect(duties.status).to.include({ ready: true, headAge: 0 });
  });

  it("stands beside how the endpoints do, of which those left aside are counted", async () => {
    const endpoints: EndpointHealth[] = [
      { endpoint: "a.example", state: "aside", why: "a.example does not answer" },
      { endpoint: "b.example", state: "in charge" },
    ];
    bench.chain.endpoints = () => endpoints;
    await bench.lookOnce(duties);
    expect(duties.status.endpoints).to.deep.equal(endpoints);
    expect(await bench.metrics.text()).to.match(/holdfast_endpoints_aside 1\n/);
  });
});
