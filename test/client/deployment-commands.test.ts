// `holdfast deployment` in processes of its own, one of them killed at work.
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureProfile } from "../../client/keys/make.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { fundedKey, serveChain, type ServedChain } from "../helpers/deployments.ts";
import { evmnet } from "../helpers/evmnet.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";

const TREASURY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
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
    const { publicKey, genesis, period } = evmnet;
    const drand = { kind: "drand", publicKey: Buffer.from(publicKey).toString("hex"), genesis, period };
    const settings = {
      ...{ rpcUrl: proxy.url, chainId: 31337, keyFile: "none", treasury: TREASURY, protocolFee: 100 },
      ...{ epochSeconds: 3600, profiles: ["tiny"], beacons: [drand], ...changes },
    };
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(settings));
    return path;
  }
  const make = (): string[] => ["deployment", "create", "--config", config, "--folder", join(folder, "made")];
  const check = (...args: string[]): Promise<CliResult> =>
    holdfast("deployment", "check", "--deployment", record, "--json", ...args);
  const nonce = (): Promise<number> => chain.provider.getTransactionCount(address);
  const parsed = ({ code, stdout, stderr }: CliResult): Record<string, unknown> => {
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it("say what a deployment costs before anybody agrees to it", async () => {
    const rehearsed = parsed(await holdfast(...make(), "--dry-run", "--json"));
    expect(rehearsed).to.deep.include({ dryRun: true, missing: 10 });
    expect(rehearsed["deployment"]).to.have.property("chainId", 31337);
    const { message, code } = errorIn(await holdfast(...make(), "--json"));
    expect(code).to.equal("bad-input");
    expect(message).to.match(
      /this would deploy 10 contracts to the chain 31337 .*: nobody is there to agree/,
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
    expect(stderr).to.match(/deploy the 9 contracts that are missing .* \(nonces 1 to 9\)/);
    expect(stderr).to.match(/10 of 10: Lens is at/);
    expect(rest.stdout).to.match(/The deployment is complete/);
    expect(await nonce()).to.equal(10);
  });

  it("print one object when a deployment is complete already, and send nothing", async () => {
    const again = parsed(await holdfast(...make(), "--json"));
    expect(again).to.deep.include({ complete: true, sent: 0 });
    expect(again["deployment"]).to.deep.equal(JSON.parse(await readFile(record, "utf8")));
    expect(await nonce()).to.equal(10);
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
    const other = await writeConfig("other", { treasury: address, protocolFee: 99 });
    const result = await check("--config", other);
    expect(result.code).to.equal(1);
    expect(errorIn(result).details["wrong"]).to.deep.equal(["treasury", "protocol fee in basis points"]);
  });

  it("let other commands find the contracts by the record", async () => {
    const explored = await holdfast(
      ...["explore", "clusters", "--rpc", chain.url, "--deployment", record, "--json"],
    );
    expect(parsed(explored)).to.deep.equal({ clusters: [] });
    const none = await holdfast("explore", "clusters", "--rpc", chain.url, "--deployment", config, "--json");
    expect(errorIn(none).message).to.match(/is no record of a deployment/);
  });

  it("name every value of a configuration that is wrong", async () => {
    const wrong = await writeConfig("wrong", { treasury: "0x1", protocolFee: 501, profiles: [], color: 1 });
    const result = await holdfast(
      ...["deployment", "create", "--config", wrong, "--folder", join(folder, "none"), "--json"],
    );
    const { code, details } = errorIn(result);
    expect(code).to.equal("bad-input");
    const problems = details["problems"] as string[];
    for (const name of ["treasury", "protocolFee", "profiles", "color"])
      expect(problems.some((problem) => problem.includes(name))).to.equal(true);
  });
});
