// The local network with the tiny profile: all expectations are met, and nothing stays behind.
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { DevnetReport } from "../../client/devnet/report.ts";
import { runDevnet } from "../../client/devnet/run.ts";
import { present } from "../../evidence/world/present.ts";
import { errorOf } from "../helpers/errors.ts";

/** Seconds; a slow machine gets longer ones. */
const EPOCH = 6;

describe("e2e: from a file to a payment or a penalty", function () {
  this.timeout(600_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-e2e-"));
  });
  after(() => rm(folder, { recursive: true }));
  const file = async (name: string, content: Uint8Array): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  const options = { profile: "tiny", epochSeconds: EPOCH, keep: false } as const;

  describe("the main job", () => {
    let report: DevnetReport;
    const content = randomBytes(300_000);
    const lines: string[] = [];
    before(async () => {
      const path = await file("data", content);
      const { signal } = new AbortController();
      const log = (line: string): void => void lines.push(line);
      ({ report } = await runDevnet({ ...options, file: path, signal, log }).catch((error: unknown) => {
        throw new Error(lines.slice(-30).join("\n"), { cause: error });
      }));
    });

    it("holds every expectation", () => {
      const failed = report.checks.filter(({ passed }) => !passed);
      expect(failed).to.deep.equal([]);
      expect(report.passed).to.equal(true);
      expect(report.checks).to.have.length(17);
    });

    it("splits the file into segments and gives it back", () => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      expect(report.file).to.deep.equal({ bytes: 300_000, segments: 3, sha256 });
    });

    it("shows each epoch of each vNode", () => {
      const proven = report.epochs.filter((row) => row.proven);
      expect(proven.length).to.be.at.least(10);
      for (const row of proven) {
        expect(row.paid > 0n, `epoch ${row.epoch}`).to.equal(true);
        expect(row.proveMs, `epoch ${row.epoch}`).to.be.above(0);
        expect(row.gas, `epoch ${row.epoch}`).to.be.a("bigint");
      }
      expect(
        report.epochs.filter(({ misses }) => misses > 0).map(({ vNode, misses }) => [vNode, misses]),
      ).to.deep.equal([
        [1, 1],
        [1, 2],
      ]);
    });

    it("pays and penalizes each role as the protocol says", () => {
      const role = (name: string) => present(report.roles.find((one) => one.role === name));
      const [victim, standby, app] = [role("provider 1"), role("standby"), role("app")];
      expect(victim.slashed > 0n).to.equal(true);
      expect(standby.earned > 0n).to.equal(true);
      expect(standby.slashed).to.equal(0n);
      expect(role("provider 4").earned, "holds nothing").to.equal(0n);
      expect(app.paid).to.equal(app.deposited);
      expect(app.refunded > 0n && app.compensated > 0n).to.equal(true);
      const [auditor, challenger, treasury] = [role("auditor"), role("challenger"), role("treasury")];
      expect(challenger.paid > 0n, "one answered, one dismissed").to.equal(true);
      // The challenger has reported the fault if it came to light when the challenge was to expire.
      const [reported, others] = auditor.earned > 0n ? [auditor, challenger] : [challenger, auditor];
      expect([reported.earned > 0n, others.earned]).to.deep.equal([true, 0n]);
      expect(treasury.earned >= challenger.paid / 2n, "half of a lost bond, and fees").to.equal(true);
      expect(role("provider 2").earned > role("provider 3").earned, "the other half").to.equal(true);
      const reward = victim.slashed / 10n;
      expect(app.compensated <= victim.slashed - reward).to.equal(true);
    });

    it("conserves every token unit", () => {
      const { held, accounts, bonds, escrow, credits, fees } = report.money;
      expect(accounts + bonds + escrow + credits + fees).to.equal(held);
      const deposited = report.roles.reduce((sum, one) => sum + one.deposited, 0n);
      expect(held).to.equal(deposited);
    });
  });

  it("stops every process when it is interrupted", async () => {
    const ending = new AbortController();
    const others = await livingChildren();
    const pids: number[] = [];
    const log = (line: string): void => {
      if (line.startsWith("deploying"))
        void livingChildren().then((found) => {
          pids.push(...[...found].filter((pid) => !others.has(pid)));
          ending.abort();
        });
    };
    const path = await file("small", randomBytes(1000));
    const error = await errorOf(runDevnet({ ...options, file: path, signal: ending.signal, log }));
    expect(error).to.include({ code: "aborted" });
    expect(pids.length).to.be.at.least(2);
    const left = await livingChildren();
    expect(pids.filter((pid) => left.has(pid))).to.deep.equal([]);
  });

  it("refuses an empty file, a missing one and one over the limit before it starts anything", async () => {
    const { signal } = new AbortController();
    const run = async (path: string): Promise<Error> =>
      errorOf(runDevnet({ ...options, file: path, signal, log: () => undefined }));
    expect(await run(await file("empty", Buffer.alloc(0)))).to.include({ code: "bad-input" });
    expect(await run(join(folder, "none"))).to.include({ code: "not-found" });
    expect(await run(await file("large", Buffer.alloc(16 * 126_975 + 1)))).to.include({ code: "too-large" });
  });
});

/** Of this process, as Linux lists them. */
async function livingChildren(): Promise<Set<number>> {
  const list = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  return new Set(list.trim().split(" ").filter(Boolean).map(Number));
}
