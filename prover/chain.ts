/**
 * The node's view of the chain, and its hand on it: blocks, events, views, signatures and transactions. The only file of
 * prover/ that knows ethers. What is done with all that is decided elsewhere.
 */
import { readFile, stat } from "node:fs/promises";
import {
  AbiCoder,
  Contract,
  dataLength,
  FetchRequest,
  getAddress,
  getBytes,
  Interface,
  isCallException,
  isError,
  JsonRpcProvider,
  keccak256,
  Transaction,
  verifyTypedData,
  Wallet,
  type Log,
  type Result,
  type TransactionRequest,
  type TypedDataDomain,
} from "ethers";
import { contractArtifact } from "../contracts/artifacts.ts";
import { headerEvidence } from "../contracts/headers.ts";
import { sourcePoint } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import type { ProofWords } from "../protocol/groth16.ts";
import { ACCEPTANCE, domain, REQUEST } from "../protocol/typed-data.ts";

export interface Block {
  readonly number: number;
  readonly hash: string;
  /** Seconds: deadlines are the chain's. */
  readonly timestamp: number;
}

/** An event of the Registry, Audits or Challenges, with its arguments by name. */
export interface ChainEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Of its block, in seconds. */
  readonly timestamp: number;
}

export interface Duty {
  readonly due: boolean;
  readonly proven: boolean;
  readonly node: bigint;
  /** undefined until the epoch's randomness is recorded. */
  readonly seed: bigint | undefined;
  readonly root: bigint;
  readonly total: number;
  /** Seconds. */
  readonly deadline: number;
}

/** A challenge on demand that is not over. */
export interface ChallengeRecord {
  readonly id: bigint;
  readonly vNode: bigint;
  readonly node: bigint;
  /** undefined until the randomness that draws it is recorded. */
  readonly seed: bigint | undefined;
  /** Of the directory, as it stood when the challenge was made. */
  readonly root: bigint;
  readonly start: number;
  readonly length: number;
  /** Seconds. */
  readonly deadline: number;
}

export interface VNodeState {
  /** As of the last settled epoch. */
  readonly node: bigint;
  /** Responsible from nextSince on, if that is not 0. */
  readonly nextNode: bigint;
  readonly nextSince: number;
  readonly settled: number;
  readonly misses: number;
  readonly syncLeft: number;
  readonly rate: bigint;
  readonly committed: bigint;
  readonly locked: bigint;
  readonly nextLocked: bigint;
}

export interface NodeRecord {
  readonly provider: string;
  readonly operator: string;
  readonly url: string;
  readonly capacity: bigint;
  readonly used: bigint;
  readonly rent: bigint;
}

export interface ClusterRecord {
  readonly beacon: number;
  readonly samples: number;
  readonly dataDepth: number;
  readonly directoryDepth: number;
  readonly bondEpochs: bigint;
}

export interface DirectoryRecord {
  readonly root: bigint;
  readonly total: number;
  readonly count: number;
}

export interface SignedRequest {
  readonly node: bigint;
  readonly method: string;
  readonly path: string;
  readonly bodyHash: string;
  readonly expiry: bigint;
  readonly nonce: bigint;
}

export interface AcceptanceTerms {
  readonly bucket: bigint;
  readonly vNode: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

/** A drand round and the key that its signature must be of, or what block headers prove. */
export type BeaconSource =
  | { readonly kind: "drand"; readonly round: number; readonly publicKey: Uint8Array }
  | { readonly kind: "headers"; readonly evidence: Uint8Array };

/** What a node ever sends. */
export type Call =
  | { readonly kind: "prove"; readonly vNode: bigint; readonly epoch: number; readonly proof: ProofWords }
  | { readonly kind: "answer"; readonly challenge: bigint; readonly proof: ProofWords }
  | {
      readonly kind: "recordBeacon";
      readonly beacon: number;
      readonly epoch: number;
      readonly evidence: Uint8Array;
    }
  | {
      readonly kind: "retire";
      readonly vNode: bigint;
      readonly serial: number;
      readonly root: Hex;
      readonly path: readonly (readonly bigint[])[];
    };

export interface SignedTransaction {
  readonly raw: string;
  readonly hash: string;
}

export interface Receipt {
  readonly hash: string;
  readonly block: number;
  readonly succeeded: boolean;
  readonly gasUsed: number;
}

/**
 * Every method rejects with HoldfastError: "unreachable" if the chain does not answer, "chain" if a contract refuses,
 * with the name of its error and the arguments in `details`.
 */
export interface NodeChain {
  readonly chainId: bigint;
  readonly registry: string;
  readonly audits: string;
  /** Address of our key. */
  readonly operator: string;
  readonly epochSeconds: number;
  epochAt(timestamp: number): number;
  /** From when on the epoch's randomness is known. */
  sourcePoint(epoch: number): number;

  block(): Promise<Block>;
  /** undefined if the chain has no such block. */
  blockHash(number: number): Promise<string | undefined>;
  /** In log order. */
  events(fromBlock: number, toBlock: number): Promise<ChainEvent[]>;

  node(id: bigint): Promise<NodeRecord>;
  freeBond(node: bigint): Promise<bigint>;
  balance(account: string): Promise<bigint>;
  cluster(id: bigint): Promise<ClusterRecord>;
  /** undefined if there is none. */
  vNode(id: bigint): Promise<{ readonly cluster: bigint; readonly responsible: bigint } | undefined>;
  bucket(id: bigint): Promise<{ readonly owner: string; readonly cluster: bigint } | undefined>;
  mayRead(bucket: bigint, who: string): Promise<boolean>;
  mayWrite(bucket: bigint, who: string): Promise<boolean>;
  directory(vNode: bigint): Promise<DirectoryRecord>;
  state(vNode: bigint): Promise<VNodeState>;
  /** undefined unless the epoch is the one that runs. */
  duty(vNode: bigint, epoch: number): Promise<Duty | undefined>;
  /** Those of a vNode that are open, whoever must answer them. */
  challenges(vNode: bigint): Promise<ChallengeRecord[]>;
  /** Where an epoch's randomness comes from. undefined while the blocks that hold it are not there. */
  source(beacon: number, epoch: number): Promise<BeaconSource | undefined>;

  signAcceptance(terms: AcceptanceTerms): Promise<{ readonly segments: string; readonly signature: string }>;
  signRequest(request: SignedRequest): Promise<string>;
  /** Checksummed; undefined if the signature is malformed. */
  requestSigner(request: SignedRequest, signature: string): string | undefined;

  /** Gas that a call would take; rejects as the call would. */
  estimate(call: Call): Promise<bigint>;
  /** Transactions of our key: mined, and mined or waiting. */
  nonces(): Promise<{ readonly mined: number; readonly pending: number }>;
  sign(call: Call, options: { readonly nonce: number; readonly gas: bigint }): Promise<SignedTransaction>;
  /** The same transaction with fees that replace it; undefined if they would be above the limit. */
  raiseFees(transaction: SignedTransaction): Promise<SignedTransaction | undefined>;
  /** Also resolves if the network has it, or has another with its nonce, already. */
  broadcast(transaction: SignedTransaction): Promise<void>;
  receipt(hash: string): Promise<Receipt | undefined>;
  close(): void;
}

export interface ChainOptions {
  readonly rpcUrl: string;
  /** Address of the Audits contract: the others are read from it. */
  readonly audits: string;
  readonly node: bigint;
  readonly privateKey: string;
  /** Refuses any other chain. */
  readonly chainId?: number | undefined;
  /** Refuses any other token. */
  readonly token?: string | undefined;
  /** Wei. */
  readonly maxFeePerGas: bigint;
}

const RPC_TIMEOUT_MS = 20_000;
/** A challenge of epoch e is answered before epoch e + 3 (IChallenges). */
const RESPONSE_EPOCHS = 3;
/** Blocks in one request for events. */
const EVENT_BLOCKS = 5_000;
/** Percent: nodes replace a transaction only for at least a tenth more on both fees. */
const RAISE = 125n;
/** Percent of the estimate: the state may change before a transaction is mined. */
const GAS_MARGIN = 130n;
/** Of a transaction, since Osaka. */
const MAX_GAS = 16_777_216n;

/** @throws HoldfastError "unreachable", "chain" or "key" unless this is the chain, the deployment and the node meant */
export async function connectChain(options: ChainOptions): Promise<NodeChain> {
  const { rpcUrl, audits: auditsAddress, node, privateKey, maxFeePerGas } = options;
  const chainId = await askChainId(rpcUrl);
  if (options.chainId !== undefined && chainId !== BigInt(options.chainId)) {
    const message = `the chain at ${rpcUrl} has the id ${chainId}, not ${options.chainId}: give the right chain's URL`;
    throw new HoldfastError("chain", message, { expected: options.chainId, actual: String(chainId) });
  }
  const request = new FetchRequest(rpcUrl);
  request.timeout = RPC_TIMEOUT_MS;
  const provider = new JsonRpcProvider(request, chainId, { staticNetwork: true, cacheTimeout: -1 });
  try {
    const contracts = await findContracts(provider, auditsAddress, options.token);
    const wallet = new Wallet(privateKey, provider);
    const chain = await createChain({ provider, wallet, contracts, chainId, maxFeePerGas });
    await checkOperator(chain, node);
    return chain;
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

async function checkOperator(chain: NodeChain, node: bigint): Promise<void> {
  const { operator } = await chain.node(node);
  if (operator === chain.operator) return;
  const message = `node ${node} is operated by ${operator}, the key given is that of ${chain.operator}: give the right key or node`;
  throw new HoldfastError("key", message, { node: String(node), operator, key: chain.operator });
}

// ------------------------------------------------------------------------------------------------------------- finding

interface Contracts {
  readonly audits: Contract;
  readonly registry: Contract;
  readonly ledger: Contract;
  readonly challenges: Contract;
  readonly beacon: Interface;
  /** All that can revert with an error of their own. */
  readonly errors: readonly Interface[];
}

/** Asked by hand: ethers would try for ever to find out what network it is on. */
async function askChainId(rpcUrl: string): Promise<bigint> {
  try {
    const response = await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
      signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
    });
    return BigInt(((await response.json()) as { result: string }).result);
  } catch (cause) {
    const message = `no chain answers at ${rpcUrl}: check the URL, and that the chain is running`;
    throw new HoldfastError("unreachable", message, { rpcUrl }, { cause });
  }
}

async function findContracts(
  provider: JsonRpcProvider,
  auditsAddress: string,
  expectedToken: string | undefined,
): Promise<Contracts> {
  const interfaceOf = (name: string): Interface => new Interface(contractArtifact(name).abi);
  const [auditsAbi, registryAbi, ledgerAbi, challengesAbi, beacon] = [
    interfaceOf("Audits"),
    interfaceOf("Registry"),
    interfaceOf("Ledger"),
    interfaceOf("Challenges"),
    interfaceOf("DrandBeacon"),
  ];
  // What a linked library reverts with is not in the ABI of the contract that calls it.
  const others = ["Groth16Verifier", "Segments", "Settlement"].map(interfaceOf);
  const errors = [auditsAbi, registryAbi, ledgerAbi, challengesAbi, beacon, ...others];
  const existing = async (name: string, address: string, abi: Interface): Promise<Contract> => {
    if (dataLength(await refusing(errors, "getCode", provider.getCode(address))) > 0)
      return new Contract(address, abi, provider);
    const message = `there is no ${name} contract at ${address} on this chain: check the address and the chain`;
    throw new HoldfastError("chain", message, { address });
  };
  const audits = await existing("Audits", getAddress(auditsAddress), auditsAbi);
  const of = (method: string): Promise<string> =>
    refusing(errors, method, audits.getFunction(method).staticCall() as Promise<string>);
  const token = await of("token");
  if (expectedToken !== undefined && getAddress(expectedToken) !== token) {
    const message = `this deployment pays in the token ${token}, not in ${expectedToken}: use another deployment`;
    throw new HoldfastError("chain", message, { expected: expectedToken, actual: token });
  }
  const registry = await existing("Registry", await of("registry"), registryAbi);
  const ledger = await existing("Ledger", await of("ledger"), ledgerAbi);
  const challenges = await existing("Challenges", await of("challenges"), challengesAbi);
  return { audits, registry, ledger, challenges, beacon, errors };
}

// --------------------------------------------------------------------------------------------------------------- chain

interface Connection {
  readonly provider: JsonRpcProvider;
  readonly wallet: Wallet;
  readonly contracts: Contracts;
  readonly chainId: bigint;
  readonly maxFeePerGas: bigint;
}

async function createChain({
  provider,
  wallet,
  contracts,
  chainId,
  maxFeePerGas,
}: Connection): Promise<NodeChain> {
  const { audits, registry, ledger, challenges, beacon, errors } = contracts;
  const asked = <T>(what: string, answer: Promise<T>): Promise<T> => refusing(errors, what, answer);
  const view = <T>(contract: Contract, method: string, ...args: unknown[]): Promise<T> =>
    asked(method, contract.getFunction(method).staticCall(...args) as Promise<T>);
  /** undefined where the contract says that there is no such thing. */
  const viewIfAny = async <T>(
    error: string,
    contract: Contract,
    method: string,
    id: bigint,
  ): Promise<T | undefined> => {
    try {
      return await view<T>(contract, method, id);
    } catch (cause) {
      if (contractError(cause) === error) return undefined;
      throw cause;
    }
  };
  const readCluster = async (id: bigint): Promise<ClusterRecord> => {
    const [params, profileIndex, beaconIndex] = await view<[{ bondEpochs: bigint }, bigint, bigint]>(
      audits,
      "params",
      id,
    );
    const profile = await view<Record<string, bigint>>(audits, "profiles", profileIndex);
    return {
      beacon: Number(beaconIndex),
      bondEpochs: params.bondEpochs,
      samples: Number(profile["samples"]),
      dataDepth: Number(profile["dataDepth"]),
      directoryDepth: Number(profile["directoryDepth"]),
    };
  };
  const registryAddress = await registry.getAddress();
  const auditsAddress = await audits.getAddress();
  const challengesAddress = await challenges.getAddress();
  const genesis = Number(await view<bigint>(audits, "genesis"));
  const epochSeconds = Number(await view<bigint>(audits, "epochSeconds"));
  const margin = Number(await view<bigint>(audits, "margin"));
  const signingDomain = domain(chainId, registryAddress) as TypedDataDomain;

  const eventsOf = async (logs: readonly Log[]): Promise<ChainEvent[]> => {
    const numbers = [...new Set(logs.map(({ blockNumber }) => blockNumber))];
    const times = new Map<number, number>();
    for (const number of numbers) {
      const block = await asked("getBlock", provider.getBlock(number));
      if (!block)
        throw new HoldfastError("chain", `block ${number} is gone: the chain was reorganized`, { number });
      times.set(number, block.timestamp);
    }
    return logs.flatMap((log) => {
      const parsed = [registry, audits, challenges]
        .map((contract) => contract.interface.parseLog(log))
        .find((found) => found !== null);
      const args = parsed?.args.toObject() as Record<string, unknown> | undefined;
      return parsed && args ? [{ name: parsed.name, args, timestamp: times.get(log.blockNumber) ?? 0 }] : [];
    });
  };
  const transactionOf = (call: Call): TransactionRequest => {
    if (call.kind === "retire") {
      const path = call.path.map((others) => others.map(toHex32));
      const data = registry.interface.encodeFunctionData("retire", [
        call.vNode,
        call.serial,
        call.root,
        path,
      ]);
      return { to: registryAddress, data };
    }
    if (call.kind === "answer") {
      const data = challenges.interface.encodeFunctionData("answer", [call.challenge, call.proof]);
      return { to: challengesAddress, data };
    }
    const args =
      call.kind === "prove" ? [call.vNode, call.epoch, call.proof] : [call.beacon, call.epoch, call.evidence];
    return { to: auditsAddress, data: audits.interface.encodeFunctionData(call.kind, args) };
  };
  /** undefined if it is over. */
  const readChallenge = async (id: bigint): Promise<ChallengeRecord | undefined> => {
    const c = await view<Record<"vNode" | "node" | "epoch", bigint>>(challenges, "challengeOf", id);
    const asked = await viewIfAny<[string, bigint[]]>("NotOpen", challenges, "inputsOf", id);
    if (!asked) return undefined;
    const [randomness, [root = 0n, seed, start, length]] = asked;
    return {
      ...{ id, vNode: c.vNode, node: c.node, root, start: Number(start), length: Number(length) },
      seed: BigInt(randomness) === 0n ? undefined : seed,
      deadline: genesis + (Number(c.epoch) + RESPONSE_EPOCHS) * epochSeconds,
    };
  };
  const signed = async (transaction: TransactionRequest): Promise<SignedTransaction> => {
    const raw = await wallet.signTransaction(transaction);
    return { raw, hash: keccak256(raw) };
  };

  return {
    chainId,
    registry: registryAddress,
    audits: auditsAddress,
    operator: wallet.address,
    epochSeconds,
    epochAt: (timestamp) => Math.max(0, Math.floor((timestamp - genesis) / epochSeconds)),
    sourcePoint: (epoch) => sourcePoint(epoch, { genesis, epochSeconds, margin }),

    async block() {
      const block = await asked("getBlock", provider.getBlock("latest"));
      if (!block?.hash) throw new HoldfastError("chain", "the chain has no block");
      return { number: block.number, hash: block.hash, timestamp: block.timestamp };
    },
    blockHash: async (number) => (await asked("getBlock", provider.getBlock(number)))?.hash ?? undefined,
    async events(fromBlock, toBlock) {
      const logs: Log[] = [];
      for (let first = fromBlock; first <= toBlock; first += EVENT_BLOCKS) {
        const last = Math.min(toBlock, first + EVENT_BLOCKS - 1);
        const filter = {
          address: [registryAddress, auditsAddress, challengesAddress],
          fromBlock: first,
          toBlock: last,
        };
        logs.push(...(await asked("getLogs", provider.getLogs(filter))));
      }
      return eventsOf(logs);
    },

    async node(id) {
      const {
        provider: owner,
        operator,
        url,
        capacity,
        used,
        rent,
      } = await view<NodeRecord>(registry, "node", id);
      return { provider: owner, operator, url, capacity, used, rent };
    },
    freeBond: (node) => view(ledger, "freeBond", node),
    balance: (account) => view(ledger, "balanceOf", account),
    cluster: readCluster,
    async vNode(id) {
      const found = await viewIfAny<{ cluster: bigint; node: bigint }>("NoSuchVNode", registry, "vNode", id);
      return found && { cluster: found.cluster, responsible: found.node };
    },
    async bucket(id) {
      const found = await viewIfAny<{ owner: string; cluster: bigint }>(
        "NoSuchBucket",
        registry,
        "bucket",
        id,
      );
      return found && { owner: found.owner, cluster: found.cluster };
    },
    mayRead: (bucket, who) => view(registry, "mayRead", bucket, who),
    mayWrite: (bucket, who) => view(registry, "mayWrite", bucket, who),
    async directory(vNode) {
      const { root, total, count } = await view<{ root: string; total: bigint; count: bigint }>(
        registry,
        "directory",
        vNode,
      );
      return { root: BigInt(root), total: Number(total), count: Number(count) };
    },
    async state(vNode) {
      const s = await view<Record<keyof VNodeState, bigint>>(audits, "state", vNode);
      const { node, nextNode, rate, committed, locked, nextLocked } = s;
      const counts = { settled: Number(s.settled), misses: Number(s.misses), syncLeft: Number(s.syncLeft) };
      return {
        node,
        nextNode,
        nextSince: Number(s.nextSince),
        rate,
        committed,
        locked,
        nextLocked,
        ...counts,
      };
    },
    async duty(vNode, epoch) {
      let d: Record<"node" | "seed" | "total" | "deadline", bigint> &
        Record<"root" | "randomness", string> &
        Record<"due" | "proven", boolean>;
      try {
        d = await view(audits, "duty", vNode, epoch);
      } catch (error) {
        if (contractError(error) === "NotCurrentEpoch") return undefined;
        throw error;
      }
      return {
        ...{ due: d.due, proven: d.proven, node: d.node, root: BigInt(d.root) },
        seed: BigInt(d.randomness) === 0n ? undefined : d.seed,
        ...{ total: Number(d.total), deadline: Number(d.deadline) },
      };
    },
    async challenges(vNode) {
      const ids = [...(await view<bigint[]>(challenges, "openOf", vNode))];
      return (await Promise.all(ids.map(readChallenge))).filter((found) => found !== undefined);
    },
    async source(index, epoch) {
      const contract = new Contract(await view<string>(audits, "beacons", index), beacon, provider);
      let words: bigint[];
      try {
        words = [...((await contract.getFunction("publicKey").staticCall()) as bigint[])];
      } catch (error) {
        if (!isCallException(error)) throw explain(errors, "publicKey", error);
        const clock = { genesis, epochSeconds, margin };
        const found = await headerEvidence(provider, sourcePoint(epoch, clock)); // it has no key
        return found && { kind: "headers", evidence: getBytes(found.evidence) };
      }
      const publicKey = Buffer.concat(words.map((word) => Buffer.from(toHex32(word).slice(2), "hex")));
      return { kind: "drand", round: Number(await view<bigint>(contract, "roundFor", epoch)), publicKey };
    },

    async signAcceptance(terms) {
      const values = terms.segments.map(({ root, leaves }) => [root, leaves]);
      const segments = keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(bytes32,uint32)[]"], [values]));
      return {
        segments,
        signature: await wallet.signTypedData(signingDomain, ACCEPTANCE, { ...terms, segments }),
      };
    },
    signRequest: (message) => wallet.signTypedData(signingDomain, REQUEST, message),
    requestSigner(message, signature) {
      try {
        return verifyTypedData(signingDomain, REQUEST, message, signature);
      } catch {
        return undefined;
      }
    },

    estimate: (call) =>
      asked(call.kind, provider.estimateGas({ ...transactionOf(call), from: wallet.address })),
    async nonces() {
      const [mined, pending] = await Promise.all([
        asked("getTransactionCount", provider.getTransactionCount(wallet.address, "latest")),
        asked("getTransactionCount", provider.getTransactionCount(wallet.address, "pending")),
      ]);
      return { mined, pending };
    },
    async sign(call, { nonce, gas }) {
      const fees = await asked("getFeeData", provider.getFeeData());
      const priority = fees.maxPriorityFeePerGas ?? 0n;
      const fee = lesser(fees.maxFeePerGas ?? fees.gasPrice ?? 0n, maxFeePerGas);
      return signed({
        ...transactionOf(call),
        ...{ type: 2, chainId, nonce, gasLimit: lesser((gas * GAS_MARGIN) / 100n, MAX_GAS) },
        ...{ maxFeePerGas: fee, maxPriorityFeePerGas: lesser(priority, fee) },
      });
    },
    async raiseFees({ raw }) {
      const old = Transaction.from(raw);
      const { type, nonce, to, data, gasLimit } = old;
      const raise = (value: bigint | null): bigint => ((value ?? 0n) * RAISE) / 100n + 1n;
      const [fee, priority] = [raise(old.maxFeePerGas), raise(old.maxPriorityFeePerGas)];
      if (fee > maxFeePerGas) return undefined;
      return signed({
        type,
        chainId,
        nonce,
        to,
        data,
        gasLimit,
        maxFeePerGas: fee,
        maxPriorityFeePerGas: priority,
      });
    },
    async broadcast({ raw, hash }) {
      try {
        await provider.broadcastTransaction(raw);
      } catch (error) {
        // Whatever the reason: if it is there, it is there.
        if (await asked("getTransaction", provider.getTransaction(hash))) return;
        if (isError(error, "NONCE_EXPIRED") || isError(error, "REPLACEMENT_UNDERPRICED")) return;
        throw explain(errors, "a transaction", error);
      }
    },
    async receipt(hash) {
      const found = await asked("getTransactionReceipt", provider.getTransactionReceipt(hash));
      if (!found) return undefined;
      const { blockNumber: block, status, gasUsed } = found;
      return { hash, block, succeeded: status === 1, gasUsed: Number(gasUsed) };
    },
    close: () => provider.destroy(),
  };
}

const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);

// -------------------------------------------------------------------------------------------------------------- errors

/** The name of the contract's error in what a method of NodeChain rejected with. */
export function contractError(error: unknown): string | undefined {
  const name = error instanceof HoldfastError ? error.details["error"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** IAudits.Refusal.AlreadyProven. */
const ALREADY_PROVEN = "4";

/** Whether a proof was refused because the epoch is proven, which is all that we want. */
export function isAlreadyProven(error: unknown): boolean {
  const reason = error instanceof HoldfastError ? error.details["reason"] : undefined;
  return contractError(error) === "ProofRefused" && reason === ALREADY_PROVEN;
}

/** IChallenges.Status.Answered. */
const ANSWERED = "2";

/** Whether an answer was refused because there is one. */
export function isAlreadyAnswered(error: unknown): boolean {
  const status = error instanceof HoldfastError ? error.details["status"] : undefined;
  return contractError(error) === "NotOpen" && status === ANSWERED;
}

async function refusing<T>(errors: readonly Interface[], what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw explain(errors, what, error);
  }
}

function explain(errors: readonly Interface[], what: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const cause = { cause: error };
  if (isCallException(error)) {
    const parsed = error.data ? parseRevert(errors, error.data) : undefined;
    if (!parsed)
      return new HoldfastError("chain", `the contract refuses ${what}: ${error.shortMessage}`, {}, cause);
    const args = Object.fromEntries(
      Object.entries(parsed.args.toObject() as Record<string, unknown>).map(([name, value]) => [
        name,
        String(value),
      ]),
    );
    const values = Object.entries(args).map(([name, value]) => `${name} ${value}`);
    const message = `the contract refuses ${what}: ${parsed.name}(${values.join(", ")})`;
    return new HoldfastError("chain", message, { error: parsed.name, ...args }, cause);
  }
  if (isError(error, "INSUFFICIENT_FUNDS")) {
    const message = `the operator cannot pay the gas of ${what}: send it the chain's own coin`;
    return new HoldfastError("funds", message, {}, cause);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new HoldfastError("unreachable", `the chain did not answer ${what}: ${text}`, {}, cause);
}

function parseRevert(errors: readonly Interface[], data: string): { name: string; args: Result } | undefined {
  // Without a selector.
  if (dataLength(data) < 4) return undefined;
  for (const each of errors) {
    const parsed = each.parseError(data);
    if (parsed) return parsed;
  }
  return undefined;
}

// ----------------------------------------------------------------------------------------------------------------- key

/**
 * The operator's private key: from a V3 keystore with its password, or bare hex for local networks.
 *
 * @throws HoldfastError "key" for anything else, and for a file that others can read
 */
export async function readOperatorKey(keyFile: string, passwordFile?: string): Promise<string> {
  const text = await readSecret(keyFile);
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return text.startsWith("0x") ? text : `0x${text}`;
  if (passwordFile === undefined) {
    const message = `${keyFile} is no hex private key; if it is a keystore, name the file with its password`;
    throw new HoldfastError("key", message, { keyFile });
  }
  const password = await readSecret(passwordFile);
  try {
    return (await Wallet.fromEncryptedJson(text, password)).privateKey;
  } catch (cause) {
    const message = `${keyFile} does not open with the password in ${passwordFile}, or is no V3 keystore`;
    throw new HoldfastError("key", message, { keyFile }, { cause });
  }
}

async function readSecret(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    [text, { mode }] = [await readFile(path, "utf8"), await stat(path)];
  } catch (cause) {
    throw new HoldfastError("key", `${path} cannot be read`, { path }, { cause });
  }
  if ((mode & 0o077) !== 0)
    throw new HoldfastError("key", `others can read ${path}: run \`chmod 600 ${path}\``, { path });
  return text.trim();
}
