// The command line with a running network: every step from a new cluster to reading a file back, and the errors if something
// is missing.
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider } from "ethers";
import { startNetwork, type Network } from "../../client/devnet/network.ts";
import { createProcesses, type Processes } from "../../client/devnet/processes.ts";
import { readObject } from "../../client/object.ts";
import { errorIn, holdfast, startHoldfast, type CliResult } from "../helpers/cli.ts";

const BOND = 10n ** 18n;
/** No epoch ends meanwhile. */
const EPOCH = 3600;

describe("e2e: the commands", function () {
  this.timeout(300_000);
  let folder: string;
  let processes: Processes;
  let network: Network;
  const ending = new AbortController();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-commands-"));
    const logs = join(folder, "logs");
    await mkdir(logs);
    processes = createProcesses({ logs, signal: ending.signal });
    network = await startNetwork({
      profile: "tiny",
      epochSeconds: EPOCH,
      folder,
      processes,
      capacity: 10_000,
      bond: BOND,
      provers: 1,
      log: () => undefined,
      onLog: () => undefined,
    });
    const { app, manager, providers } = network.roles;
    for (const [name, account] of Object.entries({ app, manager, provider: providers[0]?.cold }))
      await writeFile(join(folder, `${name}.key`), account?.privateKey ?? "", { mode: 0o600 });
  });
  after(async () => {
    network.chain.close();
    await processes.stop();
    await rm(folder, { recursive: true });
  });

  type Who = "app" | "manager" | "provider";
  const run = (who: Who, ...args: string[]): Promise<CliResult> => {
    const { rpcUrl, chain } = network;
    const where = [
      "--rpc",
      rpcUrl,
      "--audits",
      chain.addresses.audits,
      "--key",
      join(folder, `${who}.key`),
      "--json",
    ];
    return holdfast(...args, ...where);
  };
  const done = async (who: Who, ...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(who, ...args, "--yes");
    if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const refusal = async (who: Who, ...args: string[]): Promise<ReturnType<typeof errorIn>> => {
    const result = await run(who, ...args);
    expect([result.code, result.stdout]).to.deep.equal([1, ""]);
    return errorIn(result);
  };

  const passEpoch = async (): Promise<void> => {
    const provider = new JsonRpcProvider(network.rpcUrl);
    await provider.send("evm_increaseTime", [EPOCH]);
    await provider.send("evm_mine", []);
    provider.destroy();
  };

  it("let a provider register and change a node, and bond for it", async () => {
    const { operator } = network.roles.providers[0] as Network["roles"]["providers"][number];
    const terms = ["--rent", "5", "--lock-per-epoch", "0.25"];
    const details = ["--url", "http://127.0.0.1:9", "--capacity", "100", ...terms];
    const { node } = await done(
      "provider",
      "provider",
      "register-node",
      "--operator",
      operator.address,
      ...details,
    );
    expect(node).to.equal("6");
    await done("provider", "provider", "update", "6", "--capacity", "200");
    const registered = await network.chain.read<object>("registry", "node", [6]);
    expect(registered).to.include({ lockPerEpoch: BOND / 4n, capacity: 200n, rent: 5n });
    await done("provider", "provider", "update", "6", "--lock-per-epoch", "0.5");
    const provider = network.chain.as(network.roles.providers[0]?.cold.privateKey ?? "");
    await provider.send("token", "mint", [provider.account(), 3n * BOND]);
    await done("provider", "provider", "bond", "6", "2");
    await done("provider", "provider", "unbond", "6", "0.5");
    const { stdout } = await run("provider", "provider", "node", "6");
    expect(JSON.parse(stdout)).to.deep.include({ capacity: "200", rent: "5", url: "http://127.0.0.1:9" });
    expect(JSON.parse(stdout)).to.deep.include({ bond: String(2n * BOND), unbonding: String(BOND / 2n) });
    expect(JSON.parse(stdout)).to.deep.include({ lockPerEpoch: String(BOND / 2n), revision: "0" });
  });

  it("let a provider revoke what its operator has signed, and offer its node to another account", async () => {
    expect(await done("provider", "provider", "revoke-acceptances", "6")).to.include({ revision: "1" });
    const app = network.roles.app.address;
    const offered = await done("provider", "provider", "propose-provider", "6", app);
    expect(offered).to.include({ node: "6", proposed: app });
    const early = await refusal("app", "provider", "accept-provider", "6", "--yes");
    expect(early.message).to.match(/not acceptable yet .*; wait until that time/);
    expect(await done("provider", "provider", "propose-provider", "6", "nobody")).to.include({
      proposed: null,
    });
    const stranger = await refusal("app", "provider", "accept-provider", "6", "--yes");
    expect(stranger.message).to.match(/unauthorized/);
  });

  it("say how much is missing for a bond, and that a bond is not there yet", async () => {
    const short = await refusal("provider", "provider", "bond", "6", "100", "--yes");
    expect(short.code).to.equal("funds");
    expect(short.message).to.match(
      /has deposited 0 HFT and has 1 HFT in its wallet: send the wallet 99 HFT more/,
    );
    const early = await refusal("provider", "provider", "release", "6", "--yes");
    expect(early.message).to.match(/not releasable/);
  });

  it("let a manager create a cluster, add vNodes, assign them and name a standby", async () => {
    const created = await done("manager", "manager", "create-cluster");
    expect(created).to.include({ cluster: "1", quantumBits: 30, quantum: String(2 ** 30) });
    expect(await done("manager", "manager", "add-vnodes", "1", "--count", "2")).to.deep.include({
      vNodes: ["1", "2"],
    });
    const assigned = await done("manager", "manager", "assign", "1", "1");
    expect(assigned).to.include({ fromEpoch: "1", responsible: "1", successor: "0" });
    await done("manager", "manager", "assign", "2", "2");
    expect(await done("manager", "manager", "standby", "1", "4,5")).to.deep.include({ standby: ["4", "5"] });
    expect(await done("manager", "manager", "standby", "1", "4", "--remove")).to.deep.include({
      standby: ["5"],
    });
    const { stdout } = await run("manager", "manager", "show", "1");
    expect(JSON.parse(stdout)).to.deep.include({ cluster: "1", standby: ["5"], quantumBits: "30" });
  });

  it("let a manager announce new terms", async () => {
    const delay = Number(await network.chain.read<bigint>("audits", "changeDelay"));
    const terms = ["--odds", "2", "--grace", "0"];
    const { fromEpoch } = await done("manager", "manager", "change-cluster", "1", ...terms);
    expect(Number(fromEpoch)).to.equal(delay);
    const { params_ } = await network.chain.read<{ params_: object }>("audits", "announced", [1]);
    expect(params_).to.include({ odds: 2n, grace: 0n, maxMisses: 3n });
  });

  it("refuse what only a manager may do, and bounds that are crossed", async () => {
    const other = await refusal("app", "manager", "add-vnodes", "1", "--count", "1", "--yes");
    expect(other.message).to.match(/unauthorized/);
    const odds = await refusal("manager", "manager", "create-cluster", "--odds", "0", "--yes");
    expect(odds.message).to.match(/bad parameter \(name odds, value 0\)/);
    const quantum = await refusal("manager", "manager", "create-cluster", "--quantum", "0", "--yes");
    expect(quantum.message).to.match(/a quantum is at least one token unit/);
  });

  describe("with a bucket", () => {
    let path: string;
    const content = randomBytes(150_000);
    before(async () => {
      path = join(folder, "file");
      await writeFile(path, content);
      expect(await done("app", "app", "create-bucket", "1")).to.include({ bucket: "1" });
      // From epoch 1 on the nodes that were assigned in epoch 0 are responsible.
      await passEpoch();
    });
    const put = (...more: string[]): string[] => [
      "app",
      "put",
      path,
      "--bucket",
      "1",
      "--epochs",
      "10",
      "--allow-private-nodes",
      ...more,
    ];

    it("refuse to store before there is money, and to spend it before anybody agrees", async () => {
      const poor = await refusal("app", ...put("--vnodes", "1,2", "--yes"));
      expect(poor.code).to.equal("funds");
      expect(poor.message).to.match(/deposit \d+ more/);
      const unasked = await refusal("app", ...put("--vnodes", "1,2"));
      expect(unasked.message).to.match(/nobody can be asked here: add --yes/);
      expect(unasked.message).to.match(
        /an epoch, of which \d+ token units come from rounding up to multiples of 1073741824/,
      );
    });

    it("refuse a bucket, a vNode and a rent that are not right", async () => {
      const other = ["app", "put", path, "--bucket", "9", "--epochs", "10", "--vnodes", "1", "--yes"];
      expect((await refusal("app", ...other)).message).to.match(/no such bucket|there is no bucket 9/);
      expect((await refusal("app", ...put("--vnodes", "7", "--yes"))).message).to.match(/no such v\s?node/i);
    });

    it("store a file, show its replicas and read it back", async () => {
      const app = network.chain.as(network.roles.app.privateKey);
      await app.send("token", "mint", [app.account(), 10n ** 21n]);
      const rent = await refusal("app", ...put("--vnodes", "1,2", "--deposit", "--max-rent", "1", "--yes"));
      expect(rent.message).to.match(/asks a rent of \d+, more than 1/);

      const manifest = join(folder, "file.json");
      await done("app", ...put("--vnodes", "1,2", "--deposit", "--manifest", manifest));
      const object = await readObject(manifest);
      expect(object.segments).to.have.length(2);
      expect(object.replicas.map(({ vNode, serials }) => [vNode, serials])).to.deep.equal([
        [1, [0, 1]],
        [2, [0, 1]],
      ]);

      const status = JSON.parse(
        (await run("app", "app", "status", manifest, "--allow-private-nodes")).stdout,
      ) as {
        replicas: object[];
      };
      expect(status.replicas[0]).to.deep.include({ vNode: 1, segments: 2, misses: 0 });
      expect(await done("app", "app", "claim", manifest)).to.deep.equal({ claimed: "0" });
    });

    it("deposit and withdraw", async () => {
      await done("app", "app", "deposit", "5");
      const { withdrawn } = await done("app", "app", "withdraw", "2.5");
      expect(withdrawn).to.equal(String(25n * 10n ** 17n));
      const much = await refusal("app", "app", "withdraw", "1000000", "--yes");
      expect(much).to.deep.include({ code: "funds" });
      expect(much.message).to.match(/insufficient balance .*is missing$/);
    });

    it("let anyone look around", async () => {
      const lens = ["--lens", network.deployment.lens];
      const explore = async <T>(what: string, ...args: string[]): Promise<T[]> => {
        const { code, stdout, stderr } = await run("app", "explore", what, ...args, ...lens);
        if (code !== 0) throw new Error(stderr);
        return Object.values(JSON.parse(stdout) as Record<string, T[]>).flat();
      };
      const [cluster, ...others] = await explore<object>("clusters");
      expect(others).to.deep.equal([]);
      expect(cluster).to.deep.include({ cluster: "1", vNodes: 2, vacant: 0, nodes: 2, standby: 1 });
      expect(cluster).to.deep.include({ odds: "1", capacity: "20000", missing: 0, quantumBits: "30" });
      const nodes = await explore<{ node: string }>("nodes");
      expect(nodes.map(({ node }) => node)).to.deep.equal(["1", "2", "3", "4", "5", "6"]);
      const provider = network.roles.providers[0]?.cold.address ?? "";
      const own = await explore<{ node: string }>("nodes", "--provider", provider);
      expect(own.map(({ node }) => node)).to.deep.equal(["1", "6"]);
      const serving = await explore<{ node: string }>("nodes", "--cluster", "1");
      expect(serving.map(({ node }) => node)).to.deep.equal(["1", "2"]);
      const vNodes = await explore<object>("vnodes", "--cluster", "1");
      expect(vNodes[0]).to.deep.include({ vNode: "1", cluster: "1", nextNode: "1", segments: "2" });
      expect(vNodes[0]).to.deep.include({ successor: null, short: false, leavesAt: null, pause: null });
      const owner = network.roles.app.address;
      expect(await explore<object>("buckets", "--owner", owner)).to.deep.equal([
        { bucket: "1", owner, cluster: "1", isPublic: false },
      ]);
      const segments = await explore<{ vNode: string }>("segments", "--bucket", "1");
      expect(segments.map(({ vNode }) => vNode)).to.deep.equal(["1", "1", "2", "2"]);
      expect(segments[0]).to.deep.include({ bucket: "1", proofs: 0, lastProven: null, paidUntil: "12" });
      expect(await explore<object>("segments", "--vnode", "1")).to.deep.equal(segments.slice(0, 2));
    });

    it("end a segment early, once, and pay back what it would have cost", async () => {
      const { end, refund } = await done("app", "app", "end", "1", "1");
      expect(Number(end)).to.be.below(12);
      expect(BigInt(refund as string) > 0n).to.equal(true);
      const again = await refusal("app", "app", "end", "1", "1", "--yes");
      expect(again.message).to.match(/ends anyway \(end \d+, noticeEnd \d+\)/);
      expect((await refusal("manager", "app", "end", "2", "1", "--yes")).message).to.match(/unauthorized/);
    });

    const segmentsOf = async (vNode: string): Promise<object[]> => {
      const lens = ["--lens", network.deployment.lens];
      const { stdout } = await run("app", "explore", "segments", "--vnode", vNode, ...lens);
      return (JSON.parse(stdout) as { segments: object[] }).segments;
    };

    it("challenge a segment as soon as it is paid for, and end no challenge that may be answered yet", async () => {
      const make = ["challenge", "make", "2", "--segment", "0", "--max-bond"];
      const early = await refusal("manager", ...make, "1", "--yes");
      expect(early.message).to.match(/nothing stored \(vNode 2\)/);
      const manager = network.chain.as(network.roles.manager.privateKey);
      await manager.send("token", "mint", [manager.account(), BOND]);
      await done("manager", "app", "deposit", "1");
      await passEpoch();
      const low = await refusal("manager", ...make, "0.000001", "--yes");
      expect(low.message).to.match(/bond too high/);
      const made = await done("manager", ...make, "1");
      expect(made).to.deep.include({ challenge: "1", vNode: "2", node: "2", answerBefore: "5", start: 0 });
      const { stdout } = await run("app", "challenge", "show", "1");
      expect(JSON.parse(stdout)).to.deep.include({ status: "open", start: "0", bond: made["bond"] });
      expect(JSON.parse(stdout)).to.deep.include({ length: String(made["length"]), answerBefore: "5" });
      const [segment] = await segmentsOf("2");
      expect(segment).to.include({ serial: "0", weight: String(made["length"]) });
      const again = await refusal("manager", "challenge", "make", "2", "--max-bond", "1", "--yes");
      expect(again.message).to.match(/one each .*; this account already has an open challenge to this vNode/);
      const gone = await refusal("manager", "challenge", "make", "2", "--segment", "9", "--max-bond", "1");
      expect(gone.message).to.match(/segment 9 of vNode 2 has no entry/);
      expect((await refusal("app", "challenge", "expire", "1", "--yes")).message).to.match(/response runs/);
      expect((await refusal("app", "challenge", "show", "7")).message).to.match(/not open/);
    });

    it("name a node for a vNode with data, and take that back: until its first proof the old one stays", async () => {
      const named = await done("manager", "manager", "assign", "2", "3");
      expect(named).to.include({ responsible: "2", successor: "3", fromEpoch: "3", until: "6" });
      const busy = await refusal("app", ...put("--vnodes", "2", "--yes"));
      expect(`${busy.code}: ${busy.message}`).to.match(/^busy: vNode 2 is being handed over/);
      const back = await done("manager", "manager", "assign", "2", "0");
      expect(back).to.include({ responsible: "2", successor: "0", fromEpoch: "0" });
      const data = await refusal("manager", "manager", "assign", "2", "0", "--yes");
      expect(data.message).to.match(/has data .*; name the node that is to take over/);
    });

    it("say what is missing to look around, and for a lens of something else", async () => {
      expect((await refusal("app", "explore", "clusters")).message).to.match(/which is the Lens/);
      const { audits } = network.chain.addresses;
      const other = await refusal("app", "explore", "clusters", "--lens", audits);
      expect(other.code).to.equal("chain");
      const lens = ["--lens", network.deployment.lens];
      expect((await refusal("app", "explore", "segments", ...lens)).message).to.match(/whose segments/);
    });

    it("let a provider pause and leave, once its node is responsible", async () => {
      const other = await refusal("provider", "provider", "pause", "2", "--epochs", "1", "--yes");
      expect(other.message).to.match(/unauthorized/);
      const paused = await done("provider", "provider", "pause", "1", "--epochs", "2");
      // Epochs of an hour: 2,160 in 90 days, the 45th part of them.
      expect(paused).to.include({ node: "1", fromEpoch: "4", endEpoch: "6", used: "2", left: "46" });
      const overlaps = await refusal("provider", "provider", "leave", "1", "--yes");
      expect(overlaps.message).to.match(/pause overlaps .*; wait until the pause is over/);
      const much = await refusal("provider", "provider", "pause", "1", "--epochs", "47", "--yes");
      expect(much.message).to.match(/pause budget spent .*; ask for fewer epochs/);
      for (let i = 0; i < 4; i++) await passEpoch();
      const leaving = await done("provider", "provider", "leave", "1");
      expect(leaving).to.include({ node: "1", fromEpoch: "11", bondKeptUntil: "14" });
      const again = await refusal("provider", "provider", "leave", "1", "--yes");
      expect(again.message).to.match(
        /leave announced already .*; the node has announced already that it leaves/,
      );
    });

    it("let a provider top up, and get back what was kept: nothing here", async () => {
      expect(await done("provider", "provider", "top-up", "1")).to.include({ node: "1", locked: "0" });
      const unlocked = await done("provider", "provider", "unlock", "1", "1");
      expect(unlocked).to.include({ unlocked: "0", kept: "0", keptUntil: "0", challenges: "0" });
    });
  });

  it("refuse another chain and another token than the expected ones", async () => {
    expect((await refusal("app", "app", "balance", "--chain-id", "1")).message).to.match(
      /has the id 31337, not 1/,
    );
    const { audits } = network.chain.addresses;
    expect((await refusal("app", "app", "balance", "--token", audits)).message).to.match(/pays in the token/);
  });

  it("refuse a second node on the same data folder", async () => {
    const config = join(folder, "node-1.json");
    const other = join(folder, "node-1-again.json");
    const settings = JSON.parse(await readFile(config, "utf8")) as object;
    await writeFile(other, JSON.stringify({ ...settings, port: 0 }));
    const { code, stdout, stderr } = await startHoldfast("node", "run", "--config", other).done;
    expect(code).to.equal(1);
    expect(stdout + stderr).to.match(/locked|another/);
  });

  it("show a node's status and say when none answers", async () => {
    const { url } = network.nodes[0] as Network["nodes"][number];
    const { code, stdout } = await holdfast("node", "status", url, "--json");
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.be.an("object");
    const none = await holdfast("node", "status", "http://127.0.0.1:1", "--json");
    expect(errorIn(none)).to.include({ code: "unreachable" });
  });
});
