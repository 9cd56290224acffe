// The auditor's settings and its records.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { describeSettings, readConfig } from "../../verifier/config.ts";
import { openState } from "../../verifier/state.ts";

describe("verifier: settings", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-auditor-"));
  });
  after(() => rm(folder, { recursive: true }));
  const good = {
    rpcUrl: "http://127.0.0.1:8545",
    audits: `0x${"1".repeat(40)}`,
    keyFile: "key",
    dataFolder: "data",
    profile: "tiny",
    drandUrls: ["http://127.0.0.1:1"],
    drandPublicKey: "0".repeat(256),
    pollSeconds: 5,
  };
  const write = async (content: unknown): Promise<string> => {
    const path = join(folder, "config.json");
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };

  it("come from the file, then the environment, then flags", async () => {
    const args = ["--config", await write(good)];
    expect(readConfig(args, {})).to.include({ pollSeconds: 5, port: 0, host: "127.0.0.1" });
    const environment = { HOLDFAST_AUDITOR_POLL_SECONDS: "6", HOLDFAST_AUDITOR_PORT: "80" };
    expect(readConfig(args, environment)).to.include({ pollSeconds: 6, port: 80 });
    expect(readConfig([...args, "--poll-seconds", "7"], environment)).to.include({
      pollSeconds: 7,
      port: 80,
    });
  });

  it("name several endpoints of the chain in a list, with commas, or in a flag that is repeated", async () => {
    const [a, b] = ["http://a.example", "http://b.example"];
    const args = ["--config", await write({ ...good, rpcUrl: [a, b] })];
    expect(readConfig(args, {}).rpcUrl).to.deep.equal([a, b]);
    const environment = { HOLDFAST_AUDITOR_RPC_URL: `${b},${a}` };
    expect(readConfig(args, environment).rpcUrl).to.deep.equal([b, a]);
    const flags = [...args, "--rpc-url", a, "--rpc-url", b];
    expect(readConfig(flags, environment).rpcUrl).to.deep.equal([a, b]);
    expect(readConfig(["--config", await write(good)], {}).rpcUrl).to.deep.equal([good.rpcUrl]);
    const marked = await write(`\uFEFF${JSON.stringify(good)}`);
    expect(readConfig(["--config", marked], {}).rpcUrl).to.deep.equal([good.rpcUrl]);
  });

  it("are all named when they are wrong", async () => {
    const path = await write({ ...good, audits: "0x1", port: 70_000, drandUrls: [], colour: "red" });
    expect(() => readConfig(["--config", path], {})).to.throw(/audits: .*drandUrls: .*port: .*colour/);
  });

  it("are refused if the environment has an unknown one", async () => {
    const args = ["--config", await write(good)];
    expect(() => readConfig(args, { HOLDFAST_AUDITOR_ARTIFACTS: "build" })).to.throw(
      /the environment sets HOLDFAST_AUDITOR_ARTIFACTS, but there is no such setting/,
    );
    expect(readConfig([], { HOLDFAST_AUDITOR_CONFIG: args[1] }).port).to.equal(0);
  });

  it("are listed with their names and defaults", () => {
    expect(describeSettings()).to.include(
      "--poll-seconds  HOLDFAST_AUDITOR_POLL_SECONDS [2]  seconds between two looks at the chain",
    );
  });

  it("refuse a second auditor on the same records", () => {
    const first = openState(folder);
    expect(() => openState(folder)).to.throw(/another auditor uses/);
    first.close();
    openState(folder).close();
  });

  it("refuse records of something else", async () => {
    const other = await mkdtemp(join(folder, "other-"));
    await writeFile(join(other, "auditor.sqlite"), "x".repeat(5000));
    expect(() => openState(other)).to.throw(/not an auditor's/);
  });
});
