// Token holders as a cluster's manager, by commands: from the founding to what a proposal has changed.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Interface } from "ethers";
import { encodeAction } from "../../client/governance/actions.ts";
import { openDao, propose } from "../../client/governance/dao.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { present } from "../../evidence/world/present.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

const NAMES = ["ann", "ben"] as const;
type Name = (typeof NAMES)[number];
/** The first account to which the live chain gives no role. */
const FIRST = 10;

type Shown = Record<string, unknown> & {
  readonly does: readonly string[];
  readonly simulation: { readonly together?: boolean; readonly refused?: string };
};

describe("client: token holders as a manager", function () {
  this.timeout(180_000);
  let live: LiveChain;
  let folder: string;
  let governor: string;
  let timelock: string;
  const accounts = developmentAccounts(FIRST + NAMES.length).slice(FIRST);
  const account = (name: Name) => present(accounts[NAMES.indexOf(name)]);
  const run = (who: Name, ...args: string[]): Promise<CliResult> =>
    holdfast(
      ...["governance", ...args],
      ...["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, who)],
    );
  const at = (): string[] => ["--governor", governor];
  const done = async (who: Name, ...args: string[]): Promise<Shown> => {
    const yes = args[0] === "show" ? [] : ["--yes"];
    const { code, stdout, stderr } = await run(who, ...args, ...yes, "--json");
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Shown;
  };
  const refusal = async (who: Name, ...args: string[]): Promise<string> => {
    const yes = args[0] === "show" ? [] : ["--yes"];
    const result = await run(who, ...args, ...yes, "--json");
    expect(result.code, result.stdout).to.equal(1);
    return errorIn(result).message;
  };
  /** Until after this time, in seconds since 1970. */
  const to = async (time: unknown): Promise<void> => {
    await live.provider.send("evm_setNextBlockTimestamp", [Number(time) + 1]);
    await live.provider.send("evm_mine", []);
  };

  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    for (const name of NAMES) await writeFile(join(folder, name), account(name).privateKey, { mode: 0o600 });
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  it("are founded with a timelock that is longer than leaving takes", async () => {
    const holders = ["--holders", `${account("ann").address}:60,${account("ben").address}:40`];
    const delay = Number(await live.manager.read<bigint>("audits", "changeDelay"));
    const short = ["--delay", String(delay * EPOCH_SECONDS)];
    expect(await refusal("ann", "create-dao", ...holders, ...short)).to.match(
      /delay too short .*; choose a delay that is longer than what leaving takes/,
    );
    const dry = await done("ann", "create-dao", ...holders, "--dry-run");
    expect(dry["rules"]).to.deep.include({ quorum: "20", delay: String((delay + 1) * EPOCH_SECONDS) });
    const made = await done("ann", "create-dao", ...holders);
    [governor, timelock] = [String(made["governor"]), String(made["timelock"])];
    const shown = await done("ben", "show", ...at());
    expect(shown).to.deep.include({ governor, timelock, rules: dry["rules"], proposals: [] });
    const { stderr, code } = await run("ann", "create-dao", "--holders", "0x1:1");
    expect([code, stderr]).to.satisfy(
      ([c, text]: [number, string]) => c === 2 && /not an address/.test(text),
    );
  });

  it("take a cluster over, and change it", async () => {
    await live.manager.send("registry", "proposeManager", [1, timelock]);
    const actions = ["--action", "hand-over accept 1", "--action", "change-cluster 1 --manager-fee 450"];
    const dry = await done("ann", "propose", ...at(), ...actions, "--dry-run");
    expect(dry.simulation.refused).to.match(/manager too early/);
    expect(dry["description"]).to.match(
      /^1\. take over cluster 1 as its manager\n2\. announce new terms of cluster 1: .*: 4\.5 %;.*\n#proposer=0x/,
    );
    const made = await done("ann", "propose", ...at(), ...actions);
    const proposal = String(made["proposal"]);
    expect(await done("ben", "show", proposal, ...at())).to.deep.include({
      state: "pending",
      isDescribed: true,
      proposer: account("ann").address,
      does: dry.does,
    });
    expect(await refusal("ben", "vote", proposal, "for", ...at())).to.match(/is pending: wait until/);
    await to(made["snapshot"]);
    expect(await done("ben", "vote", proposal, "against", ...at(), "--dry-run")).to.deep.include({
      votes: String(40n * 10n ** 18n),
    });
    await done("ben", "vote", proposal, "against", ...at(), "--reason", "too dear");
    await done("ann", "vote", proposal, "for", ...at());
    expect(await refusal("ann", "vote", proposal, "for", ...at())).to.match(/already cast vote/);
    const text = (await run("ben", "show", proposal, ...at())).stdout;
    expect(text).to.match(/for 60, against 40, abstaining 0; it needs 20 for it or abstaining/);
    expect(text).to.match(/the manager's share of each payment: 2 % -> 4\.5 %\n {3}from epoch \d+ on/);
    expect(await refusal("ann", "queue", proposal, ...at())).to.match(
      /is active: wait until it can be queued/,
    );
    await to(made["deadline"]);
    expect(await refusal("ben", "execute", proposal, ...at())).to.match(/is succeeded: wait until it can/);
    const { eta } = await done("ben", "queue", proposal, ...at());
    expect(await refusal("ben", "execute", proposal, ...at())).to.match(
      /is queued: wait until it can be exec/,
    );
    await to(eta);
    const { simulation } = await done("ben", "execute", proposal, ...at(), "--dry-run");
    expect(simulation).to.deep.equal({ together: true });
    expect((await done("ben", "execute", proposal, ...at()))["state"]).to.equal("executed");
    expect(await live.app.read<string>("registry", "managerOf", [1])).to.equal(timelock);
    const { params_ } = await live.app.read<{ params_: object }>("audits", "announced", [1]);
    expect(params_).to.include({ managerFee: 450n });
  });

  it("withdraw what they have proposed, before anybody can vote", async () => {
    const action = ["--action", "change-cluster 1 --manager-fee 460"];
    const proposal = String((await done("ann", "propose", ...at(), ...action))["proposal"]);
    expect(await refusal("ben", "cancel", proposal, ...at())).to.match(
      /only its proposer 0x\w+ can cancel it/,
    );
    expect(await done("ann", "cancel", proposal, ...at(), "--dry-run")).to.deep.include({ dryRun: true });
    expect((await done("ann", "cancel", proposal, ...at()))["state"]).to.equal("canceled");
    expect(await refusal("ann", "cancel", proposal, ...at())).to.match(
      /is canceled: it can be canceled only/,
    );
  });

  it("see what the calldata says, and not what the proposer writes", async () => {
    const ann = live.app.as(account("ann").privateKey);
    const dao = await openDao(ann, governor);
    const { registry } = ann.addresses;
    const data = encodeAction({ name: "describeCluster", cluster: 1n, metadata: "taken" });
    const order = [[registry], [0], [data], "a harmless change"];
    const call = new Interface(contractArtifact("ClusterGovernor").abi).encodeFunctionData("propose", order);
    await ann.submit("propose", governor, call);
    const { proposals } = (await done("ben", "show", ...at(), "--most", "1")) as unknown as {
      proposals: { proposal: string; isDescribed: boolean }[];
    };
    expect(proposals.map(({ isDescribed }) => isDescribed)).to.deep.equal([false]);
    const { stdout } = await run("ben", "show", proposals[0]?.proposal ?? "", ...at());
    expect(stdout).to.match(/warning: its text on the chain is not the one that its calldata gives/);
    expect(stdout).to.match(/describe cluster 1 as "taken"/);
    const { id } = await propose(ann, dao, [{ to: registry, data }]);
    expect(id).not.to.equal(BigInt(proposals[0]?.proposal ?? 0));
  });

  it("see a proposal about what does not exist, too", async () => {
    const ann = live.app.as(account("ann").privateKey);
    const { registry } = ann.addresses;
    const data = encodeAction({ name: "addStandby", cluster: 99n, node: 1n });
    const { id } = await propose(ann, await openDao(ann, governor), [
      { to: registry, data },
      { to: registry, data: "0x12345678" },
    ]);
    const shown = await done("ben", "show", String(id), ...at());
    expect(shown.does[0]).to.equal("add node 1 to the standby queue of cluster 99");
    expect(shown.does[1]).to.match(/^an unknown call to 0x\w+ with the data 0x12345678: do not agree/);
    expect(JSON.stringify(shown["actions"])).to.match(/what it changes cannot be seen: .*no such cluster/);
    expect(shown.simulation.refused).to.match(/refuses/);
  });

  it("change their own rules, and give their votes to others", async () => {
    const dry = await done("ann", "propose", ...at(), "--action", "rules quorum 30", "--dry-run");
    expect(dry.does).to.deep.equal(["updateQuorumNumerator(newQuorumNumerator 30) on the governor itself"]);
    expect(dry.simulation)
      .to.have.property("untried")
      .that.matches(/only while it executes/);
    const given = await done("ben", "delegate", account("ann").address, ...at());
    expect(given["votes"]).to.equal(String(100n * 10n ** 18n));
    expect(await refusal("ben", "propose", ...at(), "--action", "assign 1 1")).to.match(
      /insufficient proposer votes/,
    );
    await done("ben", "delegate", "self", ...at());
    expect(await refusal("ann", "show", ...["--governor", account("ann").address])).to.match(
      /no governor at/,
    );
  });
});
