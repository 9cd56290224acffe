// The keys, times and margins that a drand beacon accepts.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { publicKeyOf } from "../../drand/rounds.ts";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import type { DrandBeacon } from "../../types/ethers/index.js";
import { PAIRING } from "../helpers/breakable.ts";
import { evmnet, keyWords, Q } from "../helpers/evmnet.ts";
import { outsideG2, scalar } from "../helpers/trapdoor-proofs.ts";

const ownKey = publicKeyOf(scalar("drand key"));

describe("contracts: construction of a DrandBeacon", () => {
  let chain: TestChain;
  let beacon: DrandBeacon;
  const deploy = (...args: unknown[]) => chain.ethers.deployContract("DrandBeacon", args);
  let audits: HardhatEthersSigner;
  const home = (genesis: number, epochSeconds: number, margin: number) => ({
    audits: audits.address,
    genesis,
    epochSeconds,
    margin,
  });
  let times: unknown[];
  before(async () => {
    chain = await testChain();
    audits = present((await chain.ethers.getSigners())[0]);
    times = [0, 3, home(1000, 20, 5)];
    beacon = await deploy(keyWords(ownKey), ...times);
  });

  it("refuses a key with real parts first", async () => {
    const [xi, xr, yi, yr] = keyWords(evmnet.publicKey);
    await expect(deploy([xr, xi, yr, yi], ...times))
      .to.be.revertedWithCustomError(beacon, "PrecompileFailed")
      .withArgs(PAIRING);
  });

  it("refuses a key outside G2", async () => {
    await expect(deploy(outsideG2(), ...times))
      .to.be.revertedWithCustomError(beacon, "PrecompileFailed")
      .withArgs(PAIRING);
  });

  it("refuses a key in another encoding", async () => {
    const [xi, ...rest] = keyWords(evmnet.publicKey);
    await expect(deploy([xi + Q, ...rest], ...times))
      .to.be.revertedWithCustomError(beacon, "PrecompileFailed")
      .withArgs(PAIRING);
  });

  it("refuses infinity, under which everyone signs", async () => {
    await expect(deploy([0, 0, 0, 0], ...times)).to.be.revertedWithCustomError(beacon, "NoKey");
  });

  it("refuses times that let two epochs share a round, or a round come after its epoch", async () => {
    for (const [drandGenesis, period] of [
      [0, 0],
      [0, 16],
      [1001, 3],
    ]) {
      const given = home(1000, 20, 5);
      await expect(deploy(keyWords(ownKey), drandGenesis, period, given))
        .to.be.revertedWithCustomError(beacon, "RoundsNotDistinct")
        .withArgs(drandGenesis, period, Object.values(given));
    }
    await deploy(keyWords(ownKey), 1000, 15, home(1000, 20, 5));
  });

  for (const [epochSeconds, margin] of [
    [3600, 0],
    [3600, 29],
    [3600, 901],
    [120, 29],
    [120, 31],
    [100, 24],
    [100, 26],
    [3, 0],
    [3, 1],
    [0, 0],
  ] as const) {
    it(`refuses a margin of ${margin} s in epochs of ${epochSeconds} s`, async () => {
      await expect(deploy(keyWords(ownKey), 0, 1, home(1000, epochSeconds, margin)))
        .to.be.revertedWithCustomError(beacon, "BadMargin")
        .withArgs(margin, epochSeconds);
    });
  }

  for (const [epochSeconds, margin] of [
    [3600, 30],
    [3600, 900],
    [120, 30],
    [119, 29],
    [4, 1],
  ] as const) {
    it(`takes a margin of ${margin} s in epochs of ${epochSeconds} s`, async () => {
      const made = await deploy(keyWords(ownKey), 0, 1, home(1000, epochSeconds, margin));
      expect(await made.sourcePoint(2)).to.equal(1000 + 2 * epochSeconds + margin);
    });
  }
});
