// `governance reputation`: makes a manager, joins, samples, decides and shows.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { addReputationCommands } from "../../client/commands/governance-reputation.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

const RULES = [
  ...["--payer-cap", "1500", "--admit-score", "10000", "--evict-score", "3000"],
  ...["--bond", "1000", "--period", "4", "--probation", "2", "--probation-leaves", "8"],
];

describe("client: governance by reputation", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  let manager: string;
  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    await writeFile(join(folder, "manager"), live.managerKey, { mode: 0o600 });
    const owner = present(developmentAccounts(10)[4]);
    await writeFile(join(folder, "owner"), owner.privateKey, { mode: 0o600 });
    manager = (await run("manager", "create", "1", ...RULES, "--yes"))["manager"] as string;
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  /** What a command prints with --json. */
  async function run(who: "manager" | "owner", ...args: string[]): Promise<Record<string, unknown>> {
    const program = new Command().exitOverride();
    addReputationCommands(program);
    const printed: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text: string) => printed.push(text) > 0;
    try {
      const where = ["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, who)];
      await program.parseAsync(["reputation", ...args, ...where, "--json"], { from: "user" });
    } finally {
      process.stdout.write = write;
    }
    return JSON.parse(printed.join("")) as Record<string, unknown>;
  }
  const at = (who: "manager" | "owner", name: string, ...args: string[]) =>
    run(who, name, ...args, "--manager", manager, ...(name === "show" ? [] : ["--yes"]));
  const refusal = (sent: Promise<unknown>): Promise<string> =>
    sent.then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("shows what it would do, and sends nothing", async () => {
    const { number } = await live.manager.block();
    const { dryRun, cluster } = await run("manager", "create", "1", ...RULES, "--dry-run");
    expect([dryRun, cluster]).to.deep.equal([true, "1"]);
    await present(live.nodes[0]).owner.send("registry", "trust", [manager, true]);
    expect(await at("owner", "join", "1", "--dry-run")).to.deep.equal({ dryRun: true, node: "1" });
    expect((await live.manager.block()).number).to.equal(number + 1);
  });

  it("says which rule is out of bounds", async () => {
    expect(await refusal(run("manager", "create", "1", ...RULES, "--seats", "65", "--yes"))).to.match(
      /the rule seats cannot be 65: its bounds are in contracts/,
    );
  });

  it("says why the contract refuses, also in a dry run", async () => {
    expect(await refusal(at("owner", "join", "2", "--dry-run"))).to.match(
      /refuses join: Unauthorized\(0x[0-9a-fA-F]{40}\); use the key of the node's provider/,
    );
    expect(await refusal(at("owner", "leave", "1"))).to.match(/refuses quit: NotIn\(1\)/);
    expect(await refusal(run("owner", "show", "--manager", live.deployment.audits))).to.match(
      /is no manager by reputation of this deployment: check the address/,
    );
  });

  it("joins, brings about what the rules say, and shows it", async () => {
    expect((await at("owner", "join", "1"))["standing"]).to.equal("waiting");
    for (let i = 0; i < 2; i++) await live.nextEpoch();
    const planned = (await at("manager", "crank", "--dry-run"))["steps"] as string[];
    // Without the cluster, the contract decides only about who served before.
    expect(planned).to.deep.equal(["make vNode 1 its node's probation"]);
    await live.manager.send("registry", "proposeManager", [1, manager]);
    const delay = Number(await live.manager.read<bigint>("audits", "changeDelay"));
    await live.provider.send("evm_increaseTime", [(delay + 1) * EPOCH_SECONDS]);
    await live.provider.send("evm_mine", []);
    // keccak256("accept()")
    await live.manager.submit("accept", manager, "0x2852b71c");
    const { done } = (await at("manager", "crank")) as { done: { does: string }[] };
    expect(done.map(({ does }) => does)).to.deep.equal([
      "make vNode 1 its node's probation",
      "make the standby list the best members",
    ]);
    expect(await at("manager", "crank")).to.deep.equal({ done: [] });
    expect(await at("manager", "show")).to.deep.include({
      manages: true,
      neededScore: "3000",
      nodes: [{ node: "1", standing: "probation", score: "0", noticeUntil: "0", seats: "1" }],
    });
  });

  it("samples only in an epoch that is drawn", async () => {
    const { sampled, drawn, proven } = await at("owner", "sample", "1");
    expect([sampled, drawn, proven]).to.deep.equal([false, false, false]);
  });
});
