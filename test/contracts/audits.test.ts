// Deployment, parameters, randomness and proofs: what is refused, replayed, or delivered by the batch.
import { expect } from "chai";
import { auditSeed, publicInputs } from "../../protocol/statement.ts";
import { present } from "../helpers/present.ts";
import {
  createWorld,
  deployBooks,
  EPOCH,
  FUNDS,
  PARAMS,
  SHAPE,
  WINDOW,
  type Params,
  type Proof,
  type World,
} from "../helpers/world.ts";

const REFUSAL = {
  ...{ noSuchVNode: 1, notCurrentEpoch: 2, settleFirst: 3, alreadyProven: 4, noRandomness: 5, notDue: 6 },
  ...{ windowClosed: 7 },
};

describe("contracts: Audits", () => {
  let world: World;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());

  const refused = async (attempt: Promise<unknown>, vNode: number, epoch: number, reason: number) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.audits, "ProofRefused")
      .withArgs(vNode, epoch, reason);

  describe("deployment", () => {
    interface Choice {
      profiles: { verifier: unknown; samples: number; dataDepth: number; directoryDepth: number }[];
      beacons: unknown[];
      genesis: number;
      epochSeconds: number;
      protocolFee: number;
      unbond: number;
      meanwhile: boolean;
      /** Deployed in the second in which time begins. */
      atGenesis: boolean;
    }
    const attempt = async (choice: Partial<Choice>) => {
      const { ethers, people, token, verifier, beacon } = world;
      const { ledger, registry, libraries } = await deployBooks(
        { ethers },
        people.deployer,
        token,
        people.treasury,
        choice.unbond ?? 2 * EPOCH,
      );
      if (choice.meanwhile) await token.connect(people.deployer).mint(people.deployer, 1n);
      const factory = await ethers.getContractFactory("Audits", { libraries });
      if (choice.atGenesis)
        await world.chain.networkHelpers.time.setNextBlockTimestamp(present(choice.genesis));
      return factory.deploy(
        ledger,
        registry,
        (choice.profiles ?? [{ verifier, ...SHAPE }]) as never,
        (choice.beacons ?? [beacon]) as never,
        choice.genesis ?? world.genesis,
        choice.epochSeconds ?? EPOCH,
        choice.protocolFee ?? 500,
      );
    };

    it("is what it should be with four profiles and four beacons", async () => {
      const { verifier, beacon } = world;
      const profiles = [1, 2, 3, 4].map((samples) => ({ verifier, ...SHAPE, samples }));
      const audits = await attempt({ profiles, beacons: [beacon, verifier, beacon, verifier] });
      expect([await audits.profileCount(), await audits.beaconCount()]).to.deep.equal([4n, 4n]);
      for (const i of [0, 1, 2, 3]) {
        const profile = await audits.profiles(i);
        expect([...profile]).to.deep.equal([await verifier.getAddress(), BigInt(i + 1), 2n, 2n]);
        expect(await audits.beacons(i)).to.equal(await (i % 2 ? verifier : beacon).getAddress());
      }
      await expect(audits.profiles(4)).to.be.revertedWithCustomError(audits, "NoSuchProfile").withArgs(4);
      await expect(audits.beacons(4)).to.be.revertedWithCustomError(audits, "NoSuchBeacon").withArgs(4);
    });

    it("works with fewer of them, and with the longest epochs that fit", async () => {
      const { beacon, verifier } = world;
      const longest = 2 ** 32 - 1;
      const audits = await attempt({
        ...{ beacons: [beacon, verifier], epochSeconds: longest, unbond: 2 * longest },
      });
      expect(await audits.quarterEpochs()).to.equal(1n);
      expect(await audits.beacons(1)).to.equal(await verifier.getAddress());
      await expect(audits.beacons(2)).to.be.revertedWithCustomError(audits, "NoSuchBeacon").withArgs(2);
      const three = await attempt({ beacons: [beacon, beacon, verifier] });
      expect(await three.beacons(2)).to.equal(await verifier.getAddress());
    });

    it("may begin with its time, and have the deepest directories", async () => {
      const { verifier } = world;
      const genesis = (await world.chain.networkHelpers.time.latest()) + 100;
      const profiles = [{ verifier, ...SHAPE, directoryDepth: 8 }];
      const audits = await attempt({ genesis, atGenesis: true, profiles });
      expect(await audits.currentEpoch()).to.equal(0n);
      expect((await audits.profiles(0)).directoryDepth).to.equal(8n);
    });

    for (const wire of [
      "the ledger's registry",
      "the ledger's audits",
      "the registry's ledger",
      "the registry's audits",
    ]) {
      it(`fails when ${wire} is another`, async () => {
        const { ethers, people, token, verifier, beacon } = world;
        const segments = await ethers.deployContract("Segments");
        const settlement = await ethers.deployContract("Settlement");
        const [from, nonce] = [people.deployer.address, await people.deployer.getNonce()];
        const [ledger, registry, audits] = [0, 1, 2].map((i) =>
          ethers.getCreateAddress({ from, nonce: nonce + i }),
        ) as [string, string, string];
        const or = (name: string, fit: string): string => (name === wire ? people.stranger.address : fit);
        await ethers.deployContract("Ledger", [
          ...[token, or("the ledger's registry", registry), or("the ledger's audits", audits)],
          ...[people.alice, people.treasury, 2 * EPOCH],
        ]);
        await ethers.deployContract(
          "Registry",
          [or("the registry's ledger", ledger), or("the registry's audits", audits)],
          { libraries: { Segments: await segments.getAddress() } },
        );
        const factory = await ethers.getContractFactory("Audits", {
          libraries: { Settlement: await settlement.getAddress() },
        });
        const profiles = [{ verifier, ...SHAPE }];
        await expect(
          factory.deploy(ledger, registry, profiles, [beacon], world.genesis, EPOCH, 500),
        ).to.be.revertedWithCustomError(world.audits, "BadDeployment");
      });
    }

    const broken: Record<string, Partial<Choice> | (() => Partial<Choice>)> = {
      "that the others do not expect": { meanwhile: true },
      "without a profile": { profiles: [] },
      "with five profiles": () => ({
        profiles: [1, 2, 3, 4, 5].map((samples) => ({ verifier: world.verifier, ...SHAPE, samples })),
      }),
      "without a beacon": { beacons: [] },
      "with five beacons": () => ({ beacons: new Array<unknown>(5).fill(world.beacon) }),
      "whose verifier has no code": () => ({ profiles: [{ verifier: world.people.alice, ...SHAPE }] }),
      "that samples nothing": () => ({ profiles: [{ verifier: world.verifier, ...SHAPE, samples: 0 }] }),
      "whose segments are too deep": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, dataDepth: 8 }],
      }),
      "without directories": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, directoryDepth: 0 }],
      }),
      "whose directories are too deep": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, directoryDepth: 9 }],
      }),
      "whose time has not begun": { genesis: 2 ** 40 },
      "without time": { epochSeconds: 0 },
      "whose epochs are too long": { epochSeconds: 2 ** 32, unbond: 2 ** 34 },
      "whose bonds leave within two epochs": { unbond: 2 * EPOCH - 1 },
      "whose protocol takes more than 5 %": { protocolFee: 501 },
    };
    for (const [name, choice] of Object.entries(broken)) {
      it(`fails for one ${name}`, async () => {
        const attempted = attempt(typeof choice === "function" ? choice() : choice);
        await expect(attempted).to.be.revertedWithCustomError(world.audits, "BadDeployment");
      });
    }
  });

  describe("a cluster's parameters", () => {
    const create = (params: Partial<Params>, profile = 0, beacon = 0) =>
      world.registry.createCluster(profile, beacon, { ...PARAMS, ...params }, "");
    const bad = (name: keyof Params, value: number, others: Partial<Params> = {}) =>
      it(`refuse ${name} = ${value}`, async () => {
        await expect(create({ ...others, [name]: value }))
          .to.be.revertedWithCustomError(world.audits, "BadParameter")
          .withArgs(name, value);
      });
    bad("odds", 0);
    bad("odds", 1025);
    bad("window", EPOCH / 4 - 1);
    bad("window", EPOCH + 1);
    bad("maxMisses", 0);
    bad("maxMisses", 33, { bondEpochs: 1000 });
    bad("grace", 3);
    bad("slashMultiple", 101, { bondEpochs: 1000 });
    bad("faultMultiple", 1001, { bondEpochs: 5000 });
    bad("syncEpochs", 0);
    bad("bondEpochs", 19);
    bad("bondEpochs", 16_384);
    bad("managerFee", 2001);
    bad("auditFee", 1001);
    bad("reporterShare", 2001);

    it("refuse a profile or beacon that is not there", async () => {
      await expect(create({}, 1)).to.be.revertedWithCustomError(world.audits, "NoSuchProfile").withArgs(1);
      await expect(create({}, 0, 1))
        .to.be.revertedWithCustomError(world.audits, "NoSuchBeacon")
        .withArgs(1);
    });

    it("are kept as they were given, at their largest too", async () => {
      const largest = {
        ...{ odds: 1024, window: EPOCH, grace: 31, maxMisses: 32, slashMultiple: 100, faultMultiple: 1000 },
        ...{ syncEpochs: 255, bondEpochs: 16_383, managerFee: 2000, auditFee: 1000, reporterShare: 2000 },
      };
      await create(largest);
      const kept = await world.audits.params(2);
      for (const name of Object.keys(largest) as (keyof Params)[])
        expect(kept.params_[name], name).to.equal(BigInt(largest[name]));
      expect([kept.profile, kept.beacon]).to.deep.equal([0n, 0n]);
    });
  });

  describe("roles", () => {
    it("keeps what is the registry's from everyone else", async () => {
      const audits = world.audits.connect(world.people.deployer);
      for (const attempt of [
        () => audits.openCluster(9, 0, 0, PARAMS),
        () => audits.openVNode(9, 1),
        () => audits.assign(1, 2, world.people.deployer),
        () => audits.commit(1, 1n, 1, 2),
      ]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(audits, "Unauthorized")
          .withArgs(world.people.deployer);
      }
    });

    it("has no vNode that was not added", async () => {
      for (const attempt of [
        () => world.audits.settle(9, 1),
        () => world.audits.state(9),
        () => world.audits.duty(9, 0),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(world.audits, "NoSuchVNode").withArgs(9);
      }
    });
  });

  describe("randomness", () => {
    it("is recorded by anyone, once", async () => {
      await world.toEpoch(1);
      const [first, second] = [world.ethers.toBeHex(5, 32), world.ethers.toBeHex(6, 32)];
      await world.audits.connect(world.people.stranger).recordBeacon(0, 1, first);
      await world.audits.recordBeacon(0, 1, second);
      expect(await world.audits.randomness(0, 1)).to.equal(first);
    });

    it("comes along with a proof, so that nobody can hold that up", async () => {
      await world.store();
      await world.toEpoch(1);
      const random = world.ethers.toBeHex(5, 32);
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      await world.audits.recordBeacon(0, 1, random);
      const proof = await world.proof(1);
      await snapshot.restore();
      await world.audits.multicall([
        world.audits.interface.encodeFunctionData("recordBeacon", [0, 1, random]),
        world.audits.interface.encodeFunctionData("prove", [1, 1, proof]),
      ]);
      expect((await world.audits.state(1)).settled).to.equal(1n);
    });

    it("comes with nothing that Audits does not know", async () => {
      const calls = [world.audits.interface.encodeFunctionData("recordBeacon", [0, 0, "0x05"]), "0x12345678"];
      await expect(world.audits.multicall(calls)).to.be.revertedWithCustomError(world.audits, "FailedCall");
    });
  });

  describe("what a proof must show", () => {
    it("is nothing in epoch 0, nor of a vNode that is newer than the epoch", async () => {
      await world.begin(0);
      await refused(world.audits.prove(1, 0, [0, 0, 0, 0, 1, 0, 0, 0]), 1, 0, REFUSAL.notCurrentEpoch);
      await world.begin(1);
      await world.registry.connect(world.people.manager).addVNodes(1, [30]);
      const { due, proven, seed } = await world.audits.duty(3, 1);
      expect([due, proven, seed === 0n]).to.deep.equal([false, false, false]);
    });

    it("is the seed of protocol/, the directory as the epoch began, and all of it", async () => {
      await world.store({ leaves: [3, 4] });
      await world.begin(1);
      await world.store({ leaves: [5] });
      const duty = await world.audits.duty(1, 1);
      const { chainId } = await world.ethers.provider.getNetwork();
      const seed = auditSeed({
        chainId,
        audits: await world.audits.getAddress(),
        ...{ vNode: 1n, node: 1n, epoch: 1n },
        randomness: world.ethers.toBeHex(2, 32) as `0x${string}`,
      });
      expect(duty.seed).to.equal(seed);
      expect(duty.total).to.equal(7n);
      expect([duty.due, duty.proven]).to.deep.equal([true, false]);
      expect(duty.deadline).to.equal(world.genesis + EPOCH + WINDOW);
      const inputs = publicInputs({ directoryRoot: BigInt(duty.root), seed, start: 0, length: 7 });
      await world.audits.prove(1, 1, [...inputs, 1n, 0n, 0n, 0n]);
      const after = await world.audits.duty(1, 1);
      expect([after.due, after.proven]).to.deep.equal([true, true]);
    });

    it("is refused with any one of the four changed", async () => {
      await world.store();
      await world.begin(1);
      const proof = await world.proof(1);
      for (const i of [0, 1, 2, 3, 4]) {
        const changed = proof.with(i, present(proof[i]) + 1n) as Proof;
        await expect(world.audits.prove(1, 1, changed))
          .to.be.revertedWithCustomError(world.audits, "ProofInvalid")
          .withArgs(1, 1);
      }
      expect((await world.audits.state(1)).settled).to.equal(0n);
      expect(await world.balance(present(world.people.providers[0]))).to.equal(0n);
    });

    it("is asked for the running epoch only", async () => {
      await world.store();
      await world.begin(1);
      for (const epoch of [0, 2]) {
        await expect(world.audits.duty(1, epoch))
          .to.be.revertedWithCustomError(world.audits, "NotCurrentEpoch")
          .withArgs(epoch, 1);
      }
    });
  });

  describe("a proof", () => {
    beforeEach(async () => {
      await world.store({ epochs: 200 });
    });

    it("is worth nothing in another epoch", async () => {
      await world.begin(1);
      const proof = await world.proof(1);
      await refused(world.audits.prove(1, 2, proof), 1, 2, REFUSAL.notCurrentEpoch);
      await world.begin(2, 2); // even with the same randomness
      await refused(world.audits.prove(1, 1, proof), 1, 1, REFUSAL.notCurrentEpoch);
      await expect(world.audits.prove(1, 2, proof)).to.be.revertedWithCustomError(
        world.audits,
        "ProofInvalid",
      );
    });

    it("is worth nothing for another vNode with the same data", async () => {
      const root = world.ethers.toBeHex(77, 32);
      await restore();
      await world.registry.connect(world.people.manager).assign(2, 1);
      for (const vNode of [1, 2]) await world.store({ vNode, roots: [root], epochs: 200 });
      await world.begin(1);
      const [first, second] = [await world.audits.duty(1, 1), await world.audits.duty(2, 1)];
      expect(first.root).to.equal(second.root);
      expect(first.seed).not.to.equal(second.seed);
      await expect(world.audits.prove(2, 1, await world.proof(1, 1)))
        .to.be.revertedWithCustomError(world.audits, "ProofInvalid")
        .withArgs(2, 1);
      await world.prove(1, 1);
      expect((await world.audits.state(2)).settled).to.equal(0n);
    });

    it("is worth nothing for another node", async () => {
      await world.begin(1);
      const before = await world.audits.duty(1, 1);
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(2, 2);
      const after = await world.audits.duty(1, 2);
      const { chainId } = await world.ethers.provider.getNetwork();
      const old = auditSeed({
        ...{ chainId, audits: await world.audits.getAddress(), vNode: 1n, node: 1n, epoch: 2n },
        randomness: world.ethers.toBeHex(2, 32) as `0x${string}`,
      });
      expect(after.seed).not.to.equal(old);
      await expect(
        world.audits.prove(1, 2, [BigInt(before.root), old, 0n, 1n, 1n, 0n, 0n, 0n]),
      ).to.be.revertedWithCustomError(world.audits, "ProofInvalid");
    });

    it("is not needed where nothing is stored or nobody is responsible", async () => {
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.begin(1);
      await refused(world.audits.prove(2, 1, await world.proof(1, 2)), 2, 1, REFUSAL.notDue);
      await world.registry.connect(world.people.manager).assign(1, 0);
      await world.begin(2);
      await refused(world.prove(2), 1, 2, REFUSAL.notDue);
      await refused(world.audits.prove(9, 2, await world.proof(2)), 9, 2, REFUSAL.noSuchVNode);
    });

    it("settles no more than 64 epochs on its way", async () => {
      await world.begin(66);
      await refused(world.prove(66), 1, 66, REFUSAL.settleFirst);
      await world.settle(1, 1);
      await world.begin(66);
      await world.prove(66);
      expect((await world.audits.state(1)).settled).to.equal(66n);
    });

    it("settles nothing in the first epoch, which nobody has to prove", async () => {
      expect(await world.audits.settle.staticCall(2, 10)).to.equal(0n);
      await world.settle(2);
      expect((await world.audits.state(2)).settled).to.equal(0n);
    });

    it("credits nothing for no time", async () => {
      await world.missEach(1, 2);
      await world.settle();
      expect(await world.audits.creditBetween(1, 2, 2)).to.deep.equal([2n, 0n]);
      expect(await world.audits.creditBetween(1, 7, 9)).to.deep.equal([7n, 0n]);
    });

    it("says in events what was paid, and for which epoch", async () => {
      await world.proveEach(1, 3);
      const paid = await world.audits.queryFilter(world.audits.filters.Proven());
      expect(
        paid.map(({ args }) => [args.vNode, args.node, args.epoch, args.amount, args.fee]),
      ).to.deep.equal([1n, 2n, 3n].map((epoch) => [1n, 1n, epoch, 960n, 40n]));
    });
  });

  describe("a batch", () => {
    const proofs = (epoch: number, vNodes: readonly number[]) =>
      Promise.all(vNodes.map((vNode) => world.proof(epoch, vNode)));
    const accepted = async (
      epoch: number,
      vNodes: number[],
      batch?: Awaited<ReturnType<typeof proofs>>,
    ): Promise<boolean[]> => {
      const given = batch ?? (await proofs(epoch, vNodes));
      const answer = await world.audits.proveBatch.staticCall(vNodes, epoch, given);
      await world.audits.proveBatch(vNodes, epoch, given);
      return [...answer];
    };
    beforeEach(async () => {
      await world.registry.connect(world.people.manager).addVNodes(1, [30]);
      await world.registry.connect(world.people.manager).assign(2, 2);
      await world.registry.connect(world.people.manager).assign(3, 2);
      const second = present(world.people.operators[1]);
      await world.store({ vNode: 1 });
      await world.store({ vNode: 2, leaves: [2], operator: second });
      await world.store({ vNode: 3, leaves: [3], operator: second });
      await world.begin(1);
    });

    it("pays every vNode as a proof of its own does", async () => {
      expect(await accepted(1, [1, 2, 3])).to.deep.equal([true, true, true]);
      expect(await world.balance(present(world.people.providers[0]))).to.equal(960n);
      expect(await world.balance(present(world.people.providers[1]))).to.equal(5n * 960n);
      expect(await world.ledger.feesOf(1)).to.equal(6n * 40n);
      const { escrow, fees } = await world.totals();
      expect([escrow, fees]).to.deep.equal([6n * 1000n * 9n, 240n]);
    });

    it("leaves out a proof that does not hold, and takes the others", async () => {
      const batch = await proofs(1, [1, 2, 3]);
      present(batch[1])[4] = 0n;
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([true, false, true]);
      expect((await world.audits.state(2)).settled).to.equal(0n);
      expect(await world.balance(present(world.people.providers[1]))).to.equal(3n * 960n);
    });

    it("leaves out what somebody else has proven meanwhile, another epoch, and what is not there", async () => {
      const batch = await proofs(1, [1, 2, 3]);
      await world.prove(1, 2);
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([true, false, true]);
      await world.begin(2);
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([false, false, false]);
      const [first, second] = await proofs(2, [1, 2]);
      const some = [present(first), present(second)];
      expect(await accepted(2, [9, 2], some)).to.deep.equal([false, true]);
    });

    /** vNode 4, of a cluster with beacon 1; epoch 2 has begun by both. */
    const addCluster = async (profile: number): Promise<void> => {
      const { ethers, people, audits, registry } = world;
      const beacon = await ethers.deployContract("SettableBeacon");
      await audits.connect(people.treasury).addBeacon(beacon);
      await registry.connect(people.manager).createCluster(profile, 1, PARAMS, "two");
      await registry.connect(people.manager).addVNodes(2, [1]);
      await registry.connect(people.manager).assign(4, 3);
      await registry.connect(people.alice).createBucket(2, false);
      const operator = present(people.operators[2]);
      await world.store({ by: people.alice, bucket: 3, vNode: 4, operator });
      await world.begin(2);
      await audits.recordBeacon(1, 2, ethers.toBeHex(7, 32));
    };

    it("leaves out another profile's proofs than the first one's, each by its own beacon", async () => {
      const { ethers, people, audits } = world;
      const verifier = await ethers.deployContract("FlagVerifier");
      await audits.connect(people.treasury).addProfile({ verifier, ...SHAPE });
      await addCluster(1);
      expect(await accepted(2, [4, 1])).to.deep.equal([true, false]);
      expect(await accepted(2, [1])).to.deep.equal([true]);
    });

    it("takes proofs by different beacons, each by its own", async () => {
      await addCluster(0);
      expect(await accepted(2, [1, 4, 2])).to.deep.equal([true, true, true]);
    });

    it("counts the same vNode once", async () => {
      expect(await accepted(1, [1, 1, 2])).to.deep.equal([true, false, true]);
      expect(await world.balance(present(world.people.providers[0]))).to.equal(960n);
    });

    it("of nothing good changes nothing", async () => {
      const batch = await proofs(1, [1, 2]);
      for (const proof of batch) proof[4] = 0n;
      expect(await accepted(1, [1, 2], batch)).to.deep.equal([false, false]);
      await world.begin(2);
      expect(await accepted(1, [1, 2], batch)).to.deep.equal([false, false]);
    });

    it("settles what was missed before", async () => {
      await world.begin(2);
      expect(await accepted(2, [1, 2, 3])).to.deep.equal([true, true, true]);
      expect(await world.ledger.bondOf(2)).to.have.property("0", FUNDS);
      expect((await world.totals()).credits).to.equal(6000n);
    });

    it("has one proof at least, 64 at most, and as many as vNodes", async () => {
      const proof = await world.proof(1);
      for (const [vNodes, count] of [
        [0, 0],
        [65, 65],
        [2, 1],
        [1, 2],
      ] as const) {
        const ids = new Array<number>(vNodes).fill(1);
        await expect(world.audits.proveBatch(ids, 1, new Array<typeof proof>(count).fill(proof)))
          .to.be.revertedWithCustomError(world.audits, "BadBatch")
          .withArgs(vNodes, count);
      }
      const most = await world.audits.proveBatch.staticCall(
        new Array<number>(64).fill(1),
        1,
        new Array<typeof proof>(64).fill(proof),
      );
      expect(most.indexOf(true)).to.equal(0);
      expect(most.lastIndexOf(true)).to.equal(0);
    });
  });
});
