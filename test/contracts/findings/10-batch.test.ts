// Finding 10: a batch of proofs that fits no transaction when one of them is wrong, with the real verifier.
import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { present } from "../../../evidence/world/present.ts";
import {
  createWorld,
  FUNDS,
  hashSegments,
  PARAMS,
  QUANTUM_BITS,
  RENT,
  SHAPE,
  type Params,
  type World,
} from "../../../evidence/world/world.ts";
import { ACCEPTANCE, domain } from "../../../protocol/typed-data.ts";
import { freshWorld } from "../../helpers/fresh-world.ts";
import {
  drawSecrets,
  encodeProof,
  proveWithTrapdoor,
  scalar,
  verifyingKey,
  type Inputs,
  type Words8,
} from "../../helpers/trapdoor-proofs.ts";

const MAX_BATCH = 32;
/** EIP-7825. */
const TRANSACTION_GAS = 2n ** 24n;
/** Every miss is slashed, and none is the last. */
const HARSH: Params = { ...PARAMS, grace: 0, maxMisses: 8, bondEpochs: 60 };
const secrets = drawSecrets("batch");

/** Cluster 2 has 32 vNodes, from 3 on, each of another provider's node, from 4 on, and another owner's leaf. */
async function crowdedWorld(): Promise<World> {
  const world = await createWorld();
  const { ethers, people, audits, registry, ledger, token, chain } = world;
  const known: Inputs = [scalar("root"), scalar("seed") >> 8n, 0n, 5n];
  const verifier = await ethers.deployContract("Groth16Verifier", [
    verifyingKey(secrets),
    { proof: encodeProof(proveWithTrapdoor(secrets, known)), inputs: known },
  ]);
  await audits.connect(people.treasury).addProfile({ verifier, ...SHAPE });
  const manager = registry.connect(people.manager);
  await manager.createCluster(1, 0, QUANTUM_BITS, HARSH, "crowded");
  await manager.addVNodes(
    2,
    Array.from({ length: MAX_BATCH }, (_, i) => i),
  );
  await registry.connect(people.alice).createBucket(2, false);
  const { chainId } = await ethers.provider.getNetwork();
  const typed = domain(chainId, await registry.getAddress());
  for (let i = 0; i < MAX_BATCH; i++) {
    const who: HDNodeWallet = ethers.Wallet.createRandom(ethers.provider);
    await chain.networkHelpers.setBalance(who.address, 10n ** 20n);
    await token.mint(who, FUNDS);
    await token.connect(who).approve(ledger, FUNDS);
    await ledger.connect(who).deposit(who, FUNDS);
    await registry.connect(who).registerNode(who, "", 10, RENT, FUNDS, "");
    await ledger.connect(who).bond(4 + i, FUNDS);
    await registry.connect(who).trust(people.manager, true);
    await manager.assign(3 + i, 4 + i);
    const segments = [{ root: world.freshRoot(), leaves: 1 }];
    const terms = { rent: RENT, nonce: 1n, deadline: 2n ** 60n };
    const message = {
      node: 4 + i,
      revision: 0,
      bucket: 3,
      vNode: 3 + i,
      segments: hashSegments(segments),
      epochs: 40,
      ...terms,
    };
    const signature = await who.signTypedData(typed, ACCEPTANCE, message);
    await registry.connect(people.alice).store(3, 3 + i, segments, 40, RENT, { ...terms, signature });
  }
  return world;
}

describe("contracts: finding 10, the largest batch", function () {
  this.timeout(120_000);
  let world: World;
  const fresh = freshWorld(crowdedWorld);
  beforeEach(async () => {
    world = await fresh();
  });

  const vNodes = Array.from({ length: MAX_BATCH }, (_, i) => 3 + i);
  const proofs = (epoch: number): Promise<Words8[]> =>
    Promise.all(
      vNodes.map(async (vNode) => {
        const { root, seed, total } = await world.audits.duty(vNode, epoch);
        return encodeProof(proveWithTrapdoor(secrets, [BigInt(root), seed, 0n, total], `proof ${vNode}`));
      }),
    );
  const send = async (epoch: number, batch: Words8[]): Promise<bigint> => {
    const gasLimit = TRANSACTION_GAS;
    const sent = await world.audits.proveBatch(vNodes, epoch, batch, { gasLimit });
    return present((await sent.wait()) ?? undefined).gasUsed;
  };
  const proven = async (): Promise<number> =>
    (await world.audits.queryFilter(world.audits.filters.Proven())).length;

  for (const missed of [0, 2]) {
    it(`with one wrong but well-formed proof, and ${missed} missed epochs behind each, fits a transaction`, async () => {
      for (let epoch = 1; epoch <= missed; epoch++) await world.begin(epoch);
      const epoch = missed + 1;
      await world.begin(epoch);
      const batch = await proofs(epoch);
      // Of another statement: a pairing that is computed, and is none.
      batch[17] = encodeProof(proveWithTrapdoor(secrets, [1n, 2n, 3n, 4n]));
      const gas = await send(epoch, batch);
      expect(await proven()).to.equal(MAX_BATCH - 1);
      expect((await world.audits.state(present(vNodes[17]))).settled).to.equal(BigInt(missed));
      expect(Number(gas)).to.be.lessThan(Number(TRANSACTION_GAS));
    });
  }

  it("leaves out those with more behind than fits, all together, until they are settled", async () => {
    for (const epoch of [1, 2, 3]) await world.begin(epoch);
    await world.begin(4);
    const batch = await proofs(4);
    const accepted = await world.audits.proveBatch.staticCall(vNodes, 4, batch);
    // Three epochs each, of 64.
    expect(accepted.flatMap((one, i) => (one ? [i] : []))).to.deep.equal(
      Array.from({ length: 21 }, (_, i) => i),
    );
    for (const vNode of vNodes) await world.audits.settle(vNode, 3);
    batch[17] = encodeProof(proveWithTrapdoor(secrets, [1n, 2n, 3n, 4n]));
    await send(4, batch);
    expect(await proven()).to.equal(MAX_BATCH - 1);
  });

  it("with right proofs alone costs less than half of that", async () => {
    await world.begin(1);
    const gas = await send(1, await proofs(1));
    expect(await proven()).to.equal(MAX_BATCH);
    expect(Number(gas)).to.be.lessThan(6_000_000);
  });
});
