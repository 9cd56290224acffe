// The beacon of block headers: the right block for an epoch, other blocks, forged headers, and the chains on which the factory
// refuses to make it.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { AbiCoder, hexlify, keccak256, toBeHex, type AddressLike, type BytesLike } from "ethers";
import { headerOf, headerRlp, headersFrom, type Header } from "../../contracts/headers.ts";
import { ON_ANVIL, testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import type { Factory, PrevrandaoBeacon } from "../../types/ethers/index.js";

const EPOCH = 1000;
const MARGIN = 100;
/** Blocks that the self-test looks at. */
const TEST_BLOCKS = 8;
/** EIP-2935: where the hashes of 8,191 blocks are, and the code that answers. */
const HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935";
const HISTORY_CODE =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
const HISTORY_BLOCKS = 8191;
/** Place of the number among a header's fields. */
const NUMBER = 8;

/** anvil lets nobody say what a block's randomness is. */
const onHardhat = ON_ANVIL ? it.skip : it;

describe("contracts: PrevrandaoBeacon", () => {
  let chain: TestChain;
  let genesis: number;
  let beacon: PrevrandaoBeacon;
  let factory: Factory;
  /** An account that records instead of Audits, and a stranger. */
  let audits: HardhatEthersSigner;
  let stranger: HardhatEthersSigner;
  beforeEach(async () => {
    chain = await testChain();
    const { ethers, networkHelpers } = chain;
    [audits, stranger] = (await ethers.getSigners()).map(present) as [
      HardhatEthersSigner,
      HardhatEthersSigner,
    ];
    genesis = (await networkHelpers.time.latest()) + 500;
    const home = { audits: audits.address, genesis, epochSeconds: EPOCH, margin: MARGIN };
    factory = await ethers.deployContract("Factory", [home]);
    beacon = await ethers.deployContract("PrevrandaoBeacon", [home]);
  });

  /** Deploys the probe, with the randomness that its block is to have, and the blocks that the test is to see after it. */
  async function prepare(values: readonly bigint[] = []) {
    const { ethers, networkHelpers } = chain;
    const given = async (i: number): Promise<void> => {
      const value = values[i];
      if (value !== undefined) await networkHelpers.setPrevRandao(value);
    };
    await given(0);
    // Estimates can be too low: anvil's are made with a randomness of zero, which costs nothing to keep.
    const probe = await ethers.deployContract("PrevrandaoProbe", { gasLimit: 200_000 });
    for (let i = 1; i < TEST_BLOCKS; i++) {
      await given(i);
      await networkHelpers.mine();
    }
    const first = Number(await probe.blockNumber());
    return { probe, first, headers: await headersFrom(ethers.provider, first, TEST_BLOCKS) };
  }

  const encode = (headers: readonly BytesLike[]): string =>
    AbiCoder.defaultAbiCoder().encode(["bytes[]"], [headers]);
  /** The factory's errors are the beacon's, and one more. */
  const refuses = (sent: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(sent)
      .to.be.revertedWithCustomError(
        error === "NotFirstBlock" || error === "NotDuringEpoch" ? beacon : factory,
        error,
      )
      .withArgs(...args);
  const mineAt = async (seconds: number): Promise<number> => {
    await chain.networkHelpers.time.setNextBlockTimestamp(seconds);
    await chain.networkHelpers.mine();
    return chain.ethers.provider.getBlockNumber();
  };
  const sourceOf = (epoch: number): number => genesis + epoch * EPOCH + MARGIN;
  /** Mines around the epoch's source point, the last block before it a second early, and returns the first block's number. */
  async function enter(epoch: number, after = 0): Promise<number> {
    await mineAt(sourceOf(epoch) - 1);
    const first = await mineAt(sourceOf(epoch) + after);
    await chain.networkHelpers.mine(3);
    return first;
  }
  const evidenceFor = async (first: number): Promise<string> =>
    encode(await headersFrom(chain.ethers.provider, first - 1, 2));
  const prevrandaoOf = async (block: number): Promise<string> =>
    (await headerOf(chain.ethers.provider, block)).mixHash;

  describe("an epoch", () => {
    for (const { after, name } of [
      { after: 0, name: "at it" },
      { after: 40, name: "40 seconds late" },
    ]) {
      it(`has the randomness of the first block from its source point on, when that is ${name}`, async () => {
        const first = await enter(2, after);
        const value = await prevrandaoOf(first);
        await expect(beacon.record(2, await evidenceFor(first)))
          .to.emit(beacon, "RandomnessRecorded")
          .withArgs(2, value);
        expect(await beacon.randomness(2)).to.equal(value);
      });
    }

    it("is recorded by Audits alone", async () => {
      const evidence = await evidenceFor(await enter(1));
      const refused = () =>
        expect(beacon.connect(stranger).record(1, evidence))
          .to.be.revertedWithCustomError(beacon, "Unauthorized")
          .withArgs(stranger.address);
      await refused();
      await beacon.record(1, evidence);
      await refused();
    });

    it("is recorded once: later evidence is not looked at", async () => {
      const first = await enter(1);
      await beacon.record(1, await evidenceFor(first));
      const value = await prevrandaoOf(first);
      for (const evidence of ["0x", await evidenceFor(first + 1)]) {
        expect(await beacon.record.staticCall(1, evidence)).to.equal(value);
        await expect(beacon.record(1, evidence)).not.to.emit(beacon, "RandomnessRecorded");
      }
    });

    it("cannot have any other block's", async () => {
      const first = await enter(1);
      const time = async (block: number) => Number((await headerOf(chain.ethers.provider, block)).timestamp);
      for (const other of [first - 1, first + 1, first + 2]) {
        await refuses(
          beacon.record(1, await evidenceFor(other)),
          "NotFirstBlock",
          await time(other - 1),
          await time(other),
          sourceOf(1),
        );
      }
    });

    it("cannot have another epoch's", async () => {
      const first = await enter(1);
      const evidence = await evidenceFor(first);
      await enter(2);
      await refuses(beacon.record(2, evidence), "NotFirstBlock", sourceOf(1) - 1, sourceOf(1), sourceOf(2));
    });

    it("is recorded from its source point until it ends, neither before nor after", async () => {
      const first = await enter(1);
      const evidence = await evidenceFor(first);
      const { time } = chain.networkHelpers;
      const end = genesis + 2 * EPOCH;
      await time.setNextBlockTimestamp(end);
      await refuses(beacon.record(1, evidence), "NotDuringEpoch", 1, sourceOf(1), end, end);
      const early = sourceOf(2) - 1;
      await time.setNextBlockTimestamp(early);
      await refuses(beacon.record(2, evidence), "NotDuringEpoch", 2, sourceOf(2), end + EPOCH, early);
      expect(await beacon.randomness(1)).to.equal(chain.ethers.ZeroHash);
    });

    it("is recorded in its last second", async () => {
      const evidence = await evidenceFor(await enter(1));
      await chain.networkHelpers.time.setNextBlockTimestamp(genesis + 2 * EPOCH - 1);
      await expect(beacon.record(1, evidence)).to.emit(beacon, "RandomnessRecorded");
    });

    it("cannot be recorded in the very block that its randomness is of", async () => {
      const before = await mineAt(sourceOf(1) - 1);
      const [header] = await headersFrom(chain.ethers.provider, before, 1);
      const next: Header = {
        ...(await headerOf(chain.ethers.provider, before)),
        parentHash: keccak256(present(header)),
        number: toBeHex(before + 1),
        timestamp: toBeHex(sourceOf(1)),
      };
      await chain.networkHelpers.time.setNextBlockTimestamp(sourceOf(1));
      await refuses(
        beacon.record(1, encode([present(header), headerRlp(next)])),
        "NotOnThisChain",
        before + 1,
      );
    });

    it("is void when the chain has forgotten its block, unless it keeps history (EIP-2935)", async () => {
      const { ethers, networkHelpers } = chain;
      const first = await enter(1);
      const evidence = await evidenceFor(first);
      await networkHelpers.mine(first + 256 - (await ethers.provider.getBlockNumber()), { interval: 0 });
      // In the next block the randomness is of one 257 blocks ago.
      if (ON_ANVIL) {
        expect(await ethers.provider.getCode(HISTORY)).to.equal(HISTORY_CODE);
        expect(await beacon.record.staticCall(1, evidence)).to.equal(await prevrandaoOf(first));
      } else {
        await refuses(beacon.record(1, evidence), "NotOnThisChain", first);
        await networkHelpers.setCode(HISTORY, HISTORY_CODE);
      }
      const slot = first % HISTORY_BLOCKS;
      await networkHelpers.setStorageAt(HISTORY, slot, 0n);
      await refuses(beacon.record(1, evidence), "NotOnThisChain", first);
      const [source] = await headersFrom(ethers.provider, first, 1);
      await networkHelpers.setStorageAt(HISTORY, slot, keccak256(present(source)));
      await expect(beacon.record(1, evidence)).to.emit(beacon, "RandomnessRecorded");
    });

    it("is recorded 256 blocks after its block, the last time without history", async () => {
      const { ethers, networkHelpers } = chain;
      const first = await enter(1);
      const evidence = await evidenceFor(first);
      await networkHelpers.mine(first + 255 - (await ethers.provider.getBlockNumber()), { interval: 0 });
      await expect(beacon.record(1, evidence)).to.emit(beacon, "RandomnessRecorded");
    });
  });

  describe("evidence", () => {
    let first: number;
    let headers: string[];
    beforeEach(async () => {
      first = await enter(1);
      headers = await headersFrom(chain.ethers.provider, first - 1, 2);
    });
    const edited = async (block: number, change: Partial<Header>): Promise<string> =>
      headerRlp({ ...(await headerOf(chain.ethers.provider, block)), ...change });

    it("with a header that was edited is refused", async () => {
      const mixHash = toBeHex(123_456, 32);
      const [before, source] = headers as [string, string];
      await refuses(
        beacon.record(1, encode([before, await edited(first, { mixHash })])),
        "NotOnThisChain",
        first,
      );
      const early = await edited(first - 1, { timestamp: toBeHex(genesis) });
      await refuses(beacon.record(1, encode([early, source])), "NotInARow", first - 1);
    });

    it("with a block left out is refused", async () => {
      const later = headerRlp(await headerOf(chain.ethers.provider, first + 1));
      const [before] = headers as [string, string];
      await refuses(beacon.record(1, encode([before, later])), "NotInARow", first);
    });

    it("with more or fewer headers is refused", async () => {
      const [before] = headers as [string, string];
      await refuses(beacon.record(1, encode([before])), "WrongHeaderCount", 1);
      await refuses(beacon.record(1, encode([before, ...headers])), "WrongHeaderCount", 3);
      await refuses(beacon.record(1, encode([])), "WrongHeaderCount", 0);
    });

    it("that is no list of headers is refused", async () => {
      await refuses(beacon.record(1, encode(["0x", "0x"])), "RLPInvalidEncoding");
      await refuses(beacon.record(1, encode(["0xc0", "0xc0"])), "FieldNotPresentInBlockHeader", NUMBER);
      for (const evidence of [
        "0x",
        "0x00",
        encode(headers.map((header) => header.slice(0, -2))),
        encode(headers.map((header) => `${header}00`)),
        hexlify(encode(headers)).slice(0, -64),
      ]) {
        await expect(beacon.record(1, evidence)).to.revert(chain.ethers);
      }
    });
  });

  onHardhat("records nothing on a chain whose randomness has become a constant", async () => {
    const { ethers, networkHelpers } = chain;
    for (const [i, value] of [0n, 1n, 2n, 2_500_000_000_000_000n, 77n].entries()) {
      const epoch = i + 1;
      await networkHelpers.setPrevRandao(value);
      await mineAt(sourceOf(epoch) - 1);
      await networkHelpers.setPrevRandao(value);
      const first = await mineAt(sourceOf(epoch));
      await networkHelpers.mine();
      expect(await prevrandaoOf(first)).to.equal(ethers.toBeHex(value, 32));
      await refuses(beacon.record(epoch, await evidenceFor(first)), "NotRandom", value);
    }
  });

  it("keeps what it was given", async () => {
    const kept = await Promise.all([beacon.genesis(), beacon.epochSeconds(), beacon.margin()]);
    expect(kept).to.deep.equal([genesis, EPOCH, MARGIN].map(BigInt));
    expect(await beacon.audits()).to.equal(audits.address);
    expect(await beacon.sourcePoint(2 ** 32 - 1)).to.equal(sourceOf(2 ** 32 - 1));
  });

  describe("making one", () => {
    const make = async (args: { probe?: AddressLike; headers?: readonly BytesLike[] }) => {
      const fit = await prepare();
      const { probe = fit.probe, headers = fit.headers } = args;
      const { bytecode } = await chain.ethers.getContractFactory("PrevrandaoBeacon");
      return factory.makePrevrandaoBeacon(bytecode, probe, [...headers]);
    };

    it("takes a probe and eight headers of a chain that has randomness, once", async () => {
      const { ethers } = chain;
      await expect(make({})).to.emit(factory, "PrevrandaoBeaconMade");
      const { bytecode } = await ethers.getContractFactory("PrevrandaoBeacon");
      const place = await factory.makePrevrandaoBeacon.staticCall(bytecode, factory, []);
      expect(await factory.isBeacon(place)).to.equal(true);
      const made = await ethers.getContractAt("PrevrandaoBeacon", place);
      expect([await made.audits(), await made.margin()]).to.deep.equal([audits.address, BigInt(MARGIN)]);
      expect(await ethers.provider.getCode(made)).to.equal(await ethers.provider.getCode(beacon));
      await expect(make({})).not.to.emit(factory, "PrevrandaoBeaconMade");
    });

    for (const { name, value } of [
      { name: "Scroll", value: 0n },
      { name: "Arbitrum Orbit", value: 1n },
      { name: "Linea", value: 2n },
      { name: "ZKsync", value: 2_500_000_000_000_000n },
    ]) {
      onHardhat(`is refused on a chain that answers ${value}, such as ${name}`, async () => {
        for (const at of [0, TEST_BLOCKS - 1]) {
          const { probe, headers } = await prepare(
            Array.from({ length: TEST_BLOCKS }, (_, i) => (i === at ? value : BigInt(100 + i))),
          );
          await refuses(make({ probe, headers }), "NotRandom", value);
        }
      });
    }

    onHardhat(
      "is refused on a chain that repeats a value, such as a rollup that shows its layer 1's",
      async () => {
        const { probe, headers } = await prepare([10n, 11n, 12n, 13n, 14n, 14n, 15n, 16n]);
        await refuses(make({ probe, headers }), "NotRandom", 14n);
      },
    );

    it("is refused where contracts see another randomness than the headers have", async () => {
      // On Arbitrum a header's field is something else, and contracts see 1.
      const { probe, headers } = await prepare();
      const slot = 1;
      const address = await probe.getAddress();
      await chain.networkHelpers.setStorageAt(address, slot, 1n);
      await refuses(make({ probe, headers }), "ProbeDisagrees", address);
    });

    it("needs a probe that is one, of the first header's block", async () => {
      for (const probe of [await beacon.getAddress(), chain.ethers.Wallet.createRandom().address]) {
        await refuses(make({ probe }), "ProbeDisagrees", probe);
      }
      const { probe, first } = await prepare();
      await chain.networkHelpers.mine();
      const headers = await headersFrom(chain.ethers.provider, first + 1, TEST_BLOCKS);
      await refuses(make({ probe, headers }), "ProbeDisagrees", await probe.getAddress());
    });

    it("needs eight headers in a row, of this chain", async () => {
      const { probe, first, headers } = await prepare();
      await refuses(make({ probe, headers: headers.slice(1) }), "WrongHeaderCount", 7);
      const gap = headers.map((header, i) => (i === 3 ? present(headers[2]) : header));
      await refuses(make({ probe, headers: gap }), "NotInARow", first + 1);
      const other = await testChain();
      for (let i = 0; i < 2 * TEST_BLOCKS; i++) await other.networkHelpers.mine();
      const foreign = await headersFrom(other.ethers.provider, 3, TEST_BLOCKS);
      await refuses(make({ probe, headers: foreign }), "NotOnThisChain", 3 + TEST_BLOCKS - 1);
    });
  });

  it("costs at most 120,000 gas to record", async () => {
    const first = await enter(1);
    const receipt = await (await beacon.record(1, await evidenceFor(first))).wait();
    expect(present(receipt ?? undefined).gasUsed).to.be.at.most(120_000n);
  });
});
