/**
 * A deployment on its own chain with the real verifier and beacon, its participants, and what they sign and prove.
 */
import type { ContractTransactionResponse, HDNodeWallet, Signer, TypedDataDomain } from "ethers";
import { network } from "hardhat";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { deploy } from "../../client/deployment/deploy.ts";
import { publicKeyOf, roundEvidence, roundFor, signRound, type DrandChain } from "../../drand/rounds.ts";
import type { Engine } from "../../groth16/engine.ts";
import { proofWords, type ProofWords } from "../../groth16/words.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { Directory } from "../../protocol/directory.ts";
import { sourcePoint } from "../../protocol/epochs.ts";
import { toHex32 } from "../../protocol/field.ts";
import { PROFILES, type ProfileName } from "../../protocol/profiles.ts";
import { openLeaf, referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { circuitInput, samplesOf } from "../../protocol/statement.ts";
import { ACCEPTANCE, domain, EXTENSION, GRANT } from "../../protocol/typed-data.ts";

export const PROFILE: ProfileName = "demo";
/** Long enough to make all proofs of an epoch within its window. */
export const EPOCH_SECONDS = 1_000_000;
export const RENT = 10n ** 28n;
/** A segment pays a multiple of 2^20 units per epoch. */
export const QUANTUM_BITS = 20;
export const FUNDS = 10n ** 30n;
const SECRET = 7n;
const CONTENT = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);

export type Sent = ContractTransactionResponse | Promise<ContractTransactionResponse>;

export async function createSystem(engine: Engine) {
  const { ethers, networkHelpers } = await network.create({ network: "hardhat" });
  const [deployer, manager, app, auditor, treasury] = await ethers.getSigners();
  if (!deployer || !manager || !app || !auditor || !treasury) throw new Error("the chain has no accounts");
  const genesis = await networkHelpers.time.latest();
  const drand: DrandChain = { publicKey: publicKeyOf(SECRET), genesis: genesis - 3, period: 3 };
  const { verificationKey } = await loadProvingArtifacts(PROFILE);
  const knownAnswer = await makeKnownAnswer(PROFILE);
  const deployment = await deploy({
    signer: deployer,
    profile: PROFILE,
    verificationKey,
    knownAnswer,
    drand,
    epochSeconds: EPOCH_SECONDS,
    genesis,
    protocolFee: 200,
    treasury: treasury.address,
  });
  const token = await ethers.getContractAt("TestToken", deployment.token);
  const ledger = await ethers.getContractAt("Ledger", deployment.ledger);
  const registry = await ethers.getContractAt("Registry", deployment.registry);
  const audits = await ethers.getContractAt("Audits", deployment.audits);
  const challenges = await ethers.getContractAt("Challenges", deployment.challenges);
  const { chainId } = await ethers.provider.getNetwork();

  /** Provider i owns node i + 1 and is its operator. */
  const providers: HDNodeWallet[] = [];
  const profile = PROFILES[PROFILE];
  const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(CONTENT)
    .finish();
  const perEpoch = (BigInt(tree.leaves) * RENT) / 10n ** 18n;
  const weight = Number((perEpoch + 2n ** BigInt(QUANTUM_BITS) - 1n) >> BigInt(QUANTUM_BITS));
  let nonce = 0;

  const toEpoch = (epoch: number): Promise<void> =>
    networkHelpers.time.increaseTo(sourcePoint(epoch, deployment));
  const evidenceFor = (epoch: number): Uint8Array => {
    const round = roundFor(epoch, deployment, drand);
    return roundEvidence(round, signRound(SECRET, round));
  };
  const record = (epoch: number): Sent => audits.connect(auditor).recordBeacon(0, epoch, evidenceFor(epoch));

  const typed = domain(chainId, deployment.registry) as TypedDataDomain;
  const providerOf = (vNode: number): HDNodeWallet => {
    const provider = providers[vNode - 1];
    if (!provider) throw new Error(`there is no node ${vNode}`);
    return provider;
  };

  /** The last four arguments of store and storeFor. */
  async function order(vNode: number, roots: readonly bigint[], epochs: number, bucket = 1) {
    const segments = roots.map((root) => ({ root: toHex32(root), leaves: tree.leaves }));
    const terms = { rent: RENT, nonce: ++nonce, deadline: 2n ** 60n };
    const encoded = ethers.AbiCoder.defaultAbiCoder().encode(
      ["tuple(bytes32,uint32)[]"],
      [segments.map(({ root, leaves }) => [root, leaves])],
    );
    const message = {
      node: vNode,
      revision: 0,
      bucket,
      vNode,
      segments: ethers.keccak256(encoded),
      epochs,
      ...terms,
    };
    const signature = await providerOf(vNode).signTypedData(typed, ACCEPTANCE, message);
    return [segments, epochs, RENT, { ...terms, signature }] as const;
  }

  async function store(vNode: number, roots: readonly bigint[], epochs: number, bucket = 1) {
    return registry.connect(app).store(bucket, vNode, ...(await order(vNode, roots, epochs, bucket)));
  }

  const storeFor = async (writer: Signer, vNode: number, roots: readonly bigint[], epochs: number) => {
    const terms = {
      owner: await app.getAddress(),
      writer: await writer.getAddress(),
      bucket: 1,
      limit: FUNDS,
      maxRent: RENT,
      deadline: 2n ** 60n,
      nonce: 1n,
    };
    const grant = { ...terms, signature: await app.signTypedData(typed, GRANT, terms) };
    return registry.connect(writer).storeFor(grant, vNode, ...(await order(vNode, roots, epochs)));
  };

  async function extend(vNode: number, serial: number, epochs: number) {
    const terms = { rent: RENT, nonce: ++nonce, deadline: 2n ** 60n };
    const message = { node: vNode, revision: 0, vNode, serial, epochs, ...terms };
    const signature = await providerOf(vNode).signTypedData(typed, EXTENSION, message);
    return registry.connect(app).extend(vNode, serial, epochs, RENT, { ...terms, signature });
  }

  async function proofFor(vNode: number, epoch: number): Promise<ProofWords> {
    return prove((await audits.duty(vNode, epoch)).seed);
  }

  /** A proof for a vNode that stores the one segment. */
  async function prove(seed: bigint): Promise<ProofWords> {
    const directory = new Directory(profile.directoryDepth);
    directory.append({ ...tree, weight });
    const range = { seed, start: 0, length: directory.total };
    const samples = samplesOf(directory, range, profile);
    const openings = samples.map(({ leafIndex }) => {
      const group = Math.floor(leafIndex / 16) * 16 * 496;
      return openLeaf(tree, leafIndex, CONTENT.subarray(group, group + 16 * 496), referenceEngine);
    });
    return proofWords((await engine.prove(circuitInput(directory, range, samples, openings, profile))).proof);
  }

  return {
    ethers,
    networkHelpers,
    chainId,
    deployment,
    manager,
    app,
    auditor,
    treasury,
    providers,
    providerOf,
    token,
    ledger,
    registry,
    audits,
    challenges,
    profile,
    tree,
    weight,
    toEpoch,
    record,
    store,
    storeFor,
    extend,
    proofFor,
    prove,
  };
}
