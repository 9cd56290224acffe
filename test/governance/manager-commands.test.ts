// An account's actions as a manager: what a dry run shows, and the hand-over in two steps.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

interface Shown {
  readonly dryRun: boolean;
  readonly sender: string;
  readonly actions: readonly {
    readonly changes: readonly { what: string; from: string; to: string }[];
    readonly holdsFrom?: { epoch: string; date: string };
    readonly notes: readonly string[];
  }[];
}

describe("client: a manager's actions", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  let delay: number;
  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    await writeFile(join(folder, "manager"), live.managerKey, { mode: 0o600 });
    await writeFile(join(folder, "app"), live.appKey, { mode: 0o600 });
    delay = Number(await live.manager.read<bigint>("audits", "changeDelay"));
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });
  const where = (): string[] => ["--rpc", live.rpcUrl, "--audits", live.deployment.audits];
  const as = (who: "manager" | "app", ...args: string[]): Promise<CliResult> =>
    holdfast("manager", ...args, ...where(), "--key", join(folder, who));
  const done = async (who: "manager" | "app", ...args: string[]): Promise<Record<string, unknown>> => {
    const yes = args.includes("show") ? [] : ["--yes"];
    const { code, stdout, stderr } = await as(who, ...args, ...yes, "--json");
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const dry = async (...args: string[]): Promise<Shown> =>
    (await done("manager", ...args, "--dry-run")) as unknown as Shown;

  it("are shown as old and new terms with the date from which they hold, and nothing is sent", async () => {
    const block = await live.manager.block();
    const { actions, sender, dryRun } = await dry(
      ...["change-cluster", "1", "--manager-fee", "350", "--grace", "0"],
    );
    expect([dryRun, sender]).to.deep.equal([true, live.manager.account()]);
    expect(actions[0]?.changes).to.deep.equal([
      { what: "misses in a row without penalty", from: "1 miss", to: "0 misses" },
      { what: "the manager's share of each payment", from: "2 %", to: "3.5 %" },
    ]);
    const begins = (live.deployment.genesis + delay * EPOCH_SECONDS) * 1000;
    expect(actions[0]?.holdsFrom).to.include({
      epoch: String(delay),
      date: `${new Date(begins).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    });
    const { stdout } = await as("manager", "change-cluster", "1", "--manager-fee", "350", "--dry-run");
    expect(stdout).to.match(/nothing was sent; this would:\n/);
    expect(stdout).to.match(/ {3}the manager's share of each payment: 2 % -> 3\.5 %\n {3}from epoch \d+ on/);
    expect((await live.manager.block()).number).to.equal(block.number);
  });

  it("say which announced terms they give up", async () => {
    await done("manager", "change-cluster", "1", "--manager-fee", "300");
    const { actions } = await dry("change-cluster", "1", "--audit-fee", "0");
    expect(actions[0]?.changes.map(({ what, from, to }) => `${what} ${from} ${to}`)).to.deep.equal([
      "the manager's share of each payment 2 % 3 %",
      "the auditors' share of each payment 1 % 0 %",
    ]);
    expect(actions[0]?.notes).to.deep.equal([
      `the terms that were announced for epoch ${delay} are given up`,
    ]);
  });

  it("are seen one after the other", async () => {
    const { actions } = await dry("standby", "1", "1,2");
    expect(actions.map(({ changes }) => changes[0]?.to)).to.deep.equal([
      "node 3, node 1",
      "node 3, node 1, node 2",
    ]);
  });

  it("fail in a dry run as they would fail", async () => {
    const other = await as("app", "assign", "1", "2", "--dry-run", "--json");
    expect(other.code).to.equal(1);
    expect(errorIn(other).message).to.match(/the contract refuses this: unauthorized/);
    const twice = await as("manager", "standby", "1", "1,1", "--dry-run", "--json");
    expect(errorIn(twice).message).to.match(/already standby \(cluster 1, node 1\)/);
  });

  it("create a cluster and collect its fees only when it is not a dry run", async () => {
    const block = (await live.manager.block()).number;
    const made = (await dry("create-cluster", "--odds", "2")) as unknown as { params: object };
    expect(made.params).to.include({ odds: 2, slashMultiple: 10 });
    const odds = await as("manager", "create-cluster", "--odds", "0", "--dry-run", "--json");
    expect(errorIn(odds).message).to.match(/bad parameter \(name odds, value 0\)/);
    expect(await dry("collect-fees", "1")).to.include({ dryRun: true, fees: "0" });
    expect((await live.manager.block()).number).to.equal(block);
  });

  it("need no key in a dry run", async () => {
    const { stdout, code } = await holdfast("manager", "assign", "1", "2", "--dry-run", "--json", ...where());
    expect([code, (JSON.parse(stdout) as Shown).sender]).to.deep.equal([0, live.manager.account()]);
  });

  it("describe a cluster", async () => {
    const [{ changes } = { changes: [] }] = (await dry("describe", "1", "blue")).actions;
    expect(changes).to.deep.equal([{ what: "metadata", from: '"one"', to: '"blue"' }]);
    expect(await done("manager", "describe", "1", "blue")).to.include({ metadata: "blue" });
    expect(await live.manager.read<object>("registry", "cluster", [1])).to.include({ metadata: "blue" });
  });

  it("hand a cluster over in two steps, after the delay that terms have", async () => {
    const app = live.app.account();
    expect(await done("manager", "hand-over", "show", "1")).to.include({ pendingManager: null });
    const [{ holdsFrom } = {}] = (await dry("hand-over", "propose", "1", app)).actions;
    expect(holdsFrom).to.include({ epoch: String(delay) });
    await done("manager", "hand-over", "propose", "1", app);
    expect(await done("manager", "hand-over", "cancel", "1")).to.include({ pendingManager: null });
    const offered = await done("manager", "hand-over", "propose", "1", app);
    expect(offered).to.include({ pendingManager: app, acceptableFrom: String(delay) });
    const { stdout } = await as("manager", "hand-over", "show", "1");
    expect(stdout).to.match(
      /offered to 0x\w+, which it can accept from epoch \d+ on, at .* UTC, in \d+ days/,
    );
    const early = await as("app", "hand-over", "accept", "1", "--yes", "--json");
    expect(errorIn(early).message).to.match(/manager too early .*acceptableFrom/);
    for (let epoch = 0; epoch < delay; epoch++) await live.nextEpoch();
    expect(await done("manager", "hand-over", "show", "1")).to.include({ secondsLeft: "0" });
    expect(await done("app", "hand-over", "accept", "1")).to.include({ manager: app });
    expect(await live.app.read<string>("registry", "managerOf", [1])).to.equal(app);
  });

  it("refuse to hand a cluster over to nobody", async () => {
    const nobody = await as("app", "hand-over", "propose", "1", `0x${"0".repeat(40)}`, "--yes", "--json");
    expect(errorIn(nobody).message).to.match(/nobody is no manager/);
  });
});
