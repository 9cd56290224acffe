// The drand beacon: a real round of evmnet, forged and aliased signatures, times, and rounds of our own key.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import {
  publicKeyOf,
  roundEvidence,
  roundFor,
  roundTime,
  signatureRandomness,
  signRound,
  type DrandChain,
} from "../../drand/rounds.ts";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { sourcePoint } from "../../protocol/epochs.ts";
import type { DrandBeacon, HashToG1Harness } from "../../types/ethers/index.js";
import { breakableFactory, breakPrecompile, BROKEN } from "../helpers/breakable.ts";
import { concatHex, evmnet, evmnetRound, keyWords, Q, wordsOf } from "../helpers/evmnet.ts";
import { scalar } from "../helpers/trapdoor-proofs.ts";

const SOURCE = "beacons/DrandBeacon.sol";
/** Seconds of an epoch that runs from before the real round to long after any test, and of its margin. */
const AGES = 2_000_000_000;
const MARGIN = 30;

const evidence = roundEvidence(evmnetRound.round, Buffer.from(evmnetRound.signature, "hex"));
const secret = scalar("drand key");
const ownKey = publicKeyOf(secret);

describe("contracts: DrandBeacon", () => {
  let chain: TestChain;
  let beacon: DrandBeacon;
  let harness: HashToG1Harness;
  const deploy = (...args: unknown[]) => chain.ethers.deployContract("DrandBeacon", args);
  /** An account that records instead of Audits, and a stranger. */
  let audits: HardhatEthersSigner;
  let stranger: HardhatEthersSigner;
  const home = (genesis: number, epochSeconds: number, margin: number) => ({
    audits: audits.address,
    genesis,
    epochSeconds,
    margin,
  });
  const atRealRound = (shift = 0) =>
    home(roundTime(evmnetRound.round, evmnet) - MARGIN + shift, AGES, MARGIN);
  /** A beacon whose epoch 0 draws the real round. */
  const deployReal = (publicKey: Uint8Array = evmnet.publicKey, shift = 0) =>
    deploy(keyWords(publicKey), evmnet.genesis, evmnet.period, atRealRound(shift));
  before(async () => {
    chain = await testChain();
    [audits, stranger] = (await chain.ethers.getSigners()).map(present) as [
      HardhatEthersSigner,
      HardhatEthersSigner,
    ];
    beacon = await deployReal();
    harness = await chain.ethers.deployContract("HashToG1Harness");
  });

  describe("a real round of drand's evmnet", () => {
    it("is recorded once, as drand's own randomness", async () => {
      const fresh = await deployReal();
      expect(await fresh.randomness(0)).to.equal(chain.ethers.ZeroHash);
      await expect(fresh.record(0, `0x${evmnetRound.signature}`))
        .to.emit(fresh, "RandomnessRecorded")
        .withArgs(0, `0x${evmnetRound.randomness}`);
      expect(await fresh.randomness(0)).to.equal(`0x${evmnetRound.randomness}`);
    });

    it("is recorded by Audits alone, so that nobody takes the reward from who brings it", async () => {
      const fresh = await deployReal();
      const refused = () =>
        expect(fresh.connect(stranger).record(0, `0x${evmnetRound.signature}`))
          .to.be.revertedWithCustomError(fresh, "Unauthorized")
          .withArgs(stranger.address);
      await refused();
      await fresh.record(0, `0x${evmnetRound.signature}`);
      await refused();
    });

    it("stays as it is when recorded again, whatever the evidence", async () => {
      const fresh = await deployReal();
      await fresh.record(0, `0x${evmnetRound.signature}`);
      for (const evidence of ["0x", `0x${evmnetRound.signature}`, `0x${"00".repeat(64)}`]) {
        expect(await fresh.record.staticCall(0, evidence)).to.equal(`0x${evmnetRound.randomness}`);
        await expect(fresh.record(0, evidence)).not.to.emit(fresh, "RandomnessRecorded");
      }
      expect(await fresh.randomness(0)).to.equal(`0x${evmnetRound.randomness}`);
    });

    it("is refused for the round before and the round after", async () => {
      for (const shift of [-evmnet.period, 1]) {
        const other = await deployReal(evmnet.publicKey, shift);
        await expect(other.record(0, `0x${evmnetRound.signature}`))
          .to.be.revertedWithCustomError(other, "SignatureInvalid")
          .withArgs(evmnetRound.round + (shift < 0 ? -1 : 1), `0x${evmnetRound.signature}`);
      }
    });

    it("is refused under another key", async () => {
      const other = await deployReal(ownKey);
      await expect(other.record(0, `0x${evmnetRound.signature}`)).to.be.revertedWithCustomError(
        other,
        "SignatureInvalid",
      );
    });

    it("is refused with any bit flipped", async () => {
      for (let bit = 0; bit < 512; bit += 31) {
        const flipped = Buffer.from(evmnetRound.signature, "hex");
        flipped[bit >> 3] = present(flipped[bit >> 3]) ^ (1 << (bit & 7));
        await expect(beacon.record(0, flipped)).to.be.revertedWithCustomError(beacon, "SignatureInvalid");
      }
    });

    it("is refused in another encoding of the same point", async () => {
      const [x, y] = wordsOf(evmnetRound.signature) as [bigint, bigint];
      for (const alias of [
        [x + Q, y],
        [x, y + Q],
        [x + 2n * Q, y + 2n * Q],
      ]) {
        await expect(beacon.record(0, `0x${concatHex(...alias)}`))
          .to.be.revertedWithCustomError(beacon, "SignatureInvalid")
          .withArgs(evmnetRound.round, `0x${concatHex(...alias)}`);
      }
    });

    it("is refused negated, as infinity, and as another point", async () => {
      const [x, y] = wordsOf(evmnetRound.signature) as [bigint, bigint];
      for (const point of [
        [x, Q - y],
        [0n, 0n],
        [1n, 2n],
      ]) {
        await expect(beacon.record(0, `0x${concatHex(...point)}`)).to.be.revertedWithCustomError(
          beacon,
          "SignatureInvalid",
        );
      }
    });

    it("is recorded with the roots that spare their computation, as the same randomness", async () => {
      const fresh = await deployReal();
      await expect(fresh.record(0, evidence))
        .to.emit(fresh, "RandomnessRecorded")
        .withArgs(0, `0x${evmnetRound.randomness}`);
    });

    it("is refused with any root that is none", async () => {
      for (let at = 64; at < evidence.length; at += 32) {
        const broken = Uint8Array.from(evidence);
        broken[at + 31] = present(broken[at + 31]) ^ 1;
        await expect(beacon.record(0, broken)).to.be.revertedWithCustomError(
          { interface: harness.interface },
          "RootInvalid",
        );
      }
    });

    it("is refused at another length", async () => {
      for (const evidence of [
        "0x",
        `0x${evmnetRound.signature.slice(2)}`,
        `0x${evmnetRound.signature}00`,
        `0x${evmnetRound.signature.slice(64)}`,
        `0x${evmnetRound.signature}${"00".repeat(160)}`,
      ]) {
        await expect(beacon.record(0, evidence))
          .to.be.revertedWithCustomError(beacon, "EvidenceLength")
          .withArgs((evidence.length - 2) / 2);
      }
    });
  });

  it("says what it was made of", async () => {
    expect(await beacon.publicKey()).to.deep.equal(keyWords(evmnet.publicKey));
    expect(await beacon.drandGenesis()).to.equal(evmnet.genesis);
    expect(await beacon.drandPeriod()).to.equal(evmnet.period);
    const made = await Promise.all([
      beacon.audits(),
      beacon.genesis(),
      beacon.epochSeconds(),
      beacon.margin(),
    ]);
    const given = atRealRound();
    expect(made).to.deep.equal([given.audits, BigInt(given.genesis), BigInt(AGES), BigInt(MARGIN)]);
  });
  describe("the round of an epoch", () => {
    it("is the first at or after the epoch's source point", async () => {
      for (const { genesis, expected } of [
        { genesis: 1000, expected: 3 },
        { genesis: 1001, expected: 3 },
        { genesis: 1002, expected: 4 },
        { genesis: 1004, expected: 4 },
        { genesis: 1005, expected: 5 },
      ]) {
        const at = await deploy(keyWords(ownKey), 1000, 3, home(genesis, 20, 5));
        expect(await at.roundFor(0)).to.equal(expected);
      }
    });

    it("agrees with the reference up to the last epoch", async () => {
      const drand: DrandChain = { publicKey: ownKey, genesis: 1_700_000_001, period: 7 };
      const clock = { genesis: 1_700_000_100, epochSeconds: 3600, margin: 77 };
      const at = await deploy(keyWords(ownKey), drand.genesis, drand.period, home(1_700_000_100, 3600, 77));
      for (const epoch of [0, 1, 2, 3, 1000, 2 ** 32 - 1]) {
        expect(await at.sourcePoint(epoch)).to.equal(sourcePoint(epoch, clock));
        expect(await at.roundFor(epoch)).to.equal(roundFor(epoch, clock, drand));
      }
    });

    it("comes no earlier than the margin after the start, when what is asked about is fixed (finding 5)", async () => {
      const drand: DrandChain = { publicKey: ownKey, genesis: 1_000, period: 3 };
      for (let genesis = 2_000; genesis < 2_006; genesis++) {
        const at = await deploy(keyWords(ownKey), drand.genesis, drand.period, home(genesis, 200, 30));
        for (const epoch of [0, 1, 2, 100]) {
          const round = Number(await at.roundFor(epoch));
          const start = genesis + 200 * epoch;
          expect(roundTime(round, drand)).to.be.within(start + 30, start + 30 + drand.period - 1);
        }
      }
    });
  });

  describe("time", () => {
    const [SECONDS, LATE] = [20, 5];
    let genesis: number;
    let own: DrandBeacon;
    let drand: DrandChain;
    const signatureFor = (epoch: number): Uint8Array =>
      signRound(secret, roundFor(epoch, { genesis, epochSeconds: SECONDS, margin: LATE }, drand));
    const recordAt = async (seconds: number, epoch: number) => {
      await chain.networkHelpers.time.setNextBlockTimestamp(seconds);
      return own.record(epoch, signatureFor(epoch));
    };
    beforeEach(async () => {
      await chain.networkHelpers.mine(); // uses up a timestamp that was set for a refused transaction
      genesis = (await chain.networkHelpers.time.latest()) + 1000;
      drand = { publicKey: ownKey, genesis: genesis - 500, period: 3 };
      own = await deploy(keyWords(ownKey), drand.genesis, drand.period, home(genesis, SECONDS, LATE));
    });

    it("lets an epoch be recorded in the second of its source point and in its last", async () => {
      await recordAt(genesis + SECONDS + LATE, 1);
      await recordAt(genesis + 3 * SECONDS - 1, 2);
      for (const epoch of [1, 2]) {
        expect(await own.randomness(epoch)).to.equal(
          chain.ethers.hexlify(signatureRandomness(signatureFor(epoch))),
        );
      }
    });

    it("refuses an epoch a second too early and a second too late", async () => {
      const [source, end] = [genesis + SECONDS + LATE, genesis + 2 * SECONDS];
      for (const now of [source - 1, end]) {
        await expect(recordAt(now, 1))
          .to.be.revertedWithCustomError(own, "NotDuringEpoch")
          .withArgs(1, source, end, now);
      }
      expect(await own.randomness(1)).to.equal(chain.ethers.ZeroHash);
    });

    it("notes how long after its source point an epoch was recorded, unless that was within an eighth", async () => {
      const eighth = Math.floor(SECONDS / 8);
      await recordAt(genesis + LATE + eighth, 0);
      await recordAt(genesis + SECONDS + LATE + eighth + 1, 1);
      await recordAt(genesis + 3 * SECONDS - 1, 2);
      await own.record(2, signatureFor(2));
      const delays = await Promise.all([0, 1, 2, 3].map((epoch) => own.recordedAfter(epoch)));
      expect(delays).to.deep.equal([0n, BigInt(eighth + 1), BigInt(SECONDS - LATE - 1), 0n]);
    });

    it("still answers with an epoch's value after the epoch", async () => {
      await recordAt(genesis + LATE, 0);
      await chain.networkHelpers.time.increaseTo(genesis + 10 * SECONDS);
      expect(await own.record.staticCall(0, "0x")).to.equal(await own.randomness(0));
    });

    it("refuses the signature of another epoch", async () => {
      await chain.networkHelpers.time.increaseTo(genesis + SECONDS + LATE);
      await expect(own.record(1, signatureFor(0))).to.be.revertedWithCustomError(own, "SignatureInvalid");
      await expect(own.record(1, signatureFor(2))).to.be.revertedWithCustomError(own, "SignatureInvalid");
    });
  });

  describe("trouble", () => {
    for (const [state, code] of Object.entries(BROKEN)) {
      for (const { precompile, name } of [
        { precompile: 5, name: "powers" },
        { precompile: 6, name: "addition" },
        { precompile: 8, name: "pairing" },
      ] as const) {
        it(`records nothing when the precompile of ${name} is ${state}`, async () => {
          const factory = await breakableFactory(
            chain,
            SOURCE,
            present((await chain.ethers.getSigners())[0]),
          );
          const breakable = (await factory.deploy(
            keyWords(evmnet.publicKey),
            evmnet.genesis,
            evmnet.period,
            atRealRound(),
          )) as unknown as DrandBeacon;
          expect(await breakable.record.staticCall(0, `0x${evmnetRound.signature}`)).to.equal(
            `0x${evmnetRound.randomness}`,
          );

          await breakPrecompile(chain, precompile, code);
          await expect(breakable.record(0, `0x${evmnetRound.signature}`))
            .to.be.revertedWithCustomError(beacon, "PrecompileFailed")
            .withArgs(precompile);
        });
      }
    }

    it("records the real round for at most 175,000 gas, transaction and all, and 190,000 without roots", async () => {
      for (const { given, gas } of [
        { given: evidence, gas: 175_000n },
        { given: evidence.subarray(0, 64), gas: 190_000n },
      ]) {
        const fresh = await deployReal();
        const receipt = await (await fresh.record(0, given)).wait();
        expect(present(receipt ?? undefined).gasUsed).to.be.at.most(gas);
      }
    });
  });
});
