// What the auditor and the node ask of real contracts about where randomness comes from.
import { expect } from "chai";
import { ContractFactory, hexlify, Wallet } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { addToDeployment } from "../../client/deployment/add.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { headersFrom } from "../../contracts/headers.ts";
import { connectChain, type NodeChain } from "../../prover/chain.ts";
import { connectAuditChain, keyHashOf, type AuditChain } from "../../verifier/chain.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { present } from "../helpers/present.ts";

describe("verifier and prover: where randomness comes from", () => {
  let live: LiveChain;
  let auditor: AuditChain;
  let node: NodeChain;

  /** Beacon 0 is of drand, 1 of block headers. */
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
      ...{ chain, privateKey: treasury.privateKey, step: { ...step, args: [probe, headers] } },
      ...{ method: "addBeacon", argument: String },
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
      await auditor.recordBeacon(1, epoch, evidence);
      expect(await auditor.randomness(1, epoch)).to.equal(BigInt(randomness));
    });
  }
});
