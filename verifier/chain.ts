/**
 * The auditor's connection to the chain: events in order, proofs in the calldata of transactions, views and
 * transactions. Only this file and chain-calls.ts use ethers.
 */
import {
  AbiCoder,
  Contract,
  dataLength,
  getAddress,
  getBytes,
  Interface,
  isCallException,
  keccak256,
  Wallet,
  type InterfaceAbi,
  type Result,
} from "ethers";
import { createCounts, type CountedChain } from "../chain/counts.ts";
import {
  openEndpoints,
  type EndpointHealth,
  type Endpoints,
  type EndpointsOptions,
} from "../chain/endpoints.ts";
import { createEventSource } from "../chain/events.ts";
import { DEFAULT_MAX_FEE } from "../chain/fees.ts";
import type { TransactionChain } from "../chain/transactions.ts";
import { createWallet } from "../chain/wallet.ts";
import { contractArtifact } from "../contracts/artifacts.ts";
import { headerEvidence } from "../contracts/headers.ts";
import { keyWords, type SnarkjsKey } from "../groth16/words.ts";
import { sourcePoint, type Clock } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { createPreviews, errorsOf, transactionOf, type AskPreviews, type AuditCall } from "./chain-calls.ts";
import type { DirectoryState } from "./holdings.ts";

export type { AuditCall, Preview } from "./chain-calls.ts";

export type { ChainEvent as AuditEvent } from "../chain/events.ts";

export interface SubmittedProof {
  readonly vNode: bigint;
  readonly epoch: number;
  /** Whether it comes from a node that waits to take over. */
  readonly takeOver: boolean;
  /** In the order of IVerifier: a.x, a.y, b.x1, b.x0, b.y1, b.y0, c.x, c.y. */
  readonly proof: readonly bigint[];
}

export interface ProfileOnChain {
  readonly samples: number;
  readonly dataDepth: number;
  readonly directoryDepth: number;
  /** Groth16Verifier.keyHash. */
  readonly keyHash: Hex;
}

/** The drand network of a beacon's contract. */
export interface DrandOnChain {
  /** Time of round 1, in seconds. */
  readonly genesis: number;
  /** Seconds between rounds. */
  readonly period: number;
  /** 256 hex digits. */
  readonly publicKey: string;
}

export interface AuditChain extends Clock, Omit<CountedChain, "assignments"> {
  readonly chainId: bigint;
  readonly audits: string;
  /** Address of our key. */
  readonly account: string;
  /** The state of each endpoint of the chain. */
  endpoints(): readonly EndpointHealth[];
  /**
   * The proofs in a transaction's calls to the Audits contract, also those within a multicall. undefined if the
   * transaction calls another contract, because the calls that such a contract makes are not in the calldata.
   */
  proofsIn(transaction: string): Promise<SubmittedProof[] | undefined>;
  /** The vNode's directory when the epoch began, as the Registry says at a block of that epoch. */
  directory(vNode: bigint, epoch: number, block: number): Promise<DirectoryState>;
  /**
   * Those of the vNodes that have proven the epoch, at a block of that epoch. vNodes that the contract cannot report
   * on are left out.
   */
  proven(vNodes: readonly bigint[], epoch: number, block: number): Promise<bigint[]>;
  profile(index: number): Promise<ProfileOnChain>;
  /** undefined if the beacon uses block headers. */
  beacon(index: number): Promise<DrandOnChain | undefined>;
  /** The randomness and evidence of a beacon of block headers; undefined until the blocks exist. */
  headers(epoch: number): Promise<{ evidence: Uint8Array; randomness: Hex } | undefined>;
  profileCount(): Promise<number>;
  beaconCount(): Promise<number>;
  randomness(beacon: number, epoch: number): Promise<bigint>;
  readonly previews: AskPreviews;
  /** The last epoch in which a challenge may be answered, with the pauses declared so far. */
  lastAnswer(challenge: bigint): Promise<number>;
  readonly transactions: TransactionChain<AuditCall>;
  close(): void;
}

export interface AuditChainOptions extends Pick<EndpointsOptions, "log"> {
  /** One URL or several. */
  readonly rpcUrl: string | readonly string[];
  readonly audits: string;
  readonly privateKey: string;
  /** Wei; default 500 gwei. */
  readonly maxFeePerGas?: bigint | undefined;
}

/** Duties read in one call. */
const DUTIES = 25;
/** Gas limit in percent of the estimate: the transaction may run in the next epoch, which takes other paths. */
const GAS_MARGIN = 140n;

export async function connectAuditChain(options: AuditChainOptions): Promise<AuditChain> {
  const { rpcUrl, log } = options;
  const provider = await openEndpoints(rpcUrl, undefined, { polling: true, pollingInterval: 250, log });
  try {
    return await open(provider, options);
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

async function open(
  provider: Endpoints,
  { audits: address, privateKey, maxFeePerGas = DEFAULT_MAX_FEE }: AuditChainOptions,
): Promise<AuditChain> {
  const audits = getAddress(address);
  if (dataLength(await provider.getCode(audits)) === 0) {
    throw new HoldfastError("chain", `there is no contract at ${audits}: check the address and the chain`, {
      audits,
    });
  }
  const signer = new Wallet(privateKey, provider);
  const auditsContract = new Contract(audits, abi("Audits"), signer);
  const registry = new Contract(
    (await view(auditsContract, "registry")) as string,
    abi("Registry"),
    provider,
  );
  const challenges = new Contract(
    (await view(auditsContract, "challenges")) as string,
    abi("Challenges"),
    signer,
  );
  const contracts = new Map([
    [audits, auditsContract],
    [getAddress(registry.target as string), registry],
    [getAddress(challenges.target as string), challenges],
  ]);
  const beaconAt = async (index: number): Promise<Contract> =>
    new Contract((await view(auditsContract, "beacons", index)) as string, abi("DrandBeacon"), provider);
  const genesis = Number(await view(auditsContract, "genesis"));
  const epochSeconds = Number(await view(auditsContract, "epochSeconds"));
  const margin = Number(await view(auditsContract, "margin"));
  const clock: Clock = { genesis, epochSeconds, margin };
  const { chainId } = await provider.getNetwork();
  const errors = errorsOf([...contracts.values()]);

  return {
    chainId,
    audits,
    account: signer.address,
    ...clock,
    endpoints: () => provider.health(),
    ...createEventSource(provider, new Map([...contracts].map(([at, { interface: found }]) => [at, found]))),
    ...createCounts({ audits: auditsContract, registry, challenges }, (_what, answer) => answer),
    async proofsIn(hash) {
      const transaction = await provider.getTransaction(hash);
      if (!transaction)
        throw new HoldfastError("unreachable", `the chain no longer has the transaction ${hash}`);
      if (transaction.to === null || getAddress(transaction.to) !== audits) return undefined;
      return decodeProofs(auditsContract, transaction.data);
    },
    async directory(vNode, epoch, block) {
      const at = { blockTag: block };
      const { root, total } = (await view(registry, "snapshot", vNode, epoch, at)) as Result;
      return { root: BigInt(root as string), total: Number(total) };
    },
    async proven(vNodes, epoch, block) {
      const { interface: codec } = auditsContract;
      const ask = async (some: readonly bigint[]): Promise<bigint[]> => {
        const calls = some.map((vNode) => codec.encodeFunctionData("duty", [vNode, epoch]));
        try {
          const answers = (await view(auditsContract, "multicall", calls, { blockTag: block })) as string[];
          return some.filter((_, i) => {
            const [duty] = codec.decodeFunctionResult("duty", answers[i] ?? "0x");
            return (duty as { proven: boolean }).proven;
          });
        } catch (error) {
          if (!isCallException(error)) throw error;
          // A single vNode may be refused, or take more gas than an endpoint allows. Then the answer is unknown.
          if (some.length <= 1) return [];
          const half = Math.ceil(some.length / 2);
          return [...(await ask(some.slice(0, half))), ...(await ask(some.slice(half)))];
        }
      };
      const pages: Promise<bigint[]>[] = [];
      for (let first = 0; first < vNodes.length; first += DUTIES)
        pages.push(ask(vNodes.slice(first, first + DUTIES)));
      return (await Promise.all(pages)).flat();
    },
    async profile(index) {
      const found = (await view(auditsContract, "profiles", index)) as Result;
      const { samples, dataDepth, directoryDepth } = found;
      const verifier = new Contract(found["verifier"] as string, abi("Groth16Verifier"), provider);
      return {
        samples: Number(samples),
        dataDepth: Number(dataDepth),
        directoryDepth: Number(directoryDepth),
        keyHash: (await view(verifier, "keyHash")) as Hex,
      };
    },
    async beacon(index) {
      const contract = await beaconAt(index);
      const firstRound = await unlessMissing(view(contract, "drandGenesis"));
      if (firstRound === undefined) return undefined;
      const words = (await view(contract, "publicKey")) as bigint[];
      return {
        genesis: Number(firstRound),
        period: Number(await view(contract, "drandPeriod")),
        publicKey: words.map((word) => word.toString(16).padStart(64, "0")).join(""),
      };
    },
    async headers(epoch) {
      const found = await headerEvidence(provider, sourcePoint(epoch, clock));
      return found && { evidence: getBytes(found.evidence), randomness: found.randomness as Hex };
    },
    profileCount: async () => Number(await view(auditsContract, "profileCount")),
    beaconCount: async () => Number(await view(auditsContract, "beaconCount")),
    randomness: async (beacon, epoch) =>
      BigInt((await view(auditsContract, "randomness", beacon, epoch)) as string),
    previews: createPreviews(provider, { audits, account: signer.address, errors }),
    lastAnswer: async (challenge) => Number(await view(challenges, "lastAnswer", challenge)),
    transactions: createWallet<AuditCall>({
      provider,
      wallet: signer,
      chainId,
      maxFeePerGas,
      gasMargin: GAS_MARGIN,
      errors,
      transactionOf: (call) => transactionOf({ audits: auditsContract, challenges }, call),
    }),
    close: () => provider.destroy(),
  };
}

function abi(name: string): InterfaceAbi {
  return contractArtifact(name).abi;
}

/** The value of Groth16Verifier.keyHash for this key. */
export function keyHashOf(key: SnarkjsKey): Hex {
  const [type] = new Interface(abi("Groth16Verifier")).deploy.inputs;
  if (!type)
    throw new HoldfastError(
      "corrupt",
      "the constructor of Groth16Verifier takes no key: build the contracts again",
    );
  return keccak256(AbiCoder.defaultAbiCoder().encode([type], [keyWords(key)])) as Hex;
}

function view(contract: Contract, method: string, ...args: readonly unknown[]): Promise<unknown> {
  return contract.getFunction(method).staticCall(...args);
}

/** undefined if the contract has no such function. */
async function unlessMissing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isCallException(error)) return undefined;
    throw error;
  }
}

function decodeProofs(audits: Contract, data: string): SubmittedProof[] {
  const call = audits.interface.parseTransaction({ data });
  if (call?.name === "prove" || call?.name === "takeOver") {
    const [vNode, epoch, proof] = call.args as unknown as [bigint, bigint, Result];
    const takeOver = call.name === "takeOver";
    return [{ vNode, epoch: Number(epoch), takeOver, proof: proof.toArray() as bigint[] }];
  }
  if (call?.name === "proveBatch") {
    const [vNodes, epoch, proofs] = call.args as unknown as [Result, bigint, Result];
    const each = proofs.toArray() as Result[];
    return (vNodes.toArray() as bigint[]).flatMap((vNode, i) => {
      const proof = each[i]?.toArray() as bigint[] | undefined;
      return proof ? [{ vNode, epoch: Number(epoch), takeOver: false, proof }] : [];
    });
  }
  if (call?.name !== "multicall") return [];
  const [calls] = call.args as unknown as [Result];
  return (calls.toArray() as string[]).flatMap((inner) => decodeProofs(audits, inner));
}
