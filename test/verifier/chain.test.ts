// What the auditor and the node ask real contracts about the source of randomness.
import { expect } from "chai";
import { concat, ContractFactory, hexlify, Interface, keccak256, Wallet } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { addToDeployment } from "../../client/deployment/add.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { headersFrom } from "../../contracts/headers.ts";
import { present } from "../../evidence/world/present.ts";
import { connectChain, type NodeChain } from "../../prover/chain.ts";
import { connectAuditChain, keyHashOf, type AuditChain } from "../../verifier/chain.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

describe("verifier and prover: where randomness comes from", () => {
  let live: LiveChain;
  let auditor: AuditChain;
  let node: NodeChain;

  /** Beacon 0 uses drand, beacon 1 block headers. */
  before(async () => {
    live = await startLiveChain();
    const treasury = present(developmentAccounts(4)[3]);
    const signer = new Wallet(treasury.privateKey, live.provider);
    const { abi, bytecode } = contractArtifact("PrevrandaoProbe");
    const made = await new ContractFactory(abi, bytecode, signer).deploy({ gasLimit: 4_000_000 });
    const probe = await (await made.waitForDeployment()).getAddress();
    for (let i = 0; i < 7; i++) await mine();
    const headers = await headersFrom(live.provider, (await live.provider.getBlockNumber()) - 7, 8);
    const { audits, rpcUrl } = { ...live.deployment, ...live };
    const step = { id: "", contract: "PrevrandaoBeacon", making: "makePrevrandaoBeacon" } as const;
    const chain = live.manager.as(treasury.privateKey);
    await addToDeployment({
      chain,
      step: { ...step, args: [probe, headers] },
      method: "addBeacon",
      argument: String,
    });
    auditor = await connectAuditChain({ rpcUrl, audits, privateKey: treasury.privateKey });
    const { privateKey } = present(live.nodes[0]).operator;
    node = await connectChain({ rpcUrl, audits, node: 1n, privateKey, maxFeePerGas: 10n ** 12n });
  });
  after(async () => {
    auditor.close();
    node.close();
    await live.close();
  });
  const mine = (): Promise<unknown> => live.provider.send("evm_mine", []);

  it("is drand's round of the epoch, where the beacon is drand's", async () => {
    expect((await auditor.beacon(0))?.period).to.equal(1);
    const source = present(await node.source(0, 1));
    expect(source.kind === "drand" && [source.round > 0, source.publicKey.length]).to.deep.equal([true, 128]);
    const { publicKey } = present(await auditor.beacon(0));
    expect(source.kind === "drand" && hexlify(source.publicKey)).to.equal(`0x${publicKey}`);
  });

  it("knows the key of a profile by the hash that the verifier keeps", async () => {
    expect((await auditor.profile(0)).keyHash).to.equal(keyHashOf(await loadVerificationKey("tiny")));
  });

  for (const blocks of [2, 40]) {
    it(`is in the headers of the first blocks from the source point on, ${blocks} blocks later`, async () => {
      expect(await auditor.beacon(1)).to.equal(undefined);
      const epoch = await live.nextEpoch();
      expect(await auditor.headers(epoch)).to.equal(undefined);
      expect(await node.source(1, epoch)).to.equal(undefined);
      for (let i = 0; i < blocks; i++) await mine();

      const { evidence, randomness } = present(await auditor.headers(epoch));
      const source = present(await node.source(1, epoch));
      expect(source.kind === "headers" && hexlify(source.evidence)).to.equal(hexlify(evidence));
      const call = { kind: "recordBeacon", beacon: 1, epoch, evidence } as const;
      const { transactions } = auditor;
      const gas = await transactions.estimate(call);
      const { mined: nonce } = await transactions.nonces();
      const signed = await transactions.sign(call, { nonce, gas });
      await transactions.broadcast(signed);
      await live.provider.waitForTransaction(signed.hash); // anvil answers before it has mined
      expect(await auditor.randomness(1, epoch)).to.equal(BigInt(randomness));
    });
  }
});

describe("verifier: the proofs of a transaction", () => {
  const PROOF = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
  const calls = new Interface(contractArtifact("Audits").abi);
  let live: LiveChain;
  let auditor: AuditChain;
  let sender: Wallet;
  before(async () => {
    live = await startLiveChain();
    const { privateKey } = present(developmentAccounts(4)[3]);
    sender = new Wallet(privateKey, live.provider);
    auditor = await connectAuditChain({ rpcUrl: live.rpcUrl, audits: live.deployment.audits, privateKey });
  });
  after(async () => {
    auditor.close();
    await live.close();
  });

  /** A transaction's calldata is on the chain even if the call failed. */
  async function submit(data: string, to = live.deployment.audits): Promise<string> {
    const filled = await sender.populateTransaction({ to, data, gasLimit: 1_000_000 });
    const signed = await sender.signTransaction(filled);
    await live.provider.broadcastTransaction(signed).catch(() => undefined);
    return keccak256(signed);
  }
  const prove = (vNode: number): string => calls.encodeFunctionData("prove", [vNode, 3, PROOF]);
  const one = (vNode: bigint, takeOver = false) => ({ vNode, epoch: 3, takeOver, proof: PROOF });

  it("are those of the calls to Audits, in a batch and in a multicall too", async () => {
    expect(await auditor.proofsIn(await submit(prove(1)))).to.deep.equal([one(1n)]);
    const batch = calls.encodeFunctionData("proveBatch", [[1, 2], 3, [PROOF, PROOF]]);
    expect(await auditor.proofsIn(await submit(batch))).to.deep.equal([one(1n), one(2n)]);
    const takeOver = calls.encodeFunctionData("takeOver", [2, 3, PROOF]);
    const both = calls.encodeFunctionData("multicall", [[prove(1), takeOver]]);
    expect(await auditor.proofsIn(await submit(both))).to.deep.equal([one(1n), one(2n, true)]);
    expect(await auditor.proofsIn(await submit(calls.encodeFunctionData("settle", [1, 1])))).to.deep.equal(
      [],
    );
  });

  it("are nowhere to be seen if another contract makes the call", async () => {
    // CALLDATACOPY, CALL of Audits with it, STOP.
    const runtime = concat(["0x365f5f375f5f365f5f73", live.deployment.audits, "0x5af100"]);
    const made = await sender.sendTransaction({ data: concat(["0x60218060095f395ff3", runtime]) });
    const { contractAddress } = present((await made.wait()) ?? undefined);
    expect(await auditor.proofsIn(await submit(prove(1), present(contractAddress ?? undefined)))).to.equal(
      undefined,
    );
  });
});
