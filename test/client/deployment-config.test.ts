// The configuration of a deployment, and the example in the documentation.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { readDeploymentConfig, type DeploymentConfig } from "../../client/deployment/config.ts";
import { EVMNET } from "../../keys/trust.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf } from "../helpers/errors.ts";
import { evmnet } from "../helpers/evmnet.ts";
import { useFolder } from "../helpers/folder.ts";

const PREVRANDAO = { kind: "prevrandao" };

describe("client: a deployment's configuration", () => {
  const folder = useFolder();
  const drand = {
    kind: "drand",
    genesis: evmnet.genesis,
    period: evmnet.period,
    publicKey: Buffer.from(evmnet.publicKey).toString("hex"),
  };
  const read = async (changes: object): Promise<DeploymentConfig> => {
    const path = join(folder(), "config.json");
    const settings = {
      rpcUrl: "http://127.0.0.1:1",
      chainId: 1,
      keyFile: "key",
      protocolFee: 200,
      epochSeconds: 60,
      treasury: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
      profiles: ["tiny"],
      beacons: [drand],
      ...changes,
    };
    await writeFile(path, JSON.stringify(settings));
    return readDeploymentConfig(path);
  };
  const problems = async (changes: object): Promise<unknown> => {
    const error = await errorOf(read(changes));
    if (!(error instanceof HoldfastError)) throw error;
    expect(error.code).to.equal("bad-input");
    return error.details["problems"];
  };

  it("has defaults for what most deployments have in common", async () => {
    expect(await read({})).to.deep.include({ genesis: "now", unbondSeconds: 168 * 60, confirmations: 5 });
    expect(await read({})).to.deep.include({ minChallengeBond: "1000000000000000", margin: 15 });
    expect((await read({ epochSeconds: 3600 })).margin).to.equal(30);
    expect((await read({ epochSeconds: 3600, margin: 900 })).margin).to.equal(900);
  });

  it("is the one of the documentation", async () => {
    const text = await readFile(join(import.meta.dirname, "..", "..", "docs", "deployment.md"), "utf8");
    const [, example = ""] = /```json\n(\{[^]*?\n\})\n```/.exec(text) ?? [];
    const { beacons, profiles } = await read(JSON.parse(example) as object);
    expect(beacons[0]).to.deep.include(drand);
    expect(profiles).to.deep.equal(["standard"]);
  });

  it("knows drand's evmnet as the shared vectors have it", () => {
    expect(EVMNET).to.deep.equal(evmnet);
  });

  const wrong: [string, object, RegExp][] = [
    ["a setting that there is none of", { colour: 1 }, /colour/],
    ["a URL that is none", { rpcUrl: "127.0.0.1" }, /^rpcUrl: /],
    [
      "the zero address",
      { treasury: `0x${"0".repeat(40)}` },
      /^treasury: expected an address that is not zero/,
    ],
    ["a checksum that is wrong", { token: "0x70997970c51812dc3A010C7d01b50e0d17dc79C8" }, /^token: /],
    ["a fee above the contracts' cap", { protocolFee: 501 }, /^protocolFee: /],
    ["a fee that makes it cheap to pay oneself", { protocolFee: 199 }, /^protocolFee: /],
    [
      "an epoch of which a quarter is no second",
      { epochSeconds: 3, beacons: [PREVRANDAO] },
      /^epochSeconds: /,
    ],
    ["a margin that is too short", { epochSeconds: 3600, margin: 29 }, /^margin: .* 30 to 900$/],
    ["a margin that is too long", { epochSeconds: 3600, margin: 901 }, /^margin: .* 30 to 900$/],
    ["another margin than a quarter of a short epoch", { margin: 14 }, /^margin: .* 15 to 15$/],
    ["an epoch that a contract cannot count", { epochSeconds: 2 ** 32 }, /^epochSeconds: /],
    [
      "a bond that is released before a challenge is over",
      { unbondSeconds: 180 },
      /^unbondSeconds: .*three epochs, 181 or more$/,
    ],
    ["a challenge that costs nothing", { minChallengeBond: "0" }, /^minChallengeBond: /],
    [
      "a challenge that no contract can count",
      { minChallengeBond: String(2n ** 80n) },
      /^minChallengeBond: /,
    ],
    ["a challenge for words", { minChallengeBond: "much" }, /^minChallengeBond: /],
    ["no profile", { profiles: [] }, /^profiles: /],
    ["a profile twice", { profiles: ["tiny", "tiny"] }, /^profiles: expected each profile once$/],
    ["five beacons", { beacons: Array.from({ length: 5 }, () => drand) }, /^beacons: /],
    ["a beacon of an unknown kind", { beacons: [{ kind: "dice" }] }, /^beacons\.0/],
    ["prevrandao twice", { beacons: [{ kind: "prevrandao" }, { kind: "prevrandao" }] }, /at most once$/],
    ["a group key that is too short", { beacons: [{ ...drand, publicKey: "00" }] }, /^beacons\.0\.publicKey/],
    [
      "a group key that is no point",
      { beacons: [{ ...drand, publicKey: "0".repeat(256) }] },
      /^beacons\.0\.publicKey: not a drand public key/,
    ],
    [
      "a round that can come after its epoch",
      { beacons: [{ ...drand, period: 46 }] },
      /period: expected at most an epoch without the margin, 45$/,
    ],
    [
      "rounds that begin after epoch 0",
      { genesis: 1000 },
      /^beacons\.0\.genesis: expected no later than .* 1000$/,
    ],
  ];
  for (const [what, changes, message] of wrong) {
    it(`refuses ${what}`, async () => {
      expect(await problems(changes))
        .to.have.length(1)
        .and.property("0")
        .match(message);
    });
  }

  it("refuses a file that cannot be read", async () => {
    const error = await errorOf(
      Promise.resolve().then(() => readDeploymentConfig(join(folder(), "none.json"))),
    );
    expect(error).to.be.instanceOf(HoldfastError).with.property("code", "bad-input");
  });
});
