// Commands that move tokens or spend gas, and what they refuse before they send anything.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { startRpcProxy } from "../helpers/rpc-proxy.ts";

const FUNDS = 10n ** 9n;

describe("client: commands about money", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    await writeFile(join(folder, "app"), live.appKey, { mode: 0o600 });
    await live.app.send("token", "mint", [live.app.account(), FUNDS]);
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });
  const run = (...args: string[]): Promise<CliResult> => {
    const where = ["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, "app")];
    return holdfast(...args, ...where, "--yes", "--json");
  };
  const refusal = async (...args: string[]): Promise<ReturnType<typeof errorIn>> => {
    const result = await run(...args);
    expect([result.code, result.stdout]).to.deep.equal([1, ""]);
    return errorIn(result);
  };
  const allowance = (): Promise<bigint> =>
    live.app.read<bigint>("token", "allowance", [live.app.account(), live.app.addresses.ledger]);

  it("refuse to withdraw to the deployment's own contracts, and to nobody", async () => {
    const { ledger, registry, audits, challenges, token } = live.app.addresses;
    const { verifier } = await live.app.read<{ verifier: string }>("audits", "profiles", [0]);
    const beacon = await live.app.read<string>("audits", "beacons", [0]);
    const factory = await live.app.read<string>("audits", "factory");
    const { lens } = live.deployment;
    const before = await live.app.read<bigint>("ledger", "balanceOf", [live.app.account()]);
    const all = { ledger, registry, audits, challenges, token, verifier, beacon, factory, lens };
    for (const [name, to] of Object.entries(all)) {
      const withLens = name === "lens" ? ["--deployment", await record(lens)] : [];
      const { code, message } = await refusal("app", "withdraw", "0.0000000001", "--to", to, ...withLens);
      expect(`${code}: ${message}`, name).to.match(
        /^bad-input: 0x.* is .*from which nobody can get tokens back/,
      );
    }
    expect((await refusal("app", "withdraw", "1", "--to", `0x${"0".repeat(40)}`)).message).to.match(
      /is the zero address/,
    );
    expect(await live.app.read<bigint>("ledger", "balanceOf", [live.app.account()])).to.equal(before);
    const other = live.manager.account();
    expect((await run("app", "withdraw", "0.0000000001", "--to", other.toLowerCase())).code).to.equal(0);
  });

  async function record(lens: string): Promise<string> {
    const { audits, token } = live.app.addresses;
    const path = join(folder, "deployment.json");
    await writeFile(path, JSON.stringify({ chainId: Number(live.app.chainId), audits, token, lens }));
    return path;
  }

  it("refuse to deposit more than the wallet has, and leave no approval behind", async () => {
    const before = await allowance();
    const { code, message } = await refusal("app", "deposit", "0.0000001");
    expect(code).to.equal("funds");
    expect(message).to.match(
      /the wallet of 0x.* has 0.000000001 HFT, and the deposit is 0.0000001 HFT: send it /,
    );
    expect(await allowance()).to.equal(before);
    expect((await run("app", "deposit", "0.000000001")).code).to.equal(0);
    expect(await allowance()).to.equal(before);
  });

  it("go through two endpoints, which must agree about what they read", async () => {
    const proxy = await startRpcProxy(live.rpcUrl);
    try {
      await live.app.send("token", "mint", [live.app.account(), FUNDS]);
      const before = await live.app.read<bigint>("ledger", "balanceOf", [live.app.account()]);
      expect((await run("app", "deposit", "0.000000001", "--rpc", proxy.url)).code).to.equal(0);
      const after = await live.app.read<bigint>("ledger", "balanceOf", [live.app.account()]);
      expect(after - before).to.equal(FUNDS);
      const other = await refusal(
        "app",
        "deposit",
        "1",
        "--rpc",
        `${proxy.url},http://127.0.0.1:1`,
        "--rpc",
        "x",
      );
      expect(other.message).to.include('"x" is not a URL');
    } finally {
      proxy.close();
    }
  });

  it("add no vNodes without being told how many", async () => {
    const none = await refusal("manager", "add-vnodes", "1");
    expect(none.message).to.match(/how many vNodes, or where\? Give --count N or --tokens LIST/);
    expect((await refusal("manager", "add-vnodes", "1", "--count", "1", "--tokens", "5")).message).to.match(
      /one of/,
    );
  });

  it("take places of the ring up to its last one, to the unit", async () => {
    await writeFile(join(folder, "app"), live.managerKey);
    const last = (2n ** 64n - 1n).toString();
    const { code } = await run("manager", "add-vnodes", "1", "--tokens", `${last},9007199254740993`);
    expect(code).to.equal(0);
    const tokens = await Promise.all(
      [3, 4].map(async (id) => (await live.app.read<{ token: bigint }>("registry", "vNode", [id])).token),
    );
    expect(tokens.map(String)).to.deep.equal([last, "9007199254740993"]);
    expect((await run("manager", "add-vnodes", "1", "--tokens", "18446744073709551616")).code).to.equal(2);
  });
});
