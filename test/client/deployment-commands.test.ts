// `holdfast deployment` in separate processes, one of which is killed while it works.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { publicKeyOf } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import { ensureProfile } from "../../keys/make.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { DRAND, STEPS, TREASURY } from "../helpers/deploying.ts";
import { fundedKey, serveChain, type ServedChain } from "../helpers/deployments.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";

const MAIN = join(import.meta.dirname, "..", "..", "client", "main.ts");

describe("client: the deployment commands", function () {
  this.timeout(300_000);
  let chain: ServedChain;
  let proxy: RpcProxy;
  let folder: string;
  let config: string;
  let record: string;
  let address: string;
  before(async () => {
    await ensureProfile("tiny");
    chain = await serveChain();
    proxy = await startRpcProxy(chain.url);
    folder = await makeFolder();
    const account = await fundedKey(chain.provider, folder);
    address = account.address;
    record = join(folder, "made", "deployment.json");
    config = await writeConfig("config", { keyFile: account.keyFile });
  });
  after(async () => {
    proxy.close();
    await chain.close();
    await rm(folder, { recursive: true });
  });

  async function writeConfig(name: string, changes: object): Promise<string> {
    const settings = {
      rpcUrl: proxy.url,
      chainId: 31337,
      keyFile: "none",
      treasury: TREASURY,
      protocolFee: 200,
      epochSeconds: 3600,
      profiles: ["tiny"],
      beacons: [DRAND],
      ...changes,
    };
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(settings));
    return path;
  }
  const make = (): string[] => ["deployment", "create", "--config", config, "--folder", join(folder, "made")];
  const check = (...args: string[]): Promise<CliResult> =>
    holdfast("deployment", "check", "--rpc", chain.url, "--deployment", record, "--json", ...args);
  const nonce = (): Promise<number> => chain.provider.getTransactionCount(address);
  const parsed = ({ code, stdout, stderr }: CliResult): Record<string, unknown> => {
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it("say what a deployment costs before anybody agrees to it", async () => {
    const rehearsed = parsed(await holdfast(...make(), "--dry-run", "--json"));
    expect(rehearsed).to.deep.include({ dryRun: true, missing: STEPS });
    expect(rehearsed["deployment"]).to.have.property("chainId", 31337);
    const { message, code } = errorIn(await holdfast(...make(), "--json"));
    expect(code).to.equal("bad-input");
    expect(message).to.match(
      new RegExp(
        `this would deploy with ${STEPS} transactions to the chain 31337 .*, and nobody can be asked here: add --yes`,
      ),
    );
    expect(await nonce()).to.equal(0);
  });

  it("complete a deployment whose process was killed with a transaction on its way", async () => {
    proxy.answer = "held";
    const sent = proxy.next();
    const child = spawn(process.execPath, [MAIN, ...make(), "--yes"], { stdio: "ignore" });
    const ended = once(child, "exit");
    await Promise.race([sent, ended]);
    child.kill("SIGKILL");
    expect(await ended).to.deep.equal([null, "SIGKILL"]);
    proxy.answer = "passed on";

    const { stderr, ...rest } = await holdfast(...make(), "--yes");
    expect(rest.code, stderr).to.equal(0);
    expect(stderr).to.match(/deploy with the \d+ transactions that are missing .* \(nonces 1 to \d+\)/);
    expect(stderr).to.include(`${STEPS} of ${STEPS}: Lens is at`);
    expect(rest.stdout).to.match(/The deployment is complete/);
    expect(await nonce()).to.equal(STEPS);
  });

  it("print one object when a deployment is complete already, and send nothing", async () => {
    const again = parsed(await holdfast(...make(), "--json"));
    expect(again).to.deep.include({ complete: true, sent: 0 });
    expect(again["deployment"]).to.deep.equal(JSON.parse(await readFile(record, "utf8")));
    expect(await nonce()).to.equal(STEPS);
  });

  it("check a deployment by its record, against its configuration", async () => {
    const { ok, findings } = parsed(await check("--config", config)) as {
      ok: boolean;
      findings: { what: string; ok?: boolean }[];
    };
    expect(ok).to.equal(true);
    const compared = findings.filter((finding) => finding.ok).map(({ what }) => what);
    expect(compared).to.include.members(["treasury", "profile 0: the key", "Lens.audits", "beacon 0: kind"]);
  });

  it("fail a check against another configuration, and name what differs", async () => {
    const other = await writeConfig("other", { treasury: address, protocolFee: 300 });
    const result = await check("--config", other);
    expect(result.code).to.equal(1);
    expect(errorIn(result).details["wrong"]).to.deep.equal(["treasury", "protocol fee in basis points"]);
  });

  it("let other commands find the contracts by the record", async () => {
    const explored = await holdfast(
      "explore",
      "clusters",
      "--rpc",
      chain.url,
      "--deployment",
      record,
      "--json",
    );
    expect(parsed(explored)).to.deep.equal({ clusters: [] });
    const none = await holdfast("explore", "clusters", "--rpc", chain.url, "--deployment", config, "--json");
    expect(errorIn(none).message).to.match(/is not the record of a deployment/);
  });

  describe("add", () => {
    let treasuryKey: string;
    let otherKey: string;
    let other: string;
    before(async () => {
      treasuryKey = join(folder, "treasury.key");
      await writeFile(treasuryKey, present(developmentAccounts(2)[1]).privateKey, { mode: 0o600 });
      ({ keyFile: otherKey, address: other } = await fundedKey(chain.provider, folder));
    });
    const add = (key: string, ...args: string[]): Promise<CliResult> =>
      holdfast(
        "deployment",
        ...args,
        "--deployment",
        record,
        "--rpc",
        chain.url,
        "--key",
        key,
        "--yes",
        "--json",
      );
    const profile = ["add-profile", "--profile", "tiny"];

    it("a profile, whose verifier anybody may have made and only the treasury adds", async () => {
      const made = parsed(await add(otherKey, ...profile)) as {
        address: string;
        call: { from: string; to: string; data: string };
      };
      expect(made).to.deep.include({ added: false });
      expect(made.call.from).to.equal(TREASURY);
      const added = parsed(await add(treasuryKey, ...profile, "--at", made.address));
      expect(added).to.deep.equal({ ...made, added: true, index: "1" });
      const block = await chain.provider.getBlock("latest", true);
      expect(block?.prefetchedTransactions.map(({ data }) => data)).to.deep.equal([made.call.data]);
      const { findings } = parsed(await check()) as { findings: { what: string; value: string }[] };
      const shapes = findings.filter(({ what }) => what.startsWith("profile 1: samples"));
      expect(shapes.map(({ value }) => value)).to.deep.equal(["2, 2, 2"]);
    });

    it("a drand beacon", async () => {
      const publicKey = Buffer.from(publicKeyOf(5n)).toString("hex");
      const times = ["--drand-genesis", "1700000000", "--period", "3"];
      const added = parsed(await add(treasuryKey, "add-beacon", "--public-key", publicKey, ...times));
      expect(added).to.deep.include({ added: true, index: "1" });
      const { findings } = parsed(await check()) as { findings: { what: string; value: string }[] };
      expect(findings.find(({ what }) => what.startsWith("beacon 1: group key"))?.value).to.equal(publicKey);
      const sent = await chain.provider.getTransactionCount(other);
      const again = parsed(await add(otherKey, "add-beacon", "--public-key", publicKey, ...times));
      expect(again["address"]).to.equal(added["address"]);
      expect(await chain.provider.getTransactionCount(other), "it is not made twice").to.equal(sent);
    });

    it("nothing that is not what it should be", async () => {
      const { lens } = JSON.parse(await readFile(record, "utf8")) as { lens: string };
      const { message } = errorIn(await add(treasuryKey, ...profile, "--at", lens));
      expect(message).to.match(/is not this Groth16Verifier/);
      const times = ["--drand-genesis", "1700000000", "--period", "3"];
      const result = await add(treasuryKey, "add-beacon", "--public-key", "00", ...times);
      expect([result.code, errorIn(result).code]).to.deep.equal([2, "usage"]);
    });
  });

  it("name every value of a configuration that is wrong", async () => {
    const wrong = await writeConfig("wrong", { treasury: "0x1", protocolFee: 501, profiles: [], color: 1 });
    const result = await holdfast(
      "deployment",
      "create",
      "--config",
      wrong,
      "--folder",
      join(folder, "none"),
      "--json",
    );
    const { code, details } = errorIn(result);
    expect(code).to.equal("bad-input");
    const problems = details["problems"] as string[];
    for (const name of ["treasury", "protocolFee", "profiles", "color"])
      expect(problems.some((problem) => problem.includes(name))).to.equal(true);
  });
});
