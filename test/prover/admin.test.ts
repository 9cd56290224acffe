// The operator's requests to a node's administration port, and the commands for them.
import { expect } from "chai";
import Fastify, { type FastifyInstance } from "fastify";
import { createAdmin } from "../../prover/admin.ts";
import type { Duties } from "../../prover/duties.ts";
import { createMetrics } from "../../prover/metrics.ts";
import type { HeldBack } from "../../prover/removals.ts";
import type { ScrubReport } from "../../prover/scrub.ts";
import { STARTING } from "../../prover/status.ts";
import { errorIn, holdfast } from "../helpers/cli.ts";

describe("prover: administration", function () {
  this.timeout(30_000);
  const heldBack: HeldBack = { segments: 1, bytes: 5, share: 0.5, roots: [`0x${"ab".repeat(32)}`] };
  let admin: FastifyInstance;
  let url: string;
  let report: ScrubReport;
  let confirmed: number;

  beforeEach(async () => {
    report = { segments: 2, bytes: 10, rebuilt: [], damaged: [], unread: [] };
    confirmed = 0;
    admin = createAdmin({
      metrics: createMetrics(),
      scrub: { now: () => Promise.resolve(report), run: () => Promise.resolve() },
      duties: {
        status: { ...STARTING, heldBack },
        confirmRemovals: () => {
          confirmed++;
          return heldBack;
        },
      } as unknown as Duties,
    });
    url = await admin.listen({ host: "127.0.0.1", port: 0 });
  });
  afterEach(() => admin.close());

  it("scrubs on demand, and exits with 1 if anything is not whole", async () => {
    const whole = await holdfast("node", "scrub", url, "--json");
    expect([whole.code, JSON.parse(whole.stdout)]).to.deep.equal([0, report]);
    report = { ...report, damaged: heldBack.roots };
    const damaged = await holdfast("node", "scrub", url, "--json");
    expect([damaged.code, JSON.parse(damaged.stdout)]).to.deep.equal([1, report]);
  });

  it("shows the removals that are held back, and allows them only when told to", async () => {
    const shown = await holdfast("node", "remove", url, "--json");
    expect([shown.code, JSON.parse(shown.stdout), confirmed]).to.deep.equal([0, { heldBack }, 0]);
    const allowed = await holdfast("node", "remove", url, "--yes", "--json");
    expect([allowed.code, JSON.parse(allowed.stdout), confirmed]).to.deep.equal([
      0,
      { confirmed: heldBack },
      1,
    ]);
  });

  it("says when nobody answers, or somebody else", async () => {
    expect(errorIn(await holdfast("node", "scrub", "http://127.0.0.1:1", "--json")).code).to.equal(
      "unreachable",
    );
    const other = Fastify();
    const elsewhere = await other.listen({ host: "127.0.0.1", port: 0 });
    expect(errorIn(await holdfast("node", "scrub", elsewhere, "--json")).code).to.equal("unreachable");
    await other.close();
    expect(errorIn(await holdfast("node", "scrub", "nowhere", "--json")).code).to.equal("bad-input");
  });
});
