// The Lens' pages: beyond the end, with everything, and with items that cannot be read.
import { expect } from "chai";
import { EPOCH, MARGIN, WINDOW, type World } from "../../evidence/world/world.ts";
import type { Lens } from "../../types/ethers/index.js";
import { idsOf, lensWorld, ZERO } from "../helpers/looking.ts";

describe("contracts: Lens, its pages", () => {
  let world: World;
  let lens: Lens;
  let restore: () => Promise<void>;
  before(async () => {
    ({ world, lens, restore } = await lensWorld());
  });
  beforeEach(() => restore());

  describe("a page", () => {
    it("of nothing, or from beyond the end, is empty", async () => {
      for (const from of [3n, 4n, 2n ** 32n, 2n ** 256n - 1n]) {
        const { items, next } = await lens.clusters(from, 5);
        expect([items, next]).to.deep.equal([[], 0n]);
      }
      const { items, next } = await lens.clusters(2, 0);
      expect([items, next]).to.deep.equal([[], 2n]);
    });

    it("that asks for more than there is brings what there is", async () => {
      const { items, next } = await lens.clusters(2, 2n ** 256n - 1n);
      expect([idsOf(items), next]).to.deep.equal([[2n], 0n]);
      expect((await lens.segments(1, 1, 2n ** 256n - 1n)).items).to.have.lengthOf(2);
    });

    it("costs what it looks at: 100 vNodes in less than 2^24 gas", async () => {
      const tokens = Array.from({ length: 100 }, (_, i) => i + 1000);
      await world.registry.connect(world.people.manager).addVNodes(1, tokens);
      const options = { gasLimit: 2n ** 24n };
      expect((await lens.vNodes(0, 1, 100, options)).items).to.have.lengthOf(100);
      expect((await lens.supply(1, 1, 100, options)).sum.vNodes).to.equal(97n);
    });
  });

  describe("an item that cannot be read", () => {
    const gone = async (contract: { getAddress(): Promise<string> }): Promise<void> =>
      world.chain.networkHelpers.setCode(await contract.getAddress(), "0x");

    it("is no vNode whose beacon fails: it comes with nothing to prove", async () => {
      await world.begin(1);
      await gone(world.beacon);
      const { items } = await lens.vNodes(1, 1, 10);
      expect(items.map(({ info }) => info.token)).to.deep.equal([10n, 20n]);
      expect(items.map(({ duty }) => [duty.node, duty.due, duty.randomness])).to.deep.equal([
        [1n, false, world.ethers.ZeroHash],
        [0n, false, world.ethers.ZeroHash],
      ]);
    });

    it("is no vNode that nobody has settled for so long that it takes all gas to say what is asked of it", async () => {
      const options = { gasLimit: 2n ** 24n };
      await world.toEpoch(100_000);
      const before = await lens.vNode(2, options);
      expect([before.info.token, before.state.settled, before.duty.deadline]).to.deep.equal([20n, 0n, 0n]);
      await world.settle(2);
      const { state, duty } = await lens.vNode(2, options);
      const start = BigInt(world.genesis + 100_000 * EPOCH);
      expect([state.settled, duty.deadline - start]).to.deep.equal([99_999n, BigInt(MARGIN + WINDOW)]);
    });

    it("is not part of what a cluster offers", async () => {
      expect((await lens.supply(2, 1, 100)).sum.vNodes).to.equal(3n);
      const { audits, chain, ethers } = world;
      const { selector } = audits.interface.getFunction("currentEpoch");
      // Answers 1 to this one call, and reverts otherwise.
      const code = `0x5f3560e01c63${selector.slice(2)}146011575f5ffd5b60015f5260205ff3`;
      await chain.networkHelpers.setCode(await audits.getAddress(), code);
      expect(await audits.currentEpoch()).to.equal(1n);
      await expect(lens.vNode(3)).to.revert(ethers);
      const { sum, next } = await lens.supply(2, 1, 4);
      expect([sum.vNodes, sum.nodes, sum.held, next]).to.deep.equal([0n, 0n, 0n, 5n]);
    });

    it("leaves clusters and nodes with their ids", async () => {
      await gone(world.ledger);
      const { items } = await lens.clusters(1, 10);
      expect(idsOf(items)).to.deep.equal([1n, 2n]);
      expect(items.map(({ info }) => info.manager)).to.deep.equal([ZERO, ZERO]);
      expect(idsOf((await lens.nodes(ZERO, 1, 10)).items)).to.deep.equal([1n, 2n, 3n]);
      expect(idsOf(await lens.standby(2))).to.deep.equal([3n, 1n]);
      await expect(lens.node(1)).to.revert(world.ethers);
    });

    it("leaves vNodes and segments with their ids", async () => {
      await gone(world.audits);
      const { items } = await lens.segments(1, 0, 10);
      expect(items.map(({ vNode, serial, info }) => [vNode, serial, info.end])).to.deep.equal([
        [1n, 0n, 0n],
        [1n, 1n, 0n],
        [1n, 2n, 0n],
      ]);
      const { items: vNodes } = await lens.vNodes(0, 1, 10);
      expect(idsOf(vNodes)).to.deep.equal([1n, 2n, 3n, 4n, 5n]);
      expect(vNodes.map(({ info }) => info.token)).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
    });
  });
});
