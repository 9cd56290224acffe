// Challenges on demand: who may ask, what it costs, and who is paid or judged in the end (protocol.md, section 9.4).
import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { auditSeed } from "../../protocol/statement.ts";
import { present } from "../helpers/present.ts";
import {
  createWorld,
  deployBooks,
  EPOCH,
  FUNDS,
  MIN_BOND,
  UNBOND,
  type Proof,
  type World,
} from "../helpers/world.ts";

/** Two leaves: 8 epochs of them are more than the least bond. */
const RATE = 2000n;
const BOND = 8n * RATE;
/** 10 epochs' rate, of which a tenth goes to the challenger. */
const SLASH = 10n * RATE;
const REWARD = SLASH / 10n;
const REST = SLASH - REWARD;
/** 30 epochs' rate. */
const LOCKED = 30n * RATE;
const ANY = 2n ** 100n;
const STATUS = { open: 1n, answered: 2n, failed: 3n, void: 4n };

describe("contracts: Challenges", () => {
  let world: World;
  let challenger: HardhatEthersSigner;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const { token, ledger, people } = world;
    challenger = people.auditor;
    await token.mint(challenger, FUNDS);
    await token.connect(challenger).approve(ledger, FUNDS);
    await ledger.connect(challenger).deposit(challenger, FUNDS);
    await world.store({ leaves: [2], epochs: 20 });
    await world.begin(1);
    await world.prove(1);
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());
  /** Whatever happened: every token is in one of the sums, and every account's part of them is there. */
  afterEach(async () => {
    const { accounts, bonds, escrow, credits, fees } = await world.totals();
    expect(await world.token.balanceOf(world.ledger)).to.equal(accounts + bonds + escrow + credits + fees);
    const { providers, operators, ...others } = world.people;
    const everybody = [...Object.values(others), ...providers, ...operators];
    let sum = 0n;
    for (const who of new Set(everybody.map(({ address }) => address)))
      sum += await world.ledger.balanceOf(who);
    expect(sum).to.equal(accounts);
  });

  const provider = (node = 1) => present(world.people.providers[node - 1]);
  const challenge = (by = challenger, vNode = 1) => world.challenges.connect(by).challenge(vNode, ANY);
  const proofOf = async (id: number): Promise<Proof> => {
    const { inputs } = await world.challenges.inputsOf(id);
    const [root, seed, start, length] = inputs;
    return [root, seed, start, length, 1n, 0n, 0n, 0n];
  };
  const statusOf = async (id: number) => (await world.challenges.challengeOf(id)).status;
  const expire = (id: number) => world.challenges.connect(world.people.stranger).expire(id);
  const refused = (attempt: Promise<unknown>, name: string, ...values: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.challenges, name)
      .withArgs(...values);

  describe("deployment", () => {
    const attempt = async (choice: {
      minBond?: bigint;
      unbond?: number;
      meanwhile?: boolean;
      other?: boolean;
      elsewhere?: boolean;
      twin?: boolean;
    }) => {
      const { ethers, people, token, verifier, beacon } = world;
      const { deployer, treasury } = people;
      const unbond = choice.unbond ?? UNBOND;
      const books = await deployBooks({ ethers }, deployer, token, treasury, unbond);
      const { ledger, registry, libraries } = books;
      const profiles = [{ verifier, samples: 2, dataDepth: 2, directoryDepth: 2 }];
      const audits = await ethers.deployContract(
        "Audits",
        [ledger, registry, profiles, [beacon], world.genesis, EPOCH, 0],
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
      const before = await world.totals();
      await expect(challenge()).to.emit(world.challenges, "Challenged").and.to.emit(world.ledger, "Held");
      const c = await world.challenges.challengeOf(1);
      const { root } = await world.registry.directory(1);
      expect([c.vNode, c.node, c.epoch, c.rate]).to.deep.equal([1n, 1n, 1n, RATE]);
      expect([c.faultMultiple, c.reporterShare, c.bucket, c.beacon]).to.deep.equal([10n, 1000n, 0n, 0n]);
      expect([c.challenger, c.bond, c.root]).to.deep.equal([challenger.address, BOND, root]);
      expect([c.start, c.leaves, c.status]).to.deep.equal([0n, 2n, STATUS.open]);
      expect(c.verifier).to.equal(await world.verifier.getAddress());
      expect(await world.balance(challenger)).to.equal(FUNDS - BOND);
      const after = await world.totals();
      expect(after.escrow - before.escrow).to.equal(BOND);
      expect(await world.challenges.openOf(1)).to.deep.equal([1n]);
      expect(await world.challenges.openAgainst(1, 1)).to.equal(1n);
      expect(await world.challenges.openAgainst(1, 2)).to.equal(0n);
    });

    it("names one segment's range, with what was stored a moment ago", async () => {
      await world.store({ bucket: 2, leaves: [3], epochs: 2 });
      await world.challenges.connect(challenger).challengeSegment(1, 1, ANY);
      const c = await world.challenges.challengeOf(1);
      expect([c.start, c.leaves, c.bucket]).to.deep.equal([2n, 3n, 2n]);
      expect(c.root).to.equal((await world.registry.directory(1)).root);
    });

    it("costs the least bond where little is stored", async () => {
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.store({ vNode: 2, epochs: 5, operator: present(world.people.operators[1]) });
      await world.begin(2);
      await world.challenges.connect(challenger).challenge(2, MIN_BOND);
      expect(await world.balance(challenger)).to.equal(FUNDS - MIN_BOND);
    });

    it("doubles for each that is open, and there are at most four", async () => {
      for (const factor of [1n, 2n, 4n, 8n]) {
        const before = await world.balance(challenger);
        await challenge();
        expect(before - (await world.balance(challenger))).to.equal(factor * BOND);
      }
      await refused(challenge(world.people.bob), "TooManyOpen", 1);
      expect([...(await world.challenges.openOf(1))].sort()).to.deep.equal([1n, 2n, 3n, 4n]);
      await world.begin(2);
      await world.challenges.answer(2, await proofOf(2));
      await challenge();
      expect((await world.challenges.challengeOf(5)).bond).to.equal(8n * BOND);
      expect(await world.challenges.challengeCount()).to.equal(5n);
    });

    it("is refused above the challenger's price", async () => {
      const attempt = world.challenges.connect(challenger).challenge(1, BOND - 1n);
      await refused(attempt, "BondTooHigh", BOND, BOND - 1n);
    });

    it("is refused without the money", async () => {
      const { stranger } = world.people;
      await expect(challenge(stranger))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
        .withArgs(stranger, 0n, BOND);
    });

    it("is refused to the node's provider and operator", async () => {
      const operator = present(world.people.operators[0]);
      await refused(challenge(provider()), "OwnNode", 1, provider());
      await refused(challenge(operator), "OwnNode", 1, operator);
      await challenge(world.people.bob);
    });

    it("is refused for a vNode that is not there, that nobody serves, or that holds nothing", async () => {
      await expect(challenge(challenger, 9))
        .to.be.revertedWithCustomError(world.registry, "NoSuchVNode")
        .withArgs(9);
      await refused(challenge(challenger, 2), "NotAssigned", 2);
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.store({ vNode: 2, operator: present(world.people.operators[1]) });
      await refused(challenge(challenger, 2), "NotAssigned", 2);
      await world.begin(2);
      await challenge(challenger, 2);
    });

    it("is refused before anything is paid for", async () => {
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.begin(2);
      await refused(challenge(challenger, 2), "NothingStored", 2);
      await world.store({ vNode: 2, operator: present(world.people.operators[1]) });
      await refused(challenge(challenger, 2), "NothingStored", 2);
    });

    it("is refused while the node fetches what it took over", async () => {
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2);
      await refused(challenge(), "StillSyncing", 1, 2);
      await world.prove(2);
      await challenge();
    });

    it("is refused if the node pauses before it could answer", async () => {
      await world.audits.connect(provider()).pause(1, 1);
      await refused(challenge(), "Pausing", 1, 1);
      await world.toEpoch(2);
      await refused(challenge(), "Pausing", 1, 1);
      await world.toEpoch(3);
      await challenge();
    });

    it("is refused for a segment that is not there, has ended, or is retired", async () => {
      const { challenges, registry } = world;
      const ask = (serial: number) => challenges.connect(challenger).challengeSegment(1, serial, ANY);
      await expect(ask(1)).to.be.revertedWithCustomError(registry, "NoSuchSegment").withArgs(1, 1);
      await world.toEpoch(21);
      await refused(ask(0), "SegmentNotLive", 1, 0);
      await registry.retire(1, 0, "0x" + "00".repeat(32), []);
      await refused(ask(0), "SegmentNotLive", 1, 0);
    });

    it("is refused while too much is not settled", async () => {
      await world.store({ epochs: 200 });
      await world.toEpoch(67);
      await expect(challenge())
        .to.be.revertedWithCustomError(world.audits, "SettleFirst")
        .withArgs(1, 65, 66);
    });

    it("rewards the challenger for the misses that it finds", async () => {
      await world.missEach(2, 3);
      const before = await world.balance(challenger);
      await expect(challenge())
        .to.emit(world.audits, "Slashed")
        .withArgs(1, 1, 3, 5n * RATE, challenger, RATE / 2n);
      expect(await world.balance(challenger)).to.equal(before + RATE / 2n - BOND);
    });

    it("is judged by nobody but this contract", async () => {
      const { audits, people } = world;
      const verdict = { node: 1, rate: 1n, multiple: 1n, challenger, share: 0, owner: people.stranger };
      for (const attempt of [
        () => audits.connect(challenger).summon(1, challenger),
        () => audits.connect(challenger).convict(1, verdict),
        () => audits.connect(challenger).absolve(1, 1),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(audits, "Unauthorized").withArgs(challenger);
      }
    });
  });

  describe("an answer", () => {
    it("pays half of the bond to the provider and the odd unit more to the treasury", async () => {
      const { people, challenges } = world;
      await world.registry.connect(people.manager).assign(2, 2);
      await world.store({ vNode: 2, epochs: 5, operator: present(people.operators[1]) });
      await world.begin(2);
      await challenge(challenger, 2);
      await world.begin(3);
      const before = await world.totals();
      const earned = await world.balance(provider(2));
      await expect(challenges.connect(people.stranger).answer(1, await proofOf(1)))
        .to.emit(challenges, "Answered")
        .withArgs(1, 2, 2, 5_000n, 5_001n);
      expect((await world.balance(provider(2))) - earned).to.equal(5_000n);
      expect(await world.balance(people.treasury)).to.equal(5_001n);
      expect(await world.balance(challenger)).to.equal(FUNDS - MIN_BOND);
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
        ...{ chainId: 31337n, audits: await challenges.getAddress(), vNode: 1n, node: 1n, epoch: 1n },
        randomness: ethers.toBeHex(77, 32) as `0x${string}`,
      });
      expect(randomness).to.equal(ethers.toBeHex(77, 32));
      const root = BigInt((await world.registry.directory(1)).root);
      expect([...inputs]).to.deep.equal([root, seed, 0n, 2n]);
    });

    it("shows the directory as it stood when it was asked, whatever is stored since", async () => {
      await challenge();
      const { root } = await world.registry.directory(1);
      await world.store({ leaves: [5] });
      await world.begin(2);
      const { inputs } = await world.challenges.inputsOf(1);
      expect([inputs[0], inputs[3]]).to.deep.equal([BigInt(root), 2n]);
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
      await challenge();
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
      await challenge();
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

    it("makes a challenge of one's own node, by somebody else's account, dear", async () => {
      // Node 1's provider asks through bob.
      const friends = async () => (await world.balance(provider())) + (await world.balance(world.people.bob));
      const before = await friends();
      for (let i = 0; i < 4; i++) await challenge(world.people.bob);
      await world.begin(2);
      for (const id of [1, 2, 3, 4]) await world.challenges.answer(id, await proofOf(id));
      expect(before - (await friends())).to.equal((15n * BOND) / 2n);
    });
  });

  describe("no answer", () => {
    it("is no fault before the last epoch is over", async () => {
      await challenge();
      await refused(expire(1), "ResponseRuns", 1, 3);
      await world.begin(2);
      await world.at(3, EPOCH - 1);
      await refused(expire(1), "ResponseRuns", 1, 3);
    });

    it("costs nobody anything if the randomness was never recorded", async () => {
      await challenge();
      await world.toEpoch(4);
      const before = await world.ledger.bondOf(1);
      await expect(expire(1)).to.emit(world.challenges, "Voided").withArgs(1, 1, 1);
      expect(await world.balance(challenger)).to.equal(FUNDS);
      expect(await world.ledger.bondOf(1)).to.deep.equal(before);
      expect(await statusOf(1)).to.equal(STATUS.void);
      expect((await world.audits.state(1)).node).to.equal(1n);
    });

    it("slashes and removes the node, and lets a standby node take over", async () => {
      const { audits, registry, people } = world;
      await registry.connect(people.manager).addStandby(1, 3);
      await challenge();
      await world.proveEach(2, 3);
      await world.toEpoch(4);
      const before = await world.totals();
      const expired = expire(1);
      await expect(expired)
        .to.emit(world.challenges, "Failed")
        .withArgs(1, 1, 1, SLASH, REWARD, world.ethers.ZeroAddress);
      await expect(expired).to.emit(audits, "Slashed").withArgs(1, 1, 4, SLASH, challenger, REWARD);
      await expect(expired).to.emit(audits, "Faulted").withArgs(1, 1, 4);
      await expect(expired).to.emit(audits, "TookOver").withArgs(1, 3, 5);
      expect(await world.balance(challenger)).to.equal(FUNDS + REWARD);
      const [total, locked] = await world.ledger.bondOf(1);
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
      const after = await world.totals();
      expect(after.credits - before.credits).to.equal(REST);
      expect(before.escrow - after.escrow).to.equal(BOND);
      expect(before.bonds - after.bonds).to.equal(SLASH);
      expect(await audits.owedOf(1)).to.equal(REST);
      expect(await statusOf(1)).to.equal(STATUS.failed);
      expect((await audits.state(1)).nextNode).to.equal(3n);
      expect((await registry.node(1)).used).to.equal(0n);
    });

    it("compensates the owners of all that is stored, in the first epoch that was not settled", async () => {
      const { alice, bob } = world.people;
      await world.store({ bucket: 2, leaves: [6], epochs: 20 });
      await challenge();
      await world.proveEach(2, 3);
      await world.toEpoch(4);
      await expire(1);
      await world.toEpoch(5);
      await expect(world.settle())
        .to.emit(world.audits, "OwnersCompensated")
        .withArgs(1, 4, 4n * REST);
      expect(await world.audits.owedOf(1)).to.equal(0n);
      for (const [serial, owner, leaves] of [
        [0, alice, 2n],
        [1, bob, 6n],
      ] as const) {
        const before = await world.balance(owner);
        await world.registry.claim(1, serial);
        // Epoch 4 had no node: its rate goes back, too.
        expect((await world.balance(owner)) - before).to.equal((REST * leaves) / 2n + leaves * 1000n);
      }
      expect((await world.totals()).credits).to.equal(0n);
    });

    it("compensates the owner of a segment whose range was asked", async () => {
      const { bob } = world.people;
      await world.store({ bucket: 2, leaves: [6], epochs: 20 });
      await world.begin(2);
      await world.prove(2);
      await world.challenges.connect(challenger).challengeSegment(1, 1, ANY);
      // He shares with nobody, so that nothing more is due for it.
      await world.store({ leaves: [9], epochs: 20 });
      await world.proveEach(3, 4);
      await world.toEpoch(5);
      const before = await world.balance(bob);
      await expect(expire(1))
        .to.emit(world.challenges, "Failed")
        .withArgs(1, 1, 1, 4n * SLASH, 4n * REWARD, bob);
      expect((await world.balance(bob)) - before).to.equal(4n * REST);
      expect(await world.audits.owedOf(1)).to.equal(0n);
      expect((await world.totals()).credits).to.equal(0n);
    });

    it("shares with those who come in the next epoch no more than was taken", async () => {
      const { alice, bob, manager } = world.people;
      await challenge();
      await world.proveEach(2, 4);
      await expire(1);
      await world.registry.connect(manager).assign(1, 2);
      await world.store({
        ...{ bucket: 2, leaves: [18], epochs: 1, operator: present(world.people.operators[1]) },
      });
      await world.toEpoch(6);
      await expect(world.settle()).to.emit(world.audits, "OwnersCompensated").withArgs(1, 5, REST);
      const [aliceHad, bobHad] = [await world.balance(alice), await world.balance(bob)];
      await world.registry.claim(1, 0);
      await world.registry.claim(1, 1);
      // A new node that is not asked, since epoch 5 is void, is not paid either.
      expect((await world.balance(alice)) - aliceHad).to.equal(REST / 10n + RATE);
      expect((await world.balance(bob)) - bobHad).to.equal((9n * REST) / 10n + 18_000n);
      expect((await world.totals()).credits).to.equal(0n);
    });

    it("pays the treasury if nothing is stored any more", async () => {
      const { treasury } = world.people;
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.store({ vNode: 2, epochs: 1, leaves: [2], operator: present(world.people.operators[1]) });
      await world.begin(2);
      await world.prove(2, 2);
      await challenge(challenger, 2);
      await world.begin(3);
      await world.toEpoch(5);
      await expect(expire(1)).to.emit(world.audits, "OwnersCompensated").withArgs(2, 5, REST);
      expect(await world.balance(treasury)).to.equal(REST);
      expect((await world.totals()).credits).to.equal(0n);
      expect((await world.audits.state(2)).node).to.equal(0n);
    });

    it("pays the treasury if the last segment ends before the next epoch", async () => {
      const { treasury, manager } = world.people;
      await world.registry.connect(manager).assign(2, 2);
      await world.store({ vNode: 2, epochs: 3, leaves: [2], operator: present(world.people.operators[1]) });
      await world.begin(2);
      await challenge(challenger, 2);
      await world.prove(2, 2);
      await world.proveEach(3, 4, 2);
      await world.toEpoch(5);
      await expire(1);
      await world.toEpoch(6);
      await world.settle(2);
      expect(await world.balance(treasury)).to.equal(REST);
    });

    for (const [when, epoch] of [
      ["before the last epoch is settled", 3],
      ["in the epoch before the verdict", 4],
    ] as const) {
      it(`slashes the node for what it stores for itself ${when}, too, so that owners get no less`, async () => {
        const { alice, bob } = world.people;
        await challenge();
        await world.begin(2);
        await world.prove(2);
        await world.toEpoch(epoch - 1);
        await world.store({ bucket: 2, leaves: [18], epochs: 5 });
        await world.toEpoch(4);
        await expect(expire(1))
          .to.emit(world.audits, "Slashed")
          .withArgs(1, 1, 4, 10n * SLASH, challenger, 10n * REWARD);
        await world.toEpoch(5);
        await world.settle();
        const [aliceHad, bobHad] = [await world.balance(alice), await world.balance(bob)];
        await world.registry.claim(1, 0);
        await world.registry.claim(1, 1);
        // Epoch 4 had no node.
        expect((await world.balance(alice)) - aliceHad).to.equal(REST + RATE);
        expect((await world.balance(bob)) - bobHad).to.equal(9n * (REST + RATE));
      });
    }

    it("costs once more for each further challenge, until nothing is left", async () => {
      for (let i = 0; i < 4; i++) await challenge();
      await world.begin(2);
      const { ledger } = world;
      await ledger.connect(provider()).requestUnbond(1, FUNDS - LOCKED);
      await world.toEpoch(4);
      for (const id of [1, 2, 3]) await expire(id);
      const [total, locked, unbonding] = await ledger.bondOf(1);
      expect([total, locked, unbonding]).to.deep.equal([FUNDS - 3n * SLASH, 0n, FUNDS - LOCKED]);
      await expire(4);
      const [left, , leaving] = await ledger.bondOf(1);
      expect([left, leaving]).to.deep.equal([FUNDS - 4n * SLASH, FUNDS - 4n * SLASH]);
    });
  });

  describe("no answer, with nothing or nobody to share with", () => {
    it("gives nobody anything once the bond is gone, and takes no other's", async () => {
      const { ledger, audits } = world;
      await ledger.connect(provider()).requestUnbond(1, FUNDS - LOCKED);
      await world.toEpoch(1 + UNBOND / EPOCH + 1);
      await ledger.connect(provider()).releaseBond(1);
      await world.proveEach(13, 13);
      for (let i = 0; i < 4; i++) await challenge();
      await world.proveEach(14, 14);
      await world.toEpoch(16);
      for (const id of [1, 2, 3]) await expire(id);
      expect((await ledger.bondOf(1)).total).to.equal(0n);
      const owed = await audits.owedOf(1);
      await expect(expire(4)).to.emit(audits, "Slashed").withArgs(1, 1, 16, 0, challenger, 0);
      expect([owed, await audits.owedOf(1)]).to.deep.equal([3n * REST, 3n * REST]);
      expect((await ledger.bondOf(2)).total).to.equal(FUNDS);
    });

    /** Asked for the last epoch of vNode 2's only segment; somebody stores again before the answer is missed. */
    const endAndStoreAgain = async (settleFirst: boolean): Promise<void> => {
      const operator = present(world.people.operators[1]);
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.store({ vNode: 2, epochs: 1, leaves: [2], operator });
      await world.begin(2);
      await world.prove(2, 2);
      await challenge(challenger, 2);
      await world.begin(3);
      await world.toEpoch(5);
      if (settleFirst) await world.settle(2);
      await world.store({ bucket: 2, vNode: 2, epochs: 3, leaves: [6], operator });
      await expire(1);
      expect(await world.audits.owedOf(2)).to.equal(0n);
      await world.toEpoch(7);
      await world.settle(2);
    };
    /** Of epoch 6, which had no node. */
    const REFUND = 3n * RATE;

    for (const settleFirst of [false, true]) {
      it(`gives what is taken to the treasury if all that was stored then has ended, settled ${settleFirst ? "before" : "now"}`, async () => {
        const { treasury, bob } = world.people;
        await endAndStoreAgain(settleFirst);
        expect(await world.balance(treasury)).to.equal(REST);
        const before = await world.balance(bob);
        await world.registry.claim(2, 1);
        expect((await world.balance(bob)) - before).to.equal(REFUND);
      });
    }
  });

  describe("a node that is gone meanwhile", () => {
    const kept = () => world.audits.keptOf(1, 1);

    it("was replaced: its bond stays locked, it is slashed, and the new node stays", async () => {
      await challenge();
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2);
      await world.prove(2);
      expect(await kept()).to.equal(LOCKED);
      expect((await world.ledger.bondOf(1)).locked).to.equal(LOCKED);
      await world.toEpoch(4);
      const expired = expire(1);
      await expect(expired)
        .to.emit(world.challenges, "Failed")
        .withArgs(1, 1, 1, SLASH, REWARD, world.ethers.ZeroAddress);
      await expect(expired).not.to.emit(world.audits, "Faulted");
      const { total, locked } = await world.ledger.bondOf(1);
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
      const v = await world.audits.state(1);
      expect([v.node, v.locked]).to.deep.equal([2n, LOCKED]);
      expect((await world.ledger.bondOf(2)).total).to.equal(FUNDS);
    });

    it("was replaced: it answers, is paid, and its bond is free", async () => {
      await challenge();
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2);
      await expect(world.prove(2)).to.emit(world.audits, "BondKept").withArgs(1, 1, LOCKED);
      const before = await world.balance(provider());
      await world.challenges.answer(1, await proofOf(1));
      expect((await world.balance(provider())) - before).to.equal(BOND / 2n);
      expect(await kept()).to.equal(0n);
      expect(await world.ledger.freeBond(1)).to.equal(FUNDS);
    });

    it("has its bond locked until the last challenge is over", async () => {
      await challenge();
      await challenge();
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2);
      await world.prove(2);
      await world.challenges.answer(1, await proofOf(1));
      expect(await kept()).to.equal(LOCKED);
      await world.challenges.answer(2, await proofOf(2));
      expect([await kept(), await world.ledger.freeBond(1)]).to.deep.equal([0n, FUNDS]);
    });

    it("has its bond free if the challenge is void", async () => {
      await challenge();
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.toEpoch(4);
      await world.settle();
      expect(await kept()).to.equal(LOCKED);
      await expire(1);
      expect([await kept(), await world.ledger.freeBond(1)]).to.deep.equal([0n, FUNDS]);
    });

    it("was faulted: what is left of its lock is taken next", async () => {
      await challenge();
      // Two misses beyond grace and the fault: 20 epochs' rate.
      await world.missEach(2, 4);
      await world.settle();
      expect(await kept()).to.equal(LOCKED - 20n * RATE);
      await expire(1);
      const { total, locked } = await world.ledger.bondOf(1);
      expect([total, locked]).to.deep.equal([FUNDS - 30n * RATE, 0n]);
    });

    it("left: it announced that before", async () => {
      await world.audits.connect(provider()).announceLeave(1);
      await world.proveEach(2, 5);
      await challenge();
      await world.audits.leave(1);
      await world.begin(6);
      await world.toEpoch(8);
      await world.settle();
      expect(await kept()).to.equal(LOCKED);
      await expire(1);
      expect((await world.ledger.bondOf(1)).total).to.equal(FUNDS - SLASH);
    });

    it("moves its bond: what its segments' end frees stays until the challenge is over", async () => {
      await world.proveEach(2, 20);
      await challenge();
      await world.begin(21);
      await world.settle();
      await world.toEpoch(22);
      await world.settle();
      expect((await world.audits.state(1)).locked).to.equal(0n);
      expect(await kept()).to.equal(LOCKED);
      await expect(world.ledger.connect(provider()).requestUnbond(1, FUNDS))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(1, FUNDS - LOCKED, FUNDS);
      await world.ledger.connect(provider()).requestUnbond(1, FUNDS - LOCKED);
      await world.toEpoch(23);
      await expire(1);
      expect((await world.ledger.bondOf(1)).total).to.equal(FUNDS - SLASH);
      expect(await world.balance(world.people.treasury)).to.equal(REST);
    });

    it("is back: it is removed again", async () => {
      await challenge();
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2);
      await world.prove(2);
      await world.registry.connect(world.people.manager).assign(1, 1);
      await world.begin(3);
      await world.prove(3);
      await world.toEpoch(4);
      await expect(expire(1)).to.emit(world.audits, "Faulted").withArgs(1, 1, 4);
      const { total, locked } = await world.ledger.bondOf(1);
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
    });
  });
});
