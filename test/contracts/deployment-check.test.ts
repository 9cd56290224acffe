// Checking a deployment: a right one passes, and every wrong contract is found.
import { expect } from "chai";
import { ContractFactory, ZeroAddress } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { checkDeployment, wrongIn, type Finding } from "../../client/deployment/check.ts";
import { deploy, type Deployment, type DeployOptions } from "../../client/deployment/deploy.ts";
import type { Expectations } from "../../client/deployment/expectations.ts";
import { codeHash } from "../../client/deployment/made.ts";
import { groupKeyWords, verifierArgs } from "../../client/deployment/plan.ts";
import type { Argument } from "../../client/deployment/step.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { publicKeyOf } from "../../drand/rounds.ts";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { errorOf } from "../helpers/errors.ts";
import { evmnet } from "../helpers/evmnet.ts";
import {
  drawSecrets,
  encodeProof,
  proveWithTrapdoor,
  verifyingKey,
  type Inputs,
} from "../helpers/trapdoor-proofs.ts";

describe("contracts: reading a deployment back", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let made: Deployment;
  /** Another deployment with the same code. */
  let other: Deployment;
  let args: readonly Argument[];
  let treasury: string;
  let restore: () => Promise<void>;
  before(async () => {
    await ensureProfile("tiny");
    chain = await testChain();
    const [signer, second] = (await chain.ethers.getSigners()).map(present);
    treasury = present(second).address;
    const genesis = await chain.networkHelpers.time.latest();
    const options: DeployOptions = {
      signer: present(signer),
      profile: "tiny",
      epochSeconds: 20,
      genesis,
      protocolFee: 200,
      verificationKey: await loadVerificationKey("tiny"),
      knownAnswer: await makeKnownAnswer("tiny"),
      drand: { publicKey: publicKeyOf(5n), genesis: genesis - 9, period: 1 },
      treasury,
    };
    args = verifierArgs(options);
    made = await deploy(options);
    other = await deploy({ ...options, epochSeconds: 40, genesis: genesis - 7 });
    const snapshot = await chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());

  const check = (): Promise<Finding[]> =>
    checkDeployment(chain.ethers.provider, made.audits, {
      lens: made.lens,
      expected: { profiles: [{ verifierArgs: args }] },
    });
  const wrong = async (): Promise<string[]> => wrongIn(await check());
  const replace = async (address: string, code: string): Promise<void> =>
    chain.networkHelpers.setCode(address, code);
  const codeOf = (address: string): Promise<string> => chain.ethers.provider.getCode(address);
  /** Code of the build. Under `npm run coverage` the tests' own contracts have different code. */
  const builtCode = async (name: string, ...values: unknown[]): Promise<string> => {
    const { abi, bytecode } = contractArtifact(name);
    const [signer] = await chain.ethers.getSigners();
    const built = await new ContractFactory(abi, bytecode, present(signer)).deploy(...values);
    return codeOf(await built.getAddress());
  };

  it("finds nothing wrong with one that is right", async () => {
    const findings = await check();
    expect(findings.filter(({ ok }) => ok === false)).to.deep.equal([]);
    const names = findings.map(({ what }) => what);
    for (const name of ["Audits", "Ledger", "Registry", "Challenges", "Factory", "Settlement", "Segments"]) {
      expect(names).to.include(`code of ${name}`);
    }
    expect(names).to.include.members(["code of Groth16Verifier", "code of DrandBeacon", "code of Lens"]);
  });

  const parts = [
    ...(["audits", "ledger", "registry", "challenges", "factory"] as const),
    ...(["verifier", "beacon", "lens"] as const),
  ];
  for (const part of parts) {
    it(`finds a byte of the ${part} that was changed`, async () => {
      const code = await codeOf(made[part]);
      // The last byte of the code is a jump or a stop, never a value that a constructor fills in.
      const last = code.slice(-2) === "00" ? "01" : "00";
      await replace(made[part], code.slice(0, -2) + last);
      const found = await wrong();
      expect(found.some((what) => what.startsWith("code of"))).to.equal(true);
    });
  }

  const wires = {
    ledger: ["Ledger.registry", "Ledger.audits", "Ledger.challenges", "Ledger.token"],
    registry: ["Registry.ledger", "Registry.audits"],
    challenges: ["Challenges.ledger", "Challenges.registry", "Challenges.audits"],
    factory: ["Factory.audits", "factory: genesis", "factory: epochSeconds", "factory: margin"],
    beacon: ["audits", "genesis", "epochSeconds", "margin"].map((name) => `beacon 0: ${name}`),
    lens: ["Lens.audits"],
  };
  for (const [part, expected] of Object.entries(wires)) {
    it(`finds a ${part} of another deployment, although its code is right`, async () => {
      const key = part as keyof typeof wires;
      await replace(made[key], await codeOf(other[key]));
      expect(await wrong()).to.deep.equal(expected);
    });
  }

  it("finds nothing wrong, and nothing right, where the chain does not answer", async () => {
    const { provider } = chain.ethers;
    const silent = new HoldfastError("unreachable", "nobody answers");
    for (const method of ["call", "getCode"]) {
      const failing = new Proxy(provider, {
        get(target, name): unknown {
          if (name === method) return () => Promise.reject(silent);
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      expect(await errorOf(checkDeployment(failing, made.audits))).to.equal(silent);
    }
  });

  it("reads everything at the block that it is given", async () => {
    const block = await chain.ethers.provider.getBlockNumber();
    await chain.networkHelpers.mine(1);
    await replace(made.lens, "0x00");
    const { lens } = made;
    expect(wrongIn(await checkDeployment(chain.ethers.provider, made.audits, { lens, block }))).to.deep.equal(
      [],
    );
    expect(await wrong()).to.include("code of Lens");
  });

  it("finds a verifier and a beacon that the factory did not make", async () => {
    const { ethers, networkHelpers } = chain;
    const coder = ethers.AbiCoder.defaultAbiCoder();
    // Slots of the factory's mappings.
    for (const [slot, place] of [made.verifier, made.beacon].entries()) {
      const key = ethers.keccak256(coder.encode(["address", "uint256"], [place, slot]));
      await networkHelpers.setStorageAt(made.factory, key, 0n);
    }
    expect(await wrong()).to.deep.equal(["profile 0: made by the factory", "beacon 0: made by the factory"]);
  });

  it("finds a factory that makes verifiers of other code, although its own is right", async () => {
    const code = await codeOf(made.factory);
    await replace(made.factory, code.replaceAll(codeHash("makeVerifier").slice(2), "11".repeat(32)));
    expect(await wrong()).to.deep.equal(["factory: verifierCode"]);
  });

  it("finds a verifier with another key, although its code is right", async () => {
    const secrets = drawSecrets("another");
    const inputs: Inputs = [1n, 2n, 3n, 4n];
    const answer = { proof: encodeProof(proveWithTrapdoor(secrets, inputs)), inputs };
    await replace(made.verifier, await builtCode("Groth16Verifier", verifyingKey(secrets), answer));
    expect(await wrong()).to.deep.equal(["profile 0: the key"]);
  });

  describe("against what is expected", () => {
    const drand = { publicKey: publicKeyOf(5n), genesis: 0, period: 1 };
    const expectations = (): Expectations => ({
      chainId: 31337,
      token: made.token,
      treasury,
      protocolFee: 200,
      epochSeconds: 20,
      margin: 5,
      genesis: made.genesis,
      unbondSeconds: 3360,
      minChallengeBond: "1000000000000000",
      profiles: [{ shape: PROFILES.tiny, verifierArgs: args }],
      beacons: [{ kind: "drand", chain: { ...drand, genesis: made.genesis - 9 } }],
    });
    const wrongWith = async (changes: Expectations): Promise<string[]> => {
      const expected = { ...expectations(), ...changes };
      return wrongIn(await checkDeployment(chain.ethers.provider, made.audits, { expected }));
    };

    it("finds nothing wrong with one that is as expected", async () => {
      const expected = expectations();
      const findings = await checkDeployment(chain.ethers.provider, made.audits, { expected });
      expect(wrongIn(findings)).to.deep.equal([]);
      const open = findings.filter(({ ok }) => ok === undefined).map(({ what }) => what);
      expect(open).to.deep.equal(["profile 0: hash of the key"]);
    });

    const others: [keyof Expectations, Expectations, string][] = [
      ["chainId", { chainId: 1 }, "chain"],
      ["token", { token: ZeroAddress }, "token"],
      ["treasury", { treasury: ZeroAddress }, "treasury"],
      ["protocolFee", { protocolFee: 201 }, "protocol fee in basis points"],
      ["epochSeconds", { epochSeconds: 21 }, "seconds of an epoch"],
      ["margin", { margin: 4 }, "seconds of the margin"],
      ["genesis", { genesis: 1 }, "start of epoch 0"],
      ["unbondSeconds", { unbondSeconds: 3361 }, "seconds until a bond is released"],
      ["minChallengeBond", { minChallengeBond: "1" }, "least bond of a challenge"],
    ];
    for (const [name, changes, what] of others) {
      it(`finds another ${name}`, async () => {
        expect(await wrongWith(changes)).to.deep.equal([what]);
      });
    }

    it("finds the shape of another profile", async () => {
      const profiles = [{ shape: PROFILES.demo }];
      expect(await wrongWith({ profiles })).to.deep.equal([
        "profile 0: samples, depth of data, depth of the directory",
      ]);
    });

    it("finds another key, other times and another kind of a beacon", async () => {
      const beacon = (changes: object): Expectations => ({
        beacons: [{ kind: "drand", chain: { ...drand, genesis: made.genesis - 9, ...changes } }],
      });
      expect(await wrongWith(beacon({ publicKey: publicKeyOf(6n) }))).to.deep.equal(["beacon 0: group key"]);
      expect(await wrongWith(beacon({ genesis: 1 }))).to.deep.equal(["beacon 0: drandGenesis"]);
      expect(await wrongWith(beacon({ period: 2 }))).to.deep.equal(["beacon 0: drandPeriod"]);
      expect(await wrongWith({ beacons: [{ kind: "prevrandao" }] })).to.deep.equal(["beacon 0: kind"]);
    });

    it("finds a profile and a beacon that are missing", async () => {
      const { profiles, beacons } = expectations();
      const twice = <T>(list: readonly T[] | undefined): T[] => [...(list ?? []), ...(list ?? [])];
      expect(await wrongWith({ profiles: twice(profiles), beacons: twice(beacons) })).to.deep.equal([
        "number of profiles",
        "number of beacons",
      ]);
    });

    it("compares a profile that was added later with nothing", async () => {
      const audits = (await chain.ethers.getContractAt("Audits", made.audits)).connect(
        await chain.ethers.getSigner(treasury),
      );
      await audits.addProfile({ verifier: made.verifier, samples: 4, dataDepth: 4, directoryDepth: 4 });
      expect(await wrongWith({})).to.deep.equal([]);
    });
  });

  it("says whether a group key is drand's, when nothing else is expected", async () => {
    const names = async (): Promise<[string, boolean | undefined][]> =>
      (await check()).filter(({ what }) => what.includes("group key")).map(({ what, ok }) => [what, ok]);
    expect(await names()).to.deep.equal([["beacon 0: group key, which is not drand's evmnet's", undefined]]);
    const words = groupKeyWords(evmnet.publicKey);
    const home = { audits: made.audits, genesis: made.genesis, epochSeconds: 20, margin: 5 };
    await replace(made.beacon, await builtCode("DrandBeacon", words, evmnet.genesis, evmnet.period, home));
    expect(await names()).to.deep.equal([["beacon 0: group key of drand's evmnet", true]]);
    expect(await wrong()).to.deep.equal([]);
  });

  it("finds a library that is not there", async () => {
    const { ethers } = chain;
    const code = await codeOf(made.audits);
    const { deployedLinkReferences } = contractArtifact("Audits");
    const [gap] = Object.values(deployedLinkReferences).flatMap((file) => Object.values(file).flat());
    const at = 2 + 2 * present(gap).start;
    await replace(ethers.getAddress(`0x${code.slice(at, at + 40)}`), "0x");
    expect(await wrong())
      .to.have.length(1)
      .and.to.have.property("0")
      .match(/^code of /);
  });

  it("refuses an address without an Audits contract", async () => {
    const error = await errorOf(checkDeployment(chain.ethers.provider, made.token));
    expect(error).to.be.instanceOf(HoldfastError).with.property("code", "chain");
  });
});
