// Challenges on demand: who may ask, and what it costs (protocol.md, section 9.4).
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import {
  deployBooks,
  EPOCH,
  FUNDS,
  MARGIN,
  MIN_BOND,
  UNBOND,
  type World,
} from "../../evidence/world/world.ts";
import {
  askedOf,
  BOND,
  challengedWorld,
  challenging,
  expectAllTokens,
  RATE,
  STATUS,
  TOTAL,
} from "../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: Challenges", () => {
  let world: World;
  const fresh = freshWorld(() => challengedWorld());
  beforeEach(async () => {
    world = await fresh();
  });
  afterEach(() => expectAllTokens(world));
  const { challenge, challengers, proofOf, refused, storeOnSecond } = challenging(() => world);
  const { asManager, asProvider, operator, provider } = shortcuts(() => world);

  describe("deployment", () => {
    const attempt = async (choice: {
      minBond?: bigint;
      unbond?: number;
      meanwhile?: boolean;
      other?: boolean;
      elsewhere?: boolean;
      twin?: boolean;
    }) => {
      const { ethers, people, token, verifier } = world;
      const { deployer, treasury } = people;
      const unbond = choice.unbond ?? UNBOND;
      const anyFactory = await ethers.deployContract("AnyFactory");
      const books = await deployBooks(
        ...([{ ethers }, deployer, token, treasury] as const),
        (by) => ethers.deployContract("SettableBeacon", [by, world.genesis, EPOCH, MARGIN]),
        unbond,
      );
      const { ledger, registry, libraries, beacon } = books;
      const profiles = [{ verifier, samples: 2, dataDepth: 2, directoryDepth: 2 }];
      const audits = await ethers.deployContract(
        "Audits",
        [ledger, registry, anyFactory, profiles, [beacon], world.genesis, EPOCH, MARGIN, 200],
        { libraries },
      );
      if (choice.meanwhile) await token.connect(deployer).mint(deployer, 1n);
      const { addresses } = books;
      const expecting = [addresses.registry, addresses.audits, addresses.challenges];
      const ledgerHere = choice.twin
        ? await ethers.deployContract("Ledger", [token, ...expecting, treasury, unbond], people.stranger)
        : ledger;
      const factory = await ethers.getContractFactory("Challenges");
      return factory.deploy(
        ledgerHere,
        choice.other ? world.registry : registry,
        choice.elsewhere ? world.audits : audits,
        choice.minBond ?? 1n,
      );
    };

    it("makes neighbours that know each other", async () => {
      const challenges = await attempt({ unbond: 3 * EPOCH + 1 });
      expect(await challenges.minBond()).to.equal(1n);
      expect(await world.ledger.challenges()).to.equal(await world.challenges.getAddress());
      expect(await world.audits.challenges()).to.equal(await world.challenges.getAddress());
    });

    for (const [name, choice] of Object.entries({
      "that the others do not expect": { meanwhile: true },
      "of another registry": { other: true },
      "of another deployment's audits": { elsewhere: true },
      "of a ledger that expects it, but that the audits do not pay from": { twin: true },
      "without a least bond": { minBond: 0n },
      "that is answered after bonds are released": { unbond: 3 * EPOCH },
    })) {
      it(`fails for one ${name}`, async () => {
        await expect(attempt(choice)).to.be.revertedWithCustomError(world.challenges, "BadDeployment");
      });
    }
  });

  describe("asking", () => {
    it("names the node, the directory and the terms of the moment, and holds the bond", async () => {
      const { auditor } = world.people;
      const before = await world.totals();
      await expect(challenge()).to.emit(world.challenges, "Challenged").and.to.emit(world.ledger, "Held");
      const c = await askedOf(world, 1);
      const { root } = await world.registry.directory(1);
      expect([c.vNode, c.node, c.epoch, c.rate]).to.deep.equal([1n, 1n, 1n, RATE]);
      expect([c.faultMultiple, c.reporterShare, c.beacon]).to.deep.equal([10n, 1000n, 0n]);
      expect([c.challenger, c.bond, c.root]).to.deep.equal([auditor.address, BOND, root]);
      expect([c.start, c.length, c.status]).to.deep.equal([0n, TOTAL, STATUS.open]);
      expect(c.verifier).to.equal(await world.verifier.getAddress());
      expect(await world.balance(auditor)).to.equal(FUNDS - BOND);
      const after = await world.totals();
      expect(after.escrow - before.escrow).to.equal(BOND);
      expect(await world.challenges.openOf(1)).to.deep.equal([1n]);
      expect(await world.challenges.openAgainst(1, 1)).to.equal(1n);
      expect(await world.challenges.openAgainst(1, 2)).to.equal(0n);
    });

    it("names any range, with what was stored a moment ago", async () => {
      await world.store({ bucket: 2, leaves: [3], epochs: 2 });
      const { root, total } = await world.registry.directory(1);
      expect(total).to.equal(TOTAL + 375n);
      await challenge(world.people.auditor, 1, TOTAL, 375n);
      await challenge(world.people.bob, 1, 17n, 1n);
      const [first, second] = [await askedOf(world, 1), await askedOf(world, 2)];
      expect([first.start, first.length, first.root]).to.deep.equal([TOTAL, 375n, root]);
      expect([second.start, second.length, second.root]).to.deep.equal([17n, 1n, root]);
    });

    it("is refused for a range that is empty or reaches beyond the directory", async () => {
      for (const [start, length] of [
        [0n, 0n],
        [0n, TOTAL + 1n],
        [TOTAL, 1n],
        [2n ** 40n - 1n, 2n ** 40n - 1n],
      ] as const) {
        const attempt = challenge(world.people.auditor, 1, start, length);
        await refused(attempt, "BadRange", 1, start, length, TOTAL);
      }
    });

    it("costs the least bond where little is stored", async () => {
      await asManager().assign(2, 2);
      await world.store({ vNode: 2, epochs: 5, node: 2 });
      await world.begin(2);
      await world.challenges.connect(world.people.auditor).challenge(2, 0, 125, MIN_BOND);
      expect(await world.balance(world.people.auditor)).to.equal(FUNDS - MIN_BOND);
    });

    it("doubles for each that is open, and there are at most four, each of another account", async () => {
      const [first, second, third, fourth, fifth] = challengers();
      for (const [who, factor] of [
        [first, 1n],
        [second, 2n],
        [third, 4n],
        [fourth, 8n],
      ] as const) {
        const before = await world.balance(present(who));
        await challenge(who);
        expect(before - (await world.balance(present(who)))).to.equal(factor * BOND);
      }
      await refused(challenge(fifth), "TooManyOpen", 1);
      expect([...(await world.challenges.openOf(1))].sort()).to.deep.equal([1n, 2n, 3n, 4n]);
      await world.begin(2);
      await world.challenges.answer(2, await proofOf(2));
      await challenge(second);
      expect((await askedOf(world, 5)).bond).to.equal(8n * BOND);
      expect(await world.challenges.challengeCount()).to.equal(5n);
    });

    it("is refused to an account that has one open", async () => {
      await challenge();
      await refused(challenge(), "OneEach", 1, world.people.auditor);
      await world.begin(2);
      await world.challenges.answer(1, await proofOf(1));
      await challenge();
    });

    it("is refused above the challenger's price", async () => {
      const attempt = world.challenges.connect(world.people.auditor).challenge(1, 0, TOTAL, BOND - 1n);
      await refused(attempt, "BondTooHigh", BOND, BOND - 1n);
    });

    it("is refused without the money", async () => {
      const { treasury } = world.people;
      await expect(challenge(treasury))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
        .withArgs(treasury, 0n, BOND);
    });

    it("is refused to the node's provider and operator", async () => {
      await refused(challenge(provider()), "OwnNode", 1, provider());
      await refused(challenge(operator()), "OwnNode", 1, operator());
      await challenge(world.people.bob);
    });

    it("is refused for a vNode that is not there, or that nobody serves yet", async () => {
      await expect(challenge(world.people.auditor, 9))
        .to.be.revertedWithCustomError(world.registry, "NoSuchVNode")
        .withArgs(9);
      await storeOnSecond(10);
      await refused(challenge(world.people.auditor, 2), "NotAssigned", 2);
      await world.begin(2);
      await challenge(world.people.auditor, 2);
    });

    it("is refused before anything is paid for", async () => {
      await asManager().assign(2, 2);
      await world.begin(2);
      await world.store({ vNode: 2, node: 2, leaves: [2] });
      await refused(challenge(world.people.auditor, 2), "NothingStored", 2);
    });

    it("is refused while the node fetches what it took over", async () => {
      await asManager().addStandby(1, 2);
      await world.missEach(2, 4);
      await world.settle();
      await world.begin(6);
      await refused(challenge(), "StillSyncing", 1, 2);
      await world.prove(6);
      await challenge();
    });

    it("is not refused because the node pauses, or will", async () => {
      await asProvider().pause(1, 1);
      await challenge();
      await world.toEpoch(3);
      await challenge(world.people.bob);
      expect([await world.challenges.lastAnswer(1), await world.challenges.lastAnswer(2)]).to.deep.equal([
        4n,
        5n,
      ]);
    });

    it("is refused while too much is not settled", async () => {
      await world.store({ epochs: 200 });
      await world.toEpoch(67);
      await expect(challenge())
        .to.be.revertedWithCustomError(world.audits, "SettleFirst")
        .withArgs(...named(world.audits, "SettleFirst", { vNode: 1, settled: 65, needed: 66 }));
    });

    it("rewards the challenger for the misses that it finds", async () => {
      const { auditor } = world.people;
      await world.missEach(2, 3);
      const before = await world.balance(auditor);
      await expect(challenge())
        .to.emit(world.audits, "Slashed")
        .withArgs(
          ...named(world.audits, "Slashed", {
            vNode: 1,
            node: 1,
            epoch: 3,
            amount: 5n * RATE,
            reporter: auditor,
            reward: RATE / 2n,
          }),
        );
      expect(await world.balance(auditor)).to.equal(before + RATE / 2n - BOND);
    });

    it("is judged by nobody but this contract, and dismissed by nobody but the audits", async () => {
      const { audits, people, challenges } = world;
      const { auditor } = people;
      const verdict = { node: 1, rate: 1n, multiple: 1n, challenger: auditor, share: 0, epoch: 0 };
      for (const attempt of [
        () => audits.connect(auditor).summon(1, auditor),
        () => audits.connect(auditor).convict(1, verdict),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(audits, "Unauthorized").withArgs(auditor);
      }
      await refused(challenges.connect(auditor).dismiss(1, 1, true), "Unauthorized", auditor);
    });
  });
});
