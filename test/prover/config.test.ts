// A node's configuration: precedence, and every mistake named.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describeSettings, readConfig } from "../../prover/config.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: config", () => {
  const folder = useFolder();
  const base = {
    rpcUrl: "http://127.0.0.1:8545",
    audits: `0x${"11".repeat(20)}`,
    node: 1,
    keyFile: "key",
    dataFolder: "data",
  };
  const file = (content: unknown): string[] => {
    const path = join(folder(), "config.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return ["--config", path];
  };

  it("takes a flag before the environment, the environment before the file, the file before the default", () => {
    const argv = file({ ...base, port: 1, threads: 1, host: "0.0.0.0" });
    const env = { HOLDFAST_NODE_PORT: "2", HOLDFAST_NODE_THREADS: "2" };
    const config = readConfig([...argv, "--port", "3"], env);
    expect(config).to.include({
      port: 3,
      threads: 2,
      host: "0.0.0.0",
      profile: "demo",
      allowPrivatePeers: false,
    });
  });

  it("reads lists and switches from text", () => {
    const config = readConfig(file(base), {
      HOLDFAST_NODE_DRAND_URLS: "http://a.example,http://b.example",
      HOLDFAST_NODE_ALLOW_PRIVATE_PEERS: "true",
    });
    expect(config.drandUrls).to.deep.equal(["http://a.example", "http://b.example"]);
    expect(config.allowPrivatePeers).to.equal(true);
  });

  it("takes several endpoints of the chain from a list, with commas, or from a flag that is repeated", () => {
    const [a, b] = ["http://a.example", "http://b.example"];
    expect(readConfig(file(base), {}).rpcUrl).to.deep.equal([base.rpcUrl]);
    expect(readConfig(file({ ...base, rpcUrl: [a, b] }), {}).rpcUrl).to.deep.equal([a, b]);
    const env = { HOLDFAST_NODE_RPC_URL: `${a},${b}` };
    expect(readConfig(file(base), env).rpcUrl).to.deep.equal([a, b]);
    expect(readConfig([...file(base), "--rpc-url", b, "--rpc-url", a], env).rpcUrl).to.deep.equal([b, a]);
    expect(() => readConfig(file({ ...base, rpcUrl: "secret" }), {})).to.throw(/rpcUrl: expected a URL/);
  });

  it("reads addresses and networks, and no names", () => {
    const config = readConfig(file(base), { HOLDFAST_NODE_TRUSTED_PROXIES: "10.0.0.0/8,::1" });
    expect(config.trustedProxies).to.deep.equal(["10.0.0.0/8", "::1"]);
    expect(config.operatorAddresses).to.deep.equal(["127.0.0.1", "::1"]);
    for (const wrong of ["localhost", "10.0.0.0/33", "true", "10.0.0"])
      expect(() => readConfig([...file(base), "--trusted-proxies", wrong], {}), wrong).to.throw(
        /trustedProxies.*expected ADDRESS or ADDRESS\/BITS/,
      );
  });

  it("names every value that is wrong", () => {
    expect(() => readConfig(file({ ...base, audits: "0x1", node: 0 }), {})).to.throw(/audits: .*node: /);
  });

  it("refuses an option that does not exist, in a file and as a flag", () => {
    expect(() => readConfig(file({ ...base, prot: 1 }), {})).to.throw(/prot/);
    expect(() => readConfig([...file(base), "--prot", "1"], {})).to.throw(/prot/);
  });

  it("refuses empty text as a number, and numbers out of range", () => {
    for (const port of ["", "1e9", "-1", "1.5", "x"])
      expect(() => readConfig(file(base), { HOLDFAST_NODE_PORT: port }), port).to.throw(/port: /);
  });

  it("describes every setting with its names and default", () => {
    expect(describeSettings()).to.include(
      "--poll-ms  HOLDFAST_NODE_POLL_MS [6000]  milliseconds between looks at the chain",
    );
  });

  it("reads a file that an editor has begun with a byte order mark", () => {
    expect(readConfig(file(`\uFEFF${JSON.stringify(base)}`), {}).audits).to.equal(base.audits);
  });

  it("refuses a file that is not there or no JSON object", () => {
    expect(() => readConfig(["--config", join(folder(), "none")], {})).to.throw(/cannot be used/);
    expect(() => readConfig(file("[1"), {})).to.throw(/cannot be used/);
    expect(() => readConfig(file("3"), {})).to.throw(/not a JSON object/);
  });
});
