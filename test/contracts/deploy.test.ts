// The whole deployment as programs make it, with a real key, and what it refuses.
import { expect } from "chai";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { librariesFor } from "../../client/deployment/code.ts";
import { deploy, type DeployOptions } from "../../client/deployment/deploy.ts";
import { publicKeyOf } from "../../drand/rounds.ts";
import { testChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf } from "../helpers/errors.ts";

const CONTRACTS = ["Ledger", "Registry", "Audits", "Challenges", "Lens"];

describe("contracts: deployment", function () {
  this.timeout(120_000);
  let parts: Pick<DeployOptions, "verificationKey" | "knownAnswer">;
  before(async () => {
    await ensureProfile("tiny");
    parts = {
      verificationKey: await loadVerificationKey("tiny"),
      knownAnswer: await makeKnownAnswer("tiny"),
    };
  });

  const options = async (chainId?: number) => {
    const chain = await testChain(chainId === undefined ? {} : { chainId });
    const { ethers, networkHelpers } = chain;
    const [signer, treasury] = (await ethers.getSigners()).map(present);
    const genesis = await networkHelpers.time.latest();
    const given: DeployOptions = {
      ...parts,
      signer: present(signer),
      profile: "tiny",
      epochSeconds: 20,
      genesis,
      protocolFee: 200,
      drand: { publicKey: publicKeyOf(5n), genesis: genesis - 1, period: 1 },
      treasury: present(treasury).address,
    };
    return { ethers, given };
  };

  it("makes contracts that know each other, the key, the beacon and the profile", async () => {
    const { ethers, given } = await options();
    const lines: string[] = [];
    const made = await deploy({ ...given, log: (line) => lines.push(line) });
    expect(made.chainId).to.equal(31337);
    expect(lines).to.have.length(9 + librariesFor(CONTRACTS).length);
    expect(lines).to.include(`Factory is at ${made.factory}`).and.include(`Beacon_0 is at ${made.beacon}`);
    const audits = await ethers.getContractAt("Audits", made.audits);
    expect(await audits.ledger()).to.equal(made.ledger);
    expect(await audits.registry()).to.equal(made.registry);
    expect(await audits.token()).to.equal(made.token);
    expect([...(await audits.profiles(0))]).to.deep.equal([made.verifier, 2n, 2n, 2n]);
    expect(await audits.beacons(0)).to.equal(made.beacon);
    const ledger = await ethers.getContractAt("Ledger", made.ledger);
    expect(await ledger.treasury()).to.equal(given.treasury);
    expect(await ledger.unbondSeconds()).to.equal(168n * 20n);
    const lens = await ethers.getContractAt("Lens", made.lens);
    expect(await lens.audits()).to.equal(made.audits);
    expect(await ledger.challenges()).to.equal(made.challenges);
    const challenges = await ethers.getContractAt("Challenges", made.challenges);
    expect(await challenges.audits()).to.equal(made.audits);
    expect(await challenges.registry()).to.equal(made.registry);
    expect(await challenges.ledger()).to.equal(made.ledger);
    expect(await challenges.minBond()).to.equal(10n ** 15n);
    const beacon = await ethers.getContractAt("DrandBeacon", made.beacon);
    expect(await beacon.sourcePoint(3)).to.equal((await audits.epochStart(3)) + 5n);
    expect([await audits.margin(), await beacon.audits()]).to.deep.equal([5n, made.audits]);
    const factory = await ethers.getContractAt("Factory", made.factory);
    expect([await audits.factory(), await factory.audits()]).to.deep.equal([made.factory, made.audits]);
    expect(await factory.isVerifier(made.verifier)).to.equal(true);
    expect(await factory.isBeacon(made.beacon)).to.equal(true);
  });

  it("takes another margin than the shortest", async () => {
    const { ethers, given } = await options();
    const made = await deploy({ ...given, epochSeconds: 3600, margin: 900 });
    expect(made.margin).to.equal(900);
    expect(await (await ethers.getContractAt("Audits", made.audits)).margin()).to.equal(900n);
  });

  it("takes a token that is there", async () => {
    const { ethers, given } = await options();
    const token = await (await ethers.deployContract("TestToken")).getAddress();
    expect((await deploy({ ...given, token })).token).to.equal(token);
  });

  it("refuses a key made for development, and test tokens, on a chain that is not a local one", async () => {
    const { given } = await options(5);
    const insecure = await errorOf(deploy(given));
    expect(insecure).to.be.instanceOf(HoldfastError).with.property("code", "key");
    const withoutToken = await errorOf(deploy({ ...given, insecureKey: false }));
    expect(withoutToken).to.be.instanceOf(HoldfastError).with.property("code", "chain");
  });

  it("refuses epochs shorter than two minutes on a chain that is not a local one", async () => {
    const { given } = await options(5);
    const known = { ...given, insecureKey: false, token: given.treasury };
    const error = await errorOf(deploy({ ...known, epochSeconds: 119 }));
    expect(error).to.be.instanceOf(HoldfastError).with.property("code", "bad-input");
    expect(error).to.have.property("message").that.includes("at least 120");
  });

  it("refuses a drand key of another length", async () => {
    const { given } = await options();
    const drand = { ...given.drand, publicKey: given.drand.publicKey.slice(1) };
    expect(await errorOf(deploy({ ...given, drand }))).to.be.instanceOf(RangeError);
  });
});
