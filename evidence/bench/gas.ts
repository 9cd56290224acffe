/**
 * The gas of every kind of transaction, on its own chain, with the real verifier, beacon and proofs. Storage slots have been
 * written before, as in a system that has been running for a while.
 */
import { createHash } from "node:crypto";
import type { Signer } from "ethers";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine, type Engine } from "../../groth16/engine.ts";
import type { ProofWords } from "../../groth16/words.ts";
import { ensureProfile } from "../../keys/make.ts";
import { Directory } from "../../protocol/directory.ts";
import { minMargin, sourcePoint } from "../../protocol/epochs.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { openingsOf } from "../world/openings.ts";
import { createSystem, EPOCH_SECONDS, FUNDS, PROFILE, QUANTUM_BITS, RENT, type Sent } from "./gas-system.ts";

export interface GasRow {
  readonly transaction: string;
  readonly batch: number;
  readonly gasPerItem: number;
}

/** Sizes of the batches. The same proofs are sent from the same state. */
const BATCHES = [1, 8, 32];
/** Number of vNodes that prove, each with its own provider. One more vNode misses, and one more node is the standby. */
const PROVING = Math.max(...BATCHES);
const MISSING = PROVING + 1;
/** The most that acceptances may lock in an epoch. */
const LOCK = 2n ** 95n;
/** Segments in one call of store. */
const STORED = 32;
/** Rounds to record. The gas of each depends on how many roots its hash to the curve needs. */
const ROUNDS = 16;
const PARAMS = {
  odds: 1,
  window: EPOCH_SECONDS - minMargin(EPOCH_SECONDS),
  grace: 1,
  maxMisses: 3,
  slashMultiple: 5,
  faultMultiple: 10,
  syncEpochs: 3,
  bondEpochs: 20,
  managerFee: 200,
  auditFee: 100,
  reporterShare: 1000,
};

export async function benchGas(): Promise<GasRow[]> {
  await ensureProfile(PROFILE);
  const engine = await createEngine(await loadProvingArtifacts(PROFILE));
  try {
    const bench = await createBench(engine);
    await bench.people();
    await bench.cluster();
    await bench.storing();
    await bench.firstPayments();
    await bench.randomness();
    await bench.proving();
    await bench.missing();
    await bench.challenging();
    await bench.leaving();
    await bench.deepStoring();
    await bench.handingOver();
    return bench.rows;
  } finally {
    await engine.close();
  }
}

async function createBench(engine: Engine) {
  const system = await createSystem(engine);
  const { ethers, networkHelpers, chainId, deployment } = system;
  const { manager, app, auditor, treasury, providers, providerOf } = system;
  const { token, ledger, registry, audits, challenges } = system;
  const { profile, tree, weight, toEpoch, record, store, storeFor, extend, proofFor, prove } = system;
  const rows: GasRow[] = [];

  const gasOf = async (sent: Sent): Promise<number> => {
    const receipt = await (await sent).wait();
    if (!receipt) throw new Error("a transaction was not mined");
    return Number(receipt.gasUsed);
  };
  const count = async (transaction: string, sent: Sent, batch = 1): Promise<void> => {
    rows.push({ transaction, batch, gasPerItem: Math.round((await gasOf(sent)) / batch) });
  };

  return {
    rows,

    async people(): Promise<void> {
      for (const signer of [app, manager]) await token.mint(signer, 4n * FUNDS);
      await token.connect(app).approve(ledger, 3n * FUNDS);
      await ledger.connect(app).deposit(app, FUNDS);
      await count("deposit", ledger.connect(app).deposit(app, FUNDS));
      const deadline = 2n ** 60n;
      const permit = await manager.signTypedData(
        { name: "Holdfast Test", version: "1", chainId, verifyingContract: deployment.token },
        {
          Permit: ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"]
            .map((field) => field.split(" "))
            .map(([type = "", name = ""]) => ({ name, type })),
        },
        { owner: manager.address, spender: deployment.ledger, value: FUNDS, nonce: 0, deadline },
      );
      const { v, r, s } = ethers.Signature.from(permit);
      await count(
        "depositWithPermit",
        ledger.connect(manager).depositWithPermit(manager, FUNDS, deadline, v, r, s),
      );
      await count("withdraw", ledger.connect(app).withdraw(app, 1n));

      for (let i = 0; i < MISSING + 1; i++) {
        const provider = ethers.Wallet.createRandom(ethers.provider);
        providers.push(provider);
        await networkHelpers.setBalance(provider.address, 10n ** 20n);
        await token.mint(provider, FUNDS);
        await token.connect(provider).approve(ledger, FUNDS);
        await ledger.connect(provider).deposit(provider, FUNDS);
        const own = registry.connect(provider);
        const registered = own.registerNode(provider, "http://node.example:8080", 10n ** 9n, RENT, LOCK, "");
        await (i === 1 ? count("registerNode", registered) : registered);
        const bonded = ledger.connect(provider).bond(i + 1, FUNDS / 2n);
        await (i === 1 ? count("bond", bonded) : bonded);
        await (i === 1 ? count("trust", own.trust(manager, true)) : own.trust(manager, true));
        if (i === 1) {
          const url = "http://other.example:8080";
          await count("updateNode", own.updateNode(2, provider, url, 10n ** 9n, RENT, LOCK, ""));
        }
      }
    },

    async cluster(): Promise<void> {
      const own = registry.connect(manager);
      await count("createCluster", own.createCluster(0, 0, QUANTUM_BITS, PARAMS, "a cluster"));
      await count("proposeManager", own.proposeManager(1, manager));
      await own.addVNodes(1, [1]);
      await count("addVNodes", own.addVNodes(1, [2]));
      const tokens = Array.from({ length: MISSING - 2 }, (_, i) => i + 3);
      await count("addVNodes", own.addVNodes(1, tokens), tokens.length);
      await own.addStandby(1, MISSING + 1);
      await count("addStandby", own.addStandby(1, 1));
      await count("removeStandby", own.removeStandby(1, 1));
      await own.assign(1, 1);
      await count("assign, a vNode without data", own.assign(2, 2));
      for (let vNode = 3; vNode <= MISSING; vNode++) await own.assign(vNode, vNode);
    },

    async storing(): Promise<void> {
      const own = registry.connect(app);
      await own.createBucket(1, false);
      await count("createBucket", own.createBucket(1, false));
      await count("setReader", own.setReader(1, auditor, true));
      await count("setWriter", own.setWriter(1, auditor, true));
      await count("setPublic", own.setPublic(1, true));
      await count("transferBucket", own.transferBucket(2, auditor));
      await count("store, a vNode's first segment", await store(1, [tree.root], 1000));
      for (let vNode = 2; vNode <= MISSING; vNode++) await store(vNode, [tree.root], 1000);
    },

    /** Makes the first payments in epoch 1, so that no slot that a payment writes is zero afterwards. */
    async firstPayments(): Promise<void> {
      await networkHelpers.time.increaseTo(sourcePoint(1, deployment) + PARAMS.window / 2 + 1);
      await record(1);
      const own = audits.connect(auditor);
      await own.prove(1, 1, await proofFor(1, 1));
      await ledger.collectFees(1);
      await own.prove(MISSING, 1, await proofFor(MISSING, 1));
      await count("collectFees", ledger.collectFees(1));
      await own.prove(PROVING, 1, await proofFor(PROVING, 1));
      await toEpoch(2);
      await record(2);
      await toEpoch(3);
      // Nobody proved in epoch 2: a first miss for all vNodes but the one that will go on to miss.
      for (let vNode = 1; vNode <= PROVING; vNode++) await audits.settle(vNode, 2);
    },

    /** Records one round for each epoch from the current one on. */
    async randomness(): Promise<void> {
      const before = await networkHelpers.takeSnapshot();
      const gas: number[] = [];
      for (let epoch = 3; epoch < 3 + ROUNDS; epoch++) {
        gas.push(await gasOf(record(epoch)));
        await toEpoch(epoch + 1);
      }
      await before.restore();
      const mean = gas.reduce((sum, each) => sum + each) / ROUNDS;
      rows.push({ transaction: "recordBeacon", batch: 1, gasPerItem: Math.round(mean) });
      const dearest = `recordBeacon, the dearest of ${ROUNDS}`;
      rows.push({ transaction: dearest, batch: 1, gasPerItem: Math.max(...gas) });
    },

    async proving(): Promise<void> {
      await record(3);
      const proofs: ProofWords[] = [];
      for (let vNode = 1; vNode <= PROVING; vNode++) proofs.push(await proofFor(vNode, 3));
      const before = await networkHelpers.takeSnapshot();
      for (const batch of BATCHES) {
        await before.restore();
        const [first, ...others] = proofs.slice(0, batch);
        if (!first) throw new Error("there is no proof");
        const vNodes = Array.from({ length: batch }, (_, i) => i + 1);
        const sent =
          others.length === 0
            ? audits.connect(auditor).prove(1, 3, first)
            : audits.connect(auditor).proveBatch(vNodes, 3, [first, ...others]);
        await count("prove", sent, batch);
      }
      await toEpoch(5);
      await count("settle, an epoch without randomness", audits.connect(auditor).settle(1, 1));
    },

    async missing(): Promise<void> {
      const own = audits.connect(auditor);
      await count("settle, a miss within grace", own.settle(MISSING, 1));
      await count("settle, a miss that is slashed", own.settle(MISSING, 1));
      await own.settle(MISSING, 1);
      await record(5);
      await toEpoch(6);
      await count("settle, a fault and a take-over", own.settle(MISSING, 1));
      await registry.claim(1, 0);
      await count("claim", registry.claim(MISSING, 0));
      await audits.settle(2, 10);
      await audits.settle(3, 10);
      const manages = registry.connect(manager);
      await manages.assign(2, 4);
      await count("assign, a hand-over", manages.assign(3, 5));
    },

    async challenging(): Promise<void> {
      const any = 2n ** 100n;
      for (const vNode of [4, 5]) await audits.settle(vNode, 10);
      await ledger.connect(app).deposit(auditor, FUNDS / 10n);
      const ask = (who: Signer, vNode: number): Sent =>
        challenges.connect(who).challenge(vNode, 0, weight, any);
      await ask(app, 5);
      await count("challenge", ask(app, 4));
      await count("challenge, a vNode's second", ask(auditor, 4));
      await toEpoch(7);
      await record(7);
      const { successor, successorSeed } = await audits.duty(3, 7);
      const own = audits.connect(providerOf(Number(successor)));
      await count("takeOver", own.takeOver(3, 7, await prove(successorSeed)));
      const answers: ProofWords[] = [];
      for (const id of [2, 3]) answers.push(await prove((await challenges.inputsOf(id)).inputs[1]));
      const [first, second] = answers;
      if (!first || !second) throw new Error("there is no proof");
      await challenges.answer(2, first);
      await count("answer", challenges.answer(3, second));
      await toEpoch(11);
      await audits.settle(5, 10);
      await count("expire, a fault without a successor", challenges.expire(1));
    },

    async leaving(): Promise<void> {
      const fresh = (i: number): bigint =>
        BigInt(`0x${createHash("sha256").update(String(i)).digest("hex")}`) >> 8n;
      await count("store", await store(1, [fresh(0)], 1));
      const roots = Array.from({ length: STORED }, (_, i) => fresh(i + 1));
      await count("store", await store(1, roots, 1), STORED);
      await storeFor(auditor, 4, [fresh(STORED + 1)], 1);
      await count("storeFor, by a grant used before", await storeFor(auditor, 4, [fresh(STORED + 2)], 1));
      await count("extend", await extend(1, 0, 10));
      await count("endEarly", registry.connect(app).endEarly(6, 0));
      await toEpoch(13);
      const directory = new Directory(profile.directoryDepth);
      for (const root of [tree.root, fresh(0), ...roots])
        directory.append({ root, weight, leaves: tree.leaves });
      const retire = (serials: readonly number[]): Sent =>
        registry.retire(1, ...openingsOf(directory, serials));
      await count("retire", retire([1]));
      directory.retire(1);
      const many = roots.map((_, i) => i + 2);
      await count("retire", retire(many), STORED);
      for (const serial of many) directory.retire(serial);
      await audits.settle(1, 20);
      const owner = registry.connect(providerOf(1));
      await count("compact, one entry that is left", owner.compact(1, ...openingsOf(directory, [0])));
      await registry.claim(1, 1);
      await count("claimMany", registry.claimMany(1, many), STORED);
      await audits.settle(8, 20);
      await count("topUp", audits.topUp(8));
      for (const vNode of [6, 7]) await audits.settle(vNode, 20);
      await count("pause", audits.connect(providerOf(6)).pause(6, 1));
      await count("announceLeave", audits.connect(providerOf(7)).announceLeave(7));

      const provider = providers[1];
      if (!provider) throw new Error("there is no provider");
      const own = ledger.connect(provider);
      await count("requestUnbond", own.requestUnbond(2, 1n));
      await networkHelpers.time.increase(Number(await ledger.unbondSeconds()));
      await count("releaseBond", own.releaseBond(2));
    },

    /** The standard profile's directory is deeper: each update of its root takes three more hashes. */
    async deepStoring(): Promise<void> {
      const { samples, dataDepth, directoryDepth } = PROFILES.standard;
      const { verifier } = await audits.profiles(0);
      await audits.connect(treasury).addProfile({ verifier, samples, dataDepth, directoryDepth });
      const own = registry.connect(manager);
      await own.createCluster(1, 0, QUANTUM_BITS, PARAMS, "a deep one");
      await own.addVNodes(2, [1]);
      const vNode = Number(await registry.vNodeCount());
      // Its node has the vNode's number, as the others have.
      await own.assign(vNode, vNode);
      await registry.connect(app).createBucket(2, false);
      const bucket = Number(await registry.bucketCount());
      const roots = Array.from({ length: STORED }, (_, i) => BigInt(i + 1));
      const deep = async (some: readonly bigint[]) => store(vNode, some, 1, bucket);
      for (const some of [roots.slice(0, 1), roots.slice(0, 4)]) {
        await deep(some);
        await networkHelpers.time.increase(EPOCH_SECONDS);
        await audits.settle(vNode, 1);
      }
      await count("store, standard directory", await deep([1n]));
      await count("store, standard directory", await deep(roots), STORED);
    },

    async handingOver(): Promise<void> {
      // By now the proposal is old enough.
      await count("acceptManager", registry.connect(manager).acceptManager(1));
    },
  };
}
