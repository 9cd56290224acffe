// The factory of a deployment: which contracts it makes, at which addresses, and that a deployment accepts no others.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { concat, getCreate2Address, keccak256, ZeroHash } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { deploy, type Deployment } from "../../client/deployment/deploy.ts";
import { groupKeyWords } from "../../client/deployment/plan.ts";
import { publicKeyOf, roundFor, signRound } from "../../drand/rounds.ts";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { sourcePoint } from "../../protocol/epochs.ts";
import type { Audits, Factory } from "../../types/ethers/index.js";
import { PAIRING } from "../helpers/breakable.ts";
import { TRIAL } from "../helpers/known-key.ts";
import { named } from "../helpers/named.ts";
import {
  drawSecrets,
  encodeProof,
  outsideG2,
  proveWithTrapdoor,
  scalar,
  verifyingKey,
  type Inputs,
  type Words4,
} from "../helpers/trapdoor-proofs.ts";

const secret = scalar("drand key");
const ownKey = groupKeyWords(publicKeyOf(secret)) as unknown as Words4;
const [EPOCH, MARGIN] = [200, 50];
const secrets = drawSecrets("factory");
const key = verifyingKey(secrets);
const known = answer([1n, 2n, 3n, 4n]);

describe("contracts: Factory", () => {
  let chain: TestChain;
  let factory: Factory;
  let audits: HardhatEthersSigner;
  let stranger: HardhatEthersSigner;
  let home: { audits: string; genesis: number; epochSeconds: number; margin: number };
  let code: Readonly<Record<"verifier" | "drand", string>>;
  beforeEach(async () => {
    chain = await testChain();
    const { ethers } = chain;
    [, audits, stranger] = (await ethers.getSigners()).map(present) as [
      ...[HardhatEthersSigner, HardhatEthersSigner, HardhatEthersSigner],
    ];
    home = { audits: audits.address, genesis: 5000, epochSeconds: EPOCH, margin: MARGIN };
    factory = await ethers.deployContract("Factory", [home]);
    code = {
      verifier: (await ethers.getContractFactory("Groth16Verifier")).bytecode,
      drand: (await ethers.getContractFactory("DrandBeacon")).bytecode,
    };
  });

  const codeAt = (address: string): Promise<string> => chain.ethers.provider.getCode(address);
  const placeOf = async (initCode: string): Promise<string> =>
    getCreate2Address(await factory.getAddress(), ZeroHash, keccak256(initCode));
  /** The addresses that verifier and beacon will have. */
  const places = async (): Promise<{ verifier: string; drand: string }> => {
    const { ethers } = chain;
    const verifier = await ethers.getContractFactory("Groth16Verifier");
    const drand = await ethers.getContractFactory("DrandBeacon");
    return {
      verifier: await placeOf((await verifier.getDeployTransaction(key, known)).data),
      drand: await placeOf((await drand.getDeployTransaction(ownKey, 1000, 3, home)).data),
    };
  };

  it("makes a verifier of any key, where it was foretold", async () => {
    const { verifier: place } = await places();
    const direct = await chain.ethers.deployContract("Groth16Verifier", [key, known]);
    await expect(factory.connect(stranger).makeVerifier(code.verifier, key, known))
      .to.emit(factory, "VerifierMade")
      .withArgs(place, await direct.keyHash());
    expect(await codeAt(place)).to.equal(await codeAt(await direct.getAddress()));
    expect([await factory.isVerifier(place), await factory.isBeacon(place)]).to.deep.equal([true, false]);
  });

  it("makes a beacon of any drand network, where it was foretold, with the deployment's Audits and times", async () => {
    const { drand: place } = await places();
    await expect(factory.connect(stranger).makeDrandBeacon(code.drand, ownKey, 1000, 3))
      .to.emit(factory, "DrandBeaconMade")
      .withArgs(
        ...named(factory, "DrandBeaconMade", {
          beacon: place,
          publicKey: ownKey.map(BigInt),
          drandGenesis: 1000,
          drandPeriod: 3,
        }),
      );
    const made = await chain.ethers.getContractAt("DrandBeacon", place);
    const kept = [await made.audits(), await made.genesis(), await made.epochSeconds(), await made.margin()];
    expect(kept).to.deep.equal([audits.address, 5000n, BigInt(EPOCH), BigInt(MARGIN)]);
    expect([await factory.isVerifier(place), await factory.isBeacon(place)]).to.deep.equal([false, true]);
  });

  it("changes nothing when asked for the same again, by anybody", async () => {
    const { verifier, drand } = await places();
    await factory.makeVerifier(code.verifier, key, known);
    await factory.makeDrandBeacon(code.drand, ownKey, 1000, 3);
    const again = factory.connect(stranger);
    expect(await again.makeVerifier.staticCall(code.verifier, key, known)).to.equal(verifier);
    expect(await again.makeDrandBeacon.staticCall(code.drand, ownKey, 1000, 3)).to.equal(drand);
    await expect(again.makeVerifier(code.verifier, key, known)).not.to.emit(factory, "VerifierMade");
    await expect(again.makeDrandBeacon(code.drand, ownKey, 1000, 3)).not.to.emit(factory, "DrandBeaconMade");
  });

  it("makes nothing of other code: edited, another contract's, or none", async () => {
    const edited = `${code.verifier.slice(0, -2)}${code.verifier.endsWith("00") ? "01" : "00"}`;
    for (const other of [edited, `${code.verifier}00`, code.drand, "0x"]) {
      await expect(factory.makeVerifier(other, key, known))
        .to.be.revertedWithCustomError(factory, "WrongCode")
        .withArgs(keccak256(other), await factory.verifierCode());
    }
    await expect(factory.makeDrandBeacon(code.verifier, ownKey, 1000, 3))
      .to.be.revertedWithCustomError(factory, "WrongCode")
      .withArgs(keccak256(code.verifier), await factory.drandCode());
    await expect(factory.makePrevrandaoBeacon(code.drand, factory, []))
      .to.be.revertedWithCustomError(factory, "WrongCode")
      .withArgs(keccak256(code.drand), await factory.prevrandaoCode());
  });

  it("makes nothing that its own constructor refuses, and says why as that does", async () => {
    const { ethers } = chain;
    const wrong = { ...known, inputs: [1n, 2n, 3n, 5n] as Inputs };
    const verifier = await ethers.getContractFactory("Groth16Verifier");
    await expect(factory.makeVerifier(code.verifier, key, wrong))
      .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
      .withArgs(TRIAL.good);
    const place = await placeOf((await verifier.getDeployTransaction(key, wrong)).data);
    expect([await factory.isVerifier(place), await codeAt(place)]).to.deep.equal([false, "0x"]);

    const drand = await ethers.getContractFactory("DrandBeacon");
    await expect(factory.makeDrandBeacon(code.drand, outsideG2(), 1000, 3))
      .to.be.revertedWithCustomError(drand, "PrecompileFailed")
      .withArgs(PAIRING);
    await expect(factory.makeDrandBeacon(code.drand, ownKey, 5001, 3))
      .to.be.revertedWithCustomError(drand, "RoundsNotDistinct")
      .withArgs(
        ...named(drand, "RoundsNotDistinct", {
          drandGenesis: 5001,
          drandPeriod: 3,
          home: Object.values(home),
        }),
      );
  });

  it("knows nothing that others made, not even of the same code: by hand, by another factory, behind a proxy", async () => {
    const { ethers } = chain;
    const { verifier } = await places();
    await factory.makeVerifier(code.verifier, key, known);
    const other = await ethers.deployContract("Factory", [{ ...home, genesis: 4999 }]);
    const foreign = await other.makeDrandBeacon.staticCall(code.drand, ownKey, 1000, 3);
    await other.makeDrandBeacon(code.drand, ownKey, 1000, 3);
    expect(await other.isBeacon(foreign)).to.equal(true);
    for (const address of [
      await (await ethers.deployContract("Groth16Verifier", [key, known])).getAddress(),
      await (await ethers.deployContract("DrandBeacon", [ownKey, 1000, 3, home])).getAddress(),
      foreign,
      await deployProxy(chain, verifier),
      stranger.address,
    ]) {
      expect([await factory.isVerifier(address), await factory.isBeacon(address)]).to.deep.equal([
        false,
        false,
      ]);
    }
  });

  it("says for whom and of what it makes, for anybody to compare", async () => {
    const { ethers } = chain;
    const said = [await factory.audits(), await factory.genesis(), await factory.epochSeconds()];
    expect(said).to.deep.equal([audits.address, 5000n, BigInt(EPOCH)]);
    expect(await factory.margin()).to.equal(MARGIN);
    const prevrandao = (await ethers.getContractFactory("PrevrandaoBeacon")).bytecode;
    const codes = [await factory.verifierCode(), await factory.drandCode(), await factory.prevrandaoCode()];
    expect(codes).to.deep.equal([code.verifier, code.drand, prevrandao].map((bytes) => keccak256(bytes)));
  });
});

describe("contracts: what a deployment takes of its factory", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let made: Deployment;
  let ours: Audits;
  let stranger: HardhatEthersSigner;
  let signatureFor: (epoch: number) => Uint8Array;
  before(async () => {
    await ensureProfile("tiny");
    chain = await testChain();
    const { ethers, networkHelpers } = chain;
    const [signer, treasury, other] = (await ethers.getSigners()).map(present);
    stranger = present(other);
    const genesis = await networkHelpers.time.latest();
    const drand = { publicKey: publicKeyOf(secret), genesis: genesis - 9, period: 3 };
    made = await deploy({
      signer: present(signer),
      profile: "tiny",
      genesis,
      protocolFee: 200,
      drand,
      treasury: present(treasury).address,
      epochSeconds: EPOCH,
      margin: MARGIN,
      verificationKey: await loadVerificationKey("tiny"),
      knownAnswer: await makeKnownAnswer("tiny"),
    });
    ours = (await ethers.getContractAt("Audits", made.audits)).connect(treasury);
    signatureFor = (epoch) => signRound(secret, roundFor(epoch, made, drand));
  });

  const shape = { samples: 2, dataDepth: 2, directoryDepth: 2 };
  const refuses = (sent: Promise<unknown>, address: string) =>
    expect(sent).to.be.revertedWithCustomError(ours, "NotOurs").withArgs(address);

  it("is no verifier that can be switched, or is of other code (finding 8)", async () => {
    const flag = await chain.ethers.deployContract("FlagVerifier");
    for (const verifier of [await deployProxy(chain, made.verifier), await flag.getAddress(), made.beacon])
      await refuses(ours.addProfile({ verifier, ...shape }), verifier);
    await ours.addProfile({ verifier: made.verifier, ...shape });
  });

  it("is no beacon of other times or of other code (finding 8)", async () => {
    const { ethers } = chain;
    const { audits, genesis, epochSeconds, margin } = made;
    const words = groupKeyWords(publicKeyOf(secret)) as unknown as Words4;
    const { bytecode } = await ethers.getContractFactory("DrandBeacon");
    for (const times of [
      { genesis: genesis - 1, epochSeconds, margin },
      { genesis, epochSeconds: epochSeconds + 1, margin },
      { genesis, epochSeconds, margin: margin - 1 },
    ]) {
      const other = await ethers.deployContract("Factory", [{ audits, ...times }]);
      const beacon = await other.makeDrandBeacon.staticCall(bytecode, words, genesis - 9, 3);
      await other.makeDrandBeacon(bytecode, words, genesis - 9, 3);
      await refuses(ours.addBeacon(beacon), beacon);
    }
    const settable = await ethers.deployContract("SettableBeacon", [audits, genesis, epochSeconds, margin]);
    await refuses(ours.addBeacon(settable), await settable.getAddress());
  });

  it("is a beacon that Audits records, and nobody else (finding 7)", async () => {
    const { ethers, networkHelpers } = chain;
    const beacon = await ethers.getContractAt("DrandBeacon", made.beacon);
    await networkHelpers.time.increaseTo(sourcePoint(3, made));
    await expect(beacon.connect(stranger).record(3, signatureFor(3)))
      .to.be.revertedWithCustomError(beacon, "Unauthorized")
      .withArgs(stranger.address);
    await expect(ours.connect(stranger).recordBeacon(0, 3, signatureFor(3))).to.emit(
      beacon,
      "RandomnessRecorded",
    );
  });

  it("draws no randomness before the margin is over, however late a block is (finding 5)", async () => {
    const { ethers, networkHelpers } = chain;
    const beacon = await ethers.getContractAt("DrandBeacon", made.beacon);
    const source = sourcePoint(5, made);
    await networkHelpers.time.setNextBlockTimestamp(source - 1);
    await expect(ours.recordBeacon(0, 5, signatureFor(5)))
      .to.be.revertedWithCustomError(beacon, "NotDuringEpoch")
      .withArgs(5, source, source - MARGIN + EPOCH, source - 1);
  });
});

function answer(inputs: Inputs) {
  return { proof: encodeProof(proveWithTrapdoor(secrets, inputs)), inputs };
}

/** ERC-1167: passes every call on to the code of another contract. */
async function deployProxy({ ethers }: TestChain, target: string): Promise<string> {
  const [signer] = await ethers.getSigners();
  const data = concat([
    "0x3d602d80600a3d3981f3363d3d373d3d3d363d73",
    target,
    "0x5af43d82803e903d91602b57fd5bf3",
  ]);
  const receipt = await (await present(signer).sendTransaction({ data })).wait();
  return present(receipt?.contractAddress ?? undefined);
}
