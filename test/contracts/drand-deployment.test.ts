// The drand beacon of a deployment: rounds that come late, or not at all.
import { expect } from "chai";
import { publicKeyOf, roundEvidence, roundFor, signRound, type DrandChain } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import {
  createWorld,
  EPOCH,
  MARGIN as WORLD_MARGIN,
  PARAMS,
  PROTOCOL_FEE,
  QUANTUM_BITS,
  WINDOW,
  type World,
} from "../../evidence/world/world.ts";
import { sourcePoint } from "../../protocol/epochs.ts";
import type { DrandBeacon } from "../../types/ethers/index.js";
import { keyWords } from "../helpers/evmnet.ts";
import { named } from "../helpers/named.ts";
import { scalar } from "../helpers/trapdoor-proofs.ts";

const secret = scalar("drand key");
const ownKey = publicKeyOf(secret);

describe("contracts: DrandBeacon in a deployment", () => {
  /** Of which the beacon is the second: cluster 2, its vNode 3 and alice's bucket 3 rely on it. */
  const BEACON = 1;
  const RATE = 1000n;
  const FEE = (RATE * BigInt(PROTOCOL_FEE + PARAMS.managerFee + PARAMS.auditFee)) / 10_000n;
  const PAID = RATE - FEE;
  let world: World;
  let own: DrandBeacon;
  let drand: DrandChain;
  const clock = () => ({ genesis: world.genesis, epochSeconds: EPOCH, margin: WORLD_MARGIN });
  const signatureFor = (epoch: number): Uint8Array => signRound(secret, roundFor(epoch, clock(), drand));
  const record = (epoch: number) => world.audits.recordBeacon(BEACON, epoch, signatureFor(epoch));
  const toSource = (epoch: number) => world.chain.networkHelpers.time.increaseTo(sourcePoint(epoch, clock()));
  const provider = () => present(world.people.providers[0]);
  beforeEach(async () => {
    world = await createWorld();
    const { people, registry, audits, genesis } = world;
    drand = { publicKey: ownKey, genesis: genesis - 500, period: 3 };
    own = await world.ethers.deployContract("DrandBeacon", [
      keyWords(ownKey),
      drand.genesis,
      drand.period,
      { audits, ...clock() },
    ]);
    await audits.connect(people.treasury).addBeacon(own);
    const manager = registry.connect(people.manager);
    await manager.createCluster(0, BEACON, QUANTUM_BITS, PARAMS, "on drand");
    await manager.addVNodes(2, [1]);
    await manager.assign(3, 1);
    await registry.connect(people.alice).createBucket(2, false);
    await world.store({ bucket: 3, vNode: 3, epochs: 30 });
  });

  it("a round that comes late, but while proofs count, is proven and paid", async () => {
    await world.at(1, WORLD_MARGIN + WINDOW - 2);
    await record(1);
    const proof = await world.proof(1, 3);
    await world.at(1, WORLD_MARGIN + WINDOW - 1);
    await world.audits.prove(3, 1, proof);
    expect(await world.balance(provider())).to.equal(PAID);
  });

  it("epochs in which drand is silent stay void, and are paid with the next one that is proven", async () => {
    await toSource(1);
    await record(1);
    await world.prove(1, 3);
    await toSource(6);
    for (const epoch of [2, 5])
      await expect(record(epoch)).to.be.revertedWithCustomError(own, "NotDuringEpoch");
    const { total } = await world.ledger.bondOf(1);
    const sent = await world.settle(3);
    for (const epoch of [2, 3, 4, 5])
      await expect(sent)
        .to.emit(world.audits, "EpochDeferred")
        .withArgs(...named(world.audits, "EpochDeferred", { vNode: 3, node: 1, epoch, rate: RATE }));
    await expect(sent).not.to.emit(world.audits, "Missed");
    expect(await world.balance(provider())).to.equal(PAID);
    expect((await world.ledger.bondOf(1)).total).to.equal(total);

    await record(6);
    const proof = await world.proof(6, 3);
    await expect(world.audits.prove(3, 6, proof))
      .to.emit(world.audits, "Proven")
      .withArgs(
        ...named(world.audits, "Proven", {
          vNode: 3,
          node: 1,
          epoch: 6,
          since: 2,
          amount: 5n * PAID,
          fee: 5n * FEE,
          refunded: 0,
        }),
      );
    const { settled, misses } = await world.audits.state(3);
    expect([settled, misses]).to.deep.equal([6n, 0n]);
    expect(await world.balance(provider())).to.equal(6n * PAID);
  });

  it("epochs in which drand is silent pay nobody whom no proof follows (finding 7)", async () => {
    await toSource(1);
    await record(1);
    await world.prove(1, 3);
    await toSource(6);
    await record(6);
    await world.toEpoch(7);
    const sent = await world.settle(3);
    await expect(sent)
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 3, node: 1, epoch: 6, misses: 1 }));
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(
        ...named(world.audits, "EpochsRefunded", { vNode: 3, since: 2, epoch: 6, amount: 5n * RATE }),
      );
    expect(await world.balance(provider())).to.equal(PAID);
  });

  it("a silence between two misses does not part them: they are still in a row", async () => {
    await toSource(1);
    await record(1);
    await toSource(5);
    await record(5);
    await world.toEpoch(6);
    const sent = await world.settle(3);
    await expect(sent)
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 3, node: 1, epoch: 1, misses: 1 }));
    await expect(sent)
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 3, node: 1, epoch: 5, misses: 2 }));
    expect((await world.audits.state(3)).misses).to.equal(2n);
  });

  it("the round travels with the proof, so that nobody has to wait for anybody", async () => {
    await toSource(1);
    const evidence = roundEvidence(roundFor(1, clock(), drand), signatureFor(1));
    const recorded = await world.chain.networkHelpers.takeSnapshot();
    await record(1);
    const proof = await world.proof(1, 3);
    await recorded.restore();
    await world.audits.multicall([
      world.audits.interface.encodeFunctionData("recordBeacon", [BEACON, 1, evidence]),
      world.audits.interface.encodeFunctionData("prove", [3, 1, proof]),
    ]);
    expect(await world.balance(provider())).to.equal(PAID);
  });
});
