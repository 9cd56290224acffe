// A real Safe as a cluster's manager: several actions in one transaction, what its owners see, and a rotation of the owners
// while a transaction waits.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { concat } from "ethers";
import { executionOf, readTransactionFile, safeMessage } from "../../client/governance/safe-transaction.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { present } from "../../evidence/world/present.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { errorOf } from "../helpers/errors.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

/** Accounts that the live chain gives no role. */
const NAMES = ["ann", "ben", "cem", "dora"] as const;
type Name = (typeof NAMES)[number];
const FIRST = 10;

interface Shown {
  readonly does: readonly string[];
  readonly actions: readonly { readonly changes: readonly { what: string; from: string; to: string }[] }[];
  readonly simulation: { readonly together?: boolean; readonly refused?: string };
  readonly signed: readonly string[];
  readonly missing: number;
}

describe("client: a Safe as a manager", function () {
  this.timeout(180_000);
  let live: LiveChain;
  let folder: string;
  let safe: string;
  const accounts = developmentAccounts(FIRST + NAMES.length).slice(FIRST);
  const address = (name: Name): string => present(accounts[NAMES.indexOf(name)]).address;
  const file = (name: string): string => join(folder, name);
  const run = (who: Name, ...args: string[]): Promise<CliResult> =>
    holdfast(
      ...["governance", "safe", ...args],
      ...["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", file(who)],
      "--json",
    );
  const done = async <T = Shown>(who: Name, ...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(who, ...args);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  };
  const refusal = async (who: Name, ...args: string[]): Promise<string> => {
    const result = await run(who, ...args);
    expect(result.code, result.stdout).to.equal(1);
    return errorIn(result).message;
  };
  const propose = (name: string, ...actions: string[]): Promise<Shown> =>
    done(
      ...(["ann", "propose", "--safe", file("safe.json"), "--out", file(name)] as const),
      ...actions.flatMap((action) => ["--action", action]),
      "--yes",
    );
  const sign = (who: Name, name: string): Promise<Shown> =>
    done(who, "sign", file(name), "--safe", file("safe.json"), "--yes");
  const execute = (who: Name, ...names: string[]): Promise<object> =>
    done(who, "execute", ...names.map(file), "--safe", file("safe.json"), "--yes");
  const inSafe = (): string[] => ["--safe", file("safe.json")];

  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    for (const [i, name] of NAMES.entries())
      await writeFile(file(name), present(accounts[i]).privateKey, { mode: 0o600 });
    const owners = ["--owners", (["ann", "ben", "cem"] as const).map(address).join(",")];
    const made = await done<{ safe: string }>(
      ...(["ann", "create", ...owners, "--threshold", "2", "--out", file("safe.json"), "--yes"] as const),
    );
    ({ safe } = made);
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  it("is made of the shipped code, by the owners that it names", async () => {
    expect(await done("dora", "show", ...inSafe())).to.deep.include({
      safe,
      owners: (["ann", "ben", "cem"] as const).map(address),
      threshold: 2,
      nonce: "0",
      modules: [],
    });
    const other = { ...(JSON.parse(await readFile(file("safe.json"), "utf8")) as object), multiSend: safe };
    await writeFile(file("other.json"), JSON.stringify(other));
    expect(await refusal("ann", "show", "--safe", file("other.json"))).to.match(
      /is not that of MultiSendCallOnly of safe-smart-account 1\.5: do not use it/,
    );
    const none = ["--owners", address("ann"), "--threshold", "2", "--out", file("none.json"), "--yes"];
    expect(await refusal("ann", "create", ...none)).to.match(/2 of 1 owners cannot sign/);
  });

  it("takes a cluster over, with the shared contracts of another Safe too", async () => {
    const like = ["--like", file("safe.json"), "--salt", "1", "--out", file("two.json"), "--yes"];
    const made = await done<{ safe: string; gas: string }>(
      ...(["ann", "create", "--owners", address("ann"), "--threshold", "1", ...like] as const),
    );
    expect(made.safe).not.to.equal(safe);
    expect(Number(made.gas)).to.be.below(400_000);
    const delay = Number(await live.manager.read<bigint>("audits", "changeDelay"));
    await live.manager.send("registry", "proposeManager", [1, safe]);
    const { simulation } = await propose("accept.json", "hand-over accept 1");
    expect(simulation.refused).to.match(/manager too early/);
    for (let epoch = 0; epoch < delay; epoch++) await live.nextEpoch();
    for (const who of ["ben", "cem"] as const) await sign(who, "accept.json");
    await execute("dora", "accept.json");
    expect(await live.manager.read<string>("registry", "managerOf", [1])).to.equal(safe);
  });

  it("does several actions in one transaction, which its owners read before they sign", async () => {
    const actions = [
      "change-cluster 1 --manager-fee 350",
      "describe 1 'our cluster'",
      "standby 1 3 --remove",
    ];
    const shown = await propose("many.json", ...actions);
    expect(shown.does.map((words) => words.slice(0, 30))).to.deep.equal([
      "announce new terms of cluster ",
      'describe cluster 1 as "our clu',
      "remove node 3 from the standby",
    ]);
    expect(shown.actions[0]?.changes).to.deep.equal([
      { what: "the manager's share of each payment", from: "2 %", to: "3.5 %" },
    ]);
    expect(shown.simulation).to.deep.equal({ together: true });
    const dry = await done("ben", "sign", file("many.json"), ...inSafe(), "--dry-run");
    expect(dry.does).to.deep.equal(shown.does);
    expect((await sign("cem", "many.json")).missing).to.equal(1);
    expect(await refusal("dora", "execute", file("many.json"), ...inSafe(), "--yes")).to.match(
      /1 of 2 owners have signed/,
    );
    expect(await refusal("dora", "sign", file("many.json"), ...inSafe(), "--yes")).to.match(
      /is not an owner of the Safe/,
    );
    expect(await refusal("cem", "sign", file("many.json"), ...inSafe(), "--yes")).to.match(/has signed this/);
    const [{ signed } = { signed: [] }] = (
      await done<{ transactions: Shown[] }>("dora", "show", file("many.json"), ...inSafe())
    ).transactions;
    expect(signed).to.deep.equal([address("cem")]);
    await sign("ann", "many.json");
    await execute("dora", "many.json");
    expect(await live.manager.read<object>("registry", "cluster", [1])).to.include({
      metadata: "our cluster",
    });
    expect(await live.manager.read<bigint[]>("registry", "standby", [1])).to.deep.equal([]);
    expect(await refusal("ann", "sign", file("many.json"), ...inSafe(), "--yes")).to.match(
      /has executed its transaction 1 already/,
    );
  });

  it("is shown what fails: all or nothing", async () => {
    await present(live.nodes[0]).owner.send("registry", "trust", [safe, true]);
    const { simulation } = await propose("fails.json", "standby 1 1", "standby 1 1");
    expect(simulation.refused).to.match(/already standby \(cluster 1, node 1\)/);
    for (const who of ["ann", "ben"] as const) await sign(who, "fails.json");
    expect(await refusal("ann", "execute", file("fails.json"), ...inSafe(), "--yes")).to.match(
      /already standby/,
    );
    expect(await live.manager.read<bigint[]>("registry", "standby", [1])).to.deep.equal([]);
  });

  it("does not count signatures of owners who were removed while a transaction waited", async () => {
    // Number 2 rotates the owners, and number 3 is signed before that happens.
    await propose("rotate.json", `owners swap ${address("ben")} ${address("dora")}`);
    const later = ["--action", "describe 1 late", "--nonce", "3", "--out", file("late.json"), "--yes"];
    await done("ann", "propose", ...inSafe(), ...later);
    for (const who of ["ann", "ben"] as const)
      for (const name of ["rotate.json", "late.json"]) await sign(who, name);
    await execute("cem", "rotate.json");
    expect(await done("ann", "show", ...inSafe())).to.deep.include({
      owners: (["ann", "dora", "cem"] as const).map(address),
    });
    expect(await refusal("cem", "execute", file("late.json"), ...inSafe(), "--yes")).to.match(
      /1 of 2 owners have signed; 1 more signatures are not of owners/,
    );
    // The Safe itself refuses them too.
    const transaction = await readTransactionFile(file("late.json"));
    const signatures = concat(transaction.signatures.map(({ signature }) => signature));
    const call = executionOf(transaction, signatures);
    expect(safeMessage(transaction)["nonce"]).to.equal(3n);
    expect((await errorOf(live.app.submit("late", safe, call))).message).to.match(/GS026/);
    await sign("dora", "late.json");
    await execute("cem", "late.json");
    expect(await live.manager.read<object>("registry", "cluster", [1])).to.include({ metadata: "late" });
  });

  it("names nodes of providers who trust it, pays out what it earned, and hands the cluster on", async () => {
    for (const node of live.nodes) await node.owner.send("registry", "trust", [safe, true]);
    const app = live.app.account();
    const actions = [
      "assign 2 3",
      "add-vnodes 1 --tokens 99",
      "assign 3 1",
      "standby 1 2",
      `hand-over propose 1 ${app}`,
    ];
    const { simulation } = await propose("nodes.json", ...actions);
    expect(simulation).to.deep.equal({ together: true });
    for (const who of ["ann", "cem"] as const) await sign(who, "nodes.json");
    const { events } = (await execute("dora", "nodes.json")) as {
      events: { name: string; args: Record<string, string> }[];
    };
    const assigned = events.filter(({ name }) => name === "NodeAssigned").map(({ args }) => args);
    expect(assigned.map(({ vNode, node }) => [vNode, node])).to.deep.equal([
      ["2", "3"],
      ["3", "1"],
    ]);
    expect(await live.app.read<object>("registry", "cluster", [1])).to.include({ pendingManager: app });
    const { ledger } = live.app.addresses;
    const lost = ["--action", `withdraw ${ledger} 1`, "--out", file("lost.json")];
    expect(await refusal("ann", "propose", ...inSafe(), ...lost)).to.match(
      /from which nobody can get tokens/,
    );
    const { does } = await propose("out.json", `withdraw ${app} 0.5`);
    expect(does[0]).to.match(/^withdraw\(to 0x\w+, amount 5\d*\) on the Ledger$/);
  });

  it("understands no action that is not one", async () => {
    const ask = (...actions: string[]): Promise<string> =>
      refusal(
        ...(["ann", "propose", ...inSafe(), "--out", file("x.json")] as const),
        ...actions.flatMap((action) => ["--action", action]),
      );
    expect(await ask("fly 1")).to.match(
      /--action "fly 1": unknown command 'fly'; the actions are change-cluster,/,
    );
    expect(await ask("assign 1")).to.match(/missing required argument 'node'/);
    expect(await ask("assign 1 x")).to.match(/--action "assign 1 x": .*expected a number/);
    expect(await ask("describe 1 'a")).to.match(/a quote has no end/);
    expect(await ask("owners remove " + address("ben"))).to.match(/is not an owner/);
  });
});
