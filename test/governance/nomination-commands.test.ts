// Nominated staking by commands: from making the contracts to an era whose members serve the vNodes.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { present } from "../../evidence/world/present.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

/** Accounts of the live chain, by the place that it gives them. */
const PEOPLE = { manager: 1, app: 2, first: 4, second: 6 } as const;
type Name = keyof typeof PEOPLE;
/** A thousand units, in tokens. */
const THOUSAND = "0.000000000000001";
const ONE = "0.000000000000000001";

describe("client: nominated staking", function () {
  this.timeout(180_000);
  let live: LiveChain;
  let folder: string;
  let at: string[];
  const accounts = developmentAccounts(10);
  const run = (who: Name, ...args: string[]): Promise<CliResult> =>
    holdfast(
      ...["governance", "nomination", ...args],
      ...["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, who)],
    );
  const done = async (who: Name, ...args: string[]): Promise<Record<string, unknown>> => {
    const yes = args[0] === "show" ? [] : ["--yes"];
    const { code, stdout, stderr } = await run(who, ...args, ...yes, "--json");
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const toEpoch = async (epoch: unknown): Promise<void> => {
    const genesis = await live.manager.read<bigint>("audits", "genesis");
    const start = Number(genesis) + Number(epoch) * EPOCH_SECONDS;
    await live.provider.send("evm_setNextBlockTimestamp", [start]);
    await live.provider.send("evm_mine", []);
  };

  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    for (const [name, place] of Object.entries(PEOPLE))
      await writeFile(join(folder, name), present(accounts[place]).privateKey, { mode: 0o600 });
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  it("is made for a cluster, with the terms that are given", async () => {
    const terms = [
      ...["--seats", "2", "--era-epochs", "4", "--election-epochs", "2"],
      ...["--least-own", THOUSAND, "--least-nomination", ONE, "--deposit", THOUSAND],
      ...["--solver-reward", ONE, "--page-reward", ONE, "--crank-reward", ONE],
    ];
    const dry = await done("manager", "create", "1", ...terms, "--dry-run");
    const { unbondEpochs } = dry["terms"] as Record<string, number>;
    // Two eras, 16 epochs, and two days.
    expect(unbondEpochs).to.equal(8 + 16 + Math.ceil((90 * 86_400) / EPOCH_SECONDS / 45));
    const made = await done("manager", "create", "1", ...terms);
    at = ["--manager", String(made["manager"])];
    expect(await done("manager", "show", ...at)).to.deep.include({ era: "0", members: [] });
    await live.manager.send("registry", "proposeManager", [1, made["manager"]]);
    await toEpoch(
      (await live.manager.read<{ acceptableFrom: bigint }>("registry", "cluster", [1])).acceptableFrom,
    );
    await done("app", "accept", ...at);
  });

  it("takes candidates and nominators, and says what each will do", async () => {
    for (const [who, node] of [
      ["first", 1],
      ["second", 2],
    ] as const) {
      const owner = present(live.nodes[node - 1]).owner;
      await owner.send("registry", "trust", [at[1], true]);
      await owner.send("token", "mint", [owner.account(), 10_000]);
      const { done: what } = await done(who, "offer", String(node), THOUSAND, "--commission", "500", ...at);
      expect(what).to.match(new RegExp(`^offer node ${node} as a candidate with 0\\.0+1 `));
    }
    await live.app.send("token", "mint", [live.app.account(), 10_000]);
    const dry = await done("app", "nominate", "2,1", THOUSAND, ...at, "--dry-run");
    expect(dry).to.include({ dryRun: true, approves: "1000" });
    await done("app", "nominate", "2,1", THOUSAND, ...at);
    const poor = await run("app", "nominate", "1", "1000000", ...at, "--yes", "--json");
    expect(errorIn(poor)).to.include({ code: "funds" });
    const refused = await done("app", "leave", THOUSAND.replace(/1$/, "2"), ...at, "--dry-run");
    expect(refused["refused"]).to.match(/stake exceeded/i);
  });

  it("elects, ends the era, and has the members serve", async () => {
    const early = await run("app", "submit", ...at, "--yes", "--json");
    const { endsAt } = await done("app", "show", ...at);
    // The first era was over before the cluster was handed over.
    expect(errorIn(early).message).to.match(/no election takes results now/);
    expect((await done("app", "turn", ...at))["done"]).to.equal("end the era");
    expect(endsAt).to.be.a("string");
    const shown = await done("app", "show", ...at);
    await toEpoch(Number(shown["endsAt"]) - 2);
    const dry = await done("app", "submit", ...at, "--dry-run");
    // 1 wins with a load of 1/2,000, and 2 adds half as much to it.
    expect(dry).to.deep.include({ winners: [1, 2], supports: ["1667", "1333"], pages: 1 });
    expect(await done("app", "submit", ...at)).to.include({ isBest: true, era: 2 });
    await toEpoch(shown["endsAt"]);
    await done("app", "turn", ...at);
    const { members } = await done("app", "show", ...at);
    expect(members).to.have.lengthOf(2);
    await done("app", "enlist", "1,2", ...at);
    await done("app", "place", "5", ...at);
    await done("app", "stand-by", ...at);
    expect(await live.manager.read("registry", "standby", [1])).to.deep.equal([1n, 2n]);
    const nothing = await done("app", "distribute", "2", ...at, "--dry-run");
    expect(nothing["pages"]).to.deep.equal([]);
    const later = await done("app", "show", ...at);
    await toEpoch(later["endsAt"]);
    await done("app", "turn", ...at);
    expect((await done("app", "distribute", "2", ...at))["transactions"]).to.have.lengthOf(1);
  });

  it("has help for each of its commands", async () => {
    const { stdout } = await holdfast("governance", "nomination", "--help");
    for (const name of ["create", "offer", "nominate", "submit", "turn", "place", "distribute", "withdraw"])
      expect(stdout).to.match(new RegExp(`^  ${name} `, "m"));
  });
});
