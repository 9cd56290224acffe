// `governance ballot`: members move, support and carry out what no rule decides, and see what it would change.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Interface } from "ethers";
import { makeContract } from "../../client/governance/making.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { present } from "../../evidence/world/present.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

/** The owners of the live chain's nodes, and one who has no part in it. */
const ACCOUNTS = { ann: 4, ben: 6, cat: 8, stranger: 3 };
type Name = keyof typeof ACCOUNTS;
const WEIGHTS = { ann: 3, ben: 2, cat: 2 };
const OPEN = 4;

describe("client: ballots", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  let manager: string;
  const account = (name: Name) => present(developmentAccounts(10)[ACCOUNTS[name]]);
  const run = (who: Name, command: string, ...args: string[]): Promise<CliResult> =>
    holdfast(
      ...["governance", "ballot", command, ...args, "--manager", manager],
      ...["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, who)],
      ...(command === "show" ? ["--json"] : ["--yes", "--json"]),
    );
  const done = async (who: Name, command: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(who, command, ...args);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const refusal = async (who: Name, command: string, ...args: string[]): Promise<string> => {
    const result = await run(who, command, ...args);
    expect(result.code, result.stdout).to.equal(1);
    return errorIn(result).message;
  };
  const motions = async () =>
    (await done("stranger", "show"))["motions"] as { motion: string; state: string; supporters: string[] }[];
  const later = async (epochs: number): Promise<void> => {
    await live.provider.send("evm_increaseTime", [epochs * EPOCH_SECONDS]);
    await live.provider.send("evm_mine", []);
  };

  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    for (const name of Object.keys(ACCOUNTS) as Name[])
      await writeFile(join(folder, name), account(name).privateKey, { mode: 0o600 });
    manager = await makeContract(live.manager, "BallotHarness", [live.deployment.audits, 1]);
    const harness = new Interface(contractArtifact("BallotHarness").abi);
    for (const [name, weight] of Object.entries(WEIGHTS)) {
      const { address } = account(name as Name);
      await live.manager.submit(
        "weigh",
        manager,
        harness.encodeFunctionData("setWeight", [address, weight, 0]),
      );
    }
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  it("are of a manager that has accepted its cluster, and say from when it can", async () => {
    expect(await refusal("stranger", "accept")).to.match(/cluster 1 is not offered to the manager/);
    await live.manager.send("registry", "proposeManager", [1, manager]);
    expect(await refusal("stranger", "accept")).to.match(/can be accepted from epoch \d+ on, at 2/);
    await later(Number(await live.manager.read<bigint>("audits", "changeDelay")) + 1);
    expect(await done("stranger", "accept", "--dry-run")).to.deep.include({ dryRun: true });
    await done("stranger", "accept");
    expect(await done("stranger", "show")).to.deep.include({ manages: true, cluster: "1", motions: [] });
  });

  it("show in a dry run what a motion would change, and from when, without sending", async () => {
    const dry = await done("ann", "move", "--action", "change-cluster 1 --manager-fee 350", "--dry-run");
    const [action] = dry["actions"] as { changes: object[]; holdsFrom: { epoch: string } }[];
    expect(action?.changes).to.deep.equal([
      { what: "the manager's share of each payment", from: "2 %", to: "3.5 %" },
    ]);
    const epoch = await live.manager.read<bigint>("audits", "currentEpoch");
    const delay = await live.manager.read<bigint>("audits", "changeDelay");
    expect(action?.holdsFrom.epoch).to.equal(String(epoch + BigInt(OPEN) + delay));
    expect(await motions()).to.deep.equal([]);
  });

  it("are carried out once more than half of the weight has been in favour for long enough", async () => {
    const action = ["--action", 'describe 1 "ours"'];
    const { motion } = await done("ann", "move", ...action);
    const id = String(motion);
    expect(await refusal("ben", "move", ...action)).to.equal(
      `that is moved already: support the motion ${id}`,
    );
    expect(await refusal("ann", "enact", id)).to.match(
      /42\.8 % of the weight in favour.*\n.*from epoch \d+, 2/,
    );
    await later(OPEN);
    expect(await refusal("ann", "enact", id)).to.match(/more than half must be in favour/);
    await done("ben", "support", id.slice(0, 10));
    const [shown] = await motions();
    expect([shown?.state, shown?.supporters.length]).to.deep.equal(["carried", 2]);
    await done("ben", "support", id, "--withdraw");
    expect((await motions())[0]?.supporters).to.deep.equal([account("ann").address]);
    await done("cat", "support", id);
    const enacted = await done("stranger", "enact", id);
    expect(enacted).to.deep.include({ motion: id, state: "enacted" });
    const { metadata } = await live.manager.read<{ metadata: string }>("registry", "cluster", [1]);
    expect(metadata).to.equal("ours");
    expect(await refusal("stranger", "enact", id)).to.match(/not enactable.*wait for the epoch/);
  });

  it("lapse, and can be moved anew", async () => {
    const action = ["--action", "hand-over cancel 1"];
    const { motion } = await done("cat", "move", ...action);
    await later(64);
    expect((await motions()).find((each) => each.motion === motion)?.state).to.equal("lapsed");
    const again = await done("cat", "move", ...action);
    expect(again).to.deep.include({ motion, round: "2", state: "open" });
  });

  it("are about what members decide, in their own cluster, and of members", async () => {
    expect(await refusal("ann", "move", "--action", "assign 1 2")).to.match(
      /^members decide about change-cluster/,
    );
    expect(await refusal("ann", "move", "--action", 'describe 2 "x"')).to.match(/is for cluster 1, and/);
    expect(await refusal("stranger", "move", "--action", 'describe 1 "x"')).to.match(
      /not a member.*only members decide/,
    );
    expect(await refusal("ann", "support", "0xffff")).to.match(/there is no motion 0xffff/);
    manager = live.deployment.audits;
    expect(await refusal("ann", "show")).to.match(/is no manager with members of this deployment/);
  });
});
