// Answers to challenges: what they must prove, and who is paid (protocol.md, section 9.4).
import { expect } from "chai";
import { EPOCH, FUNDS, MIN_BOND, type World } from "../../evidence/world/world.ts";
import { auditSeed } from "../../protocol/statement.ts";
import {
  BOND,
  challengedWorld,
  challenging,
  expectAllTokens,
  STATUS,
  TOTAL,
} from "../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: answers to challenges", () => {
  let world: World;
  const fresh = freshWorld(() => challengedWorld());
  beforeEach(async () => {
    world = await fresh();
  });
  afterEach(() => expectAllTokens(world));
  const { challenge, challengers, expire, proofOf, refused, statusOf } = challenging(() => world);
  const { asManager, earned, provider } = shortcuts(() => world);

  describe("an answer", () => {
    it("pays half of the bond to the provider and the odd unit more to the treasury", async () => {
      const { people, challenges } = world;
      await asManager().assign(2, 2);
      await world.store({ vNode: 2, epochs: 5, node: 2 });
      await world.begin(2);
      await challenge(people.auditor, 2, 0n, 125n);
      await world.begin(3);
      const before = await world.totals();
      const before2 = await earned(2);
      await expect(challenges.connect(people.stranger).answer(1, await proofOf(1)))
        .to.emit(challenges, "Answered")
        .withArgs(
          ...named(challenges, "Answered", {
            id: 1,
            vNode: 2,
            node: 2,
            toProvider: 5_000n,
            toTreasury: 5_001n,
          }),
        );
      expect((await earned(2)) - before2).to.equal(5_000n);
      expect(await world.balance(people.treasury)).to.equal(5_001n);
      expect(await world.balance(people.auditor)).to.equal(FUNDS - MIN_BOND);
      const after = await world.totals();
      expect([before.escrow - after.escrow, after.bonds]).to.deep.equal([MIN_BOND, before.bonds]);
      expect(await statusOf(1)).to.equal(STATUS.answered);
      expect(await challenges.openOf(2)).to.deep.equal([]);
      await refused(challenges.answer(1, [0, 0, 0, 0, 0, 0, 0, 0]), "NotOpen", 1, STATUS.answered);
      await world.toEpoch(5);
      await refused(expire(1), "NotOpen", 1, STATUS.answered);
    });

    it("is drawn by the next epoch's randomness, for this contract, vNode, node and challenge", async () => {
      await challenge();
      const { ethers, challenges } = world;
      const none = await challenges.inputsOf(1);
      expect([none.randomness, none.inputs[1]]).to.deep.equal([ethers.ZeroHash, 0n]);
      await world.begin(2, 77);
      const { randomness, inputs } = await challenges.inputsOf(1);
      const seed = auditSeed({
        chainId: 31337n,
        audits: await challenges.getAddress(),
        vNode: 1n,
        node: 1n,
        epoch: 1n,
        randomness: ethers.toBeHex(77, 32) as `0x${string}`,
      });
      expect(randomness).to.equal(ethers.toBeHex(77, 32));
      const root = BigInt((await world.registry.directory(1)).root);
      expect([...inputs]).to.deep.equal([root, seed, 0n, TOTAL]);
    });

    it("shows the directory as it stood when it was asked, whatever is stored since", async () => {
      await challenge();
      const { root } = await world.registry.directory(1);
      await world.store({ leaves: [5] });
      await world.begin(2);
      const { inputs } = await world.challenges.inputsOf(1);
      expect([inputs[0], inputs[3]]).to.deep.equal([BigInt(root), TOTAL]);
      await world.challenges.answer(1, await proofOf(1));
    });

    it("is refused before the randomness is on record, in the epoch of the challenge and after", async () => {
      await challenge();
      await refused(world.challenges.answer(1, [0, 0, 0, 0, 1, 0, 0, 0]), "NoRandomness", 1, 2);
      await world.toEpoch(2);
      await refused(world.challenges.answer(1, [0, 0, 0, 0, 1, 0, 0, 0]), "NoRandomness", 1, 2);
    });

    it("is taken in the last second of the second epoch, and refused in the next", async () => {
      await challenge();
      await challenge(world.people.bob);
      await world.begin(2);
      const [first, second] = [await proofOf(1), await proofOf(2)];
      await world.at(3, EPOCH - 1);
      await world.challenges.answer(1, first);
      await world.at(4, 0);
      await refused(world.challenges.answer(2, second), "ResponseOver", 2, 3);
    });

    it("is not an epoch's proof, nor another challenge's, nor a proof that does not hold", async () => {
      const { challenges, audits } = world;
      await challenge();
      await challenge(world.people.bob);
      await world.begin(2);
      await refused(challenges.answer(1, await world.proof(2)), "ProofInvalid", 1);
      await refused(challenges.answer(1, await proofOf(2)), "ProofInvalid", 1);
      await refused(challenges.answer(1, (await proofOf(1)).with(4, 0n)), "ProofInvalid", 1);
      await expect(audits.prove(1, 2, await proofOf(1)))
        .to.be.revertedWithCustomError(audits, "ProofInvalid")
        .withArgs(1, 2);
      await challenges.answer(2, await proofOf(2));
      await challenges.answer(1, await proofOf(1));
    });

    it("to a challenge that is not there is refused", async () => {
      const { challenges } = world;
      await refused(challenges.answer(9, [0, 0, 0, 0, 0, 0, 0, 0]), "NotOpen", 9, 0);
      await refused(expire(9), "NotOpen", 9, 0);
      await refused(challenges.inputsOf(9), "NotOpen", 9, 0);
      await refused(challenges.challengeOf(9), "NotOpen", 9, 0);
    });

    it("makes challenges of one's own node, by other accounts, dear", async () => {
      const friends = challengers().slice(0, 4);
      const wealth = async () => {
        const balances = await Promise.all([...friends, provider()].map((who) => world.balance(who)));
        return balances.reduce((sum, each) => sum + each);
      };
      const before = await wealth();
      for (const who of friends) await challenge(who);
      await world.begin(2);
      for (const id of [1, 2, 3, 4]) await world.challenges.answer(id, await proofOf(id));
      expect(before - (await wealth())).to.equal((15n * BOND) / 2n);
    });
  });
});
