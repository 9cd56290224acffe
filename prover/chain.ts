/**
 * The node's view of the chain, and its hand on it: duties, directories rebuilt from events, access rights, signatures
 * and transactions. The only file of prover/ that knows ethers.
 */
import { readFile, stat } from "node:fs/promises";
import {
  AbiCoder,
  Contract,
  Interface,
  isCallException,
  JsonRpcProvider,
  keccak256,
  Transaction,
  verifyTypedData,
  Wallet,
  type Log,
  type LogDescription,
  type TransactionReceipt,
  type TypedDataDomain,
} from "ethers";
import { contractArtifact } from "../contracts/artifacts.ts";
import { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import type { ProofWords } from "../protocol/groth16.ts";
import { ACCEPTANCE, domain, REQUEST } from "../protocol/typed-data.ts";

export interface BlockTime {
  readonly number: number;
  /** Seconds: deadlines are the chain's. */
  readonly timestamp: number;
}

export interface Duty {
  readonly due: boolean;
  readonly proven: boolean;
  readonly node: bigint;
  /** undefined until the epoch's beacon is recorded. */
  readonly seed: bigint | undefined;
  readonly root: bigint;
  readonly total: number;
  /** Seconds. */
  readonly deadline: number;
}

export interface VNodeState {
  readonly node: bigint;
  readonly nextNode: bigint;
  readonly settled: number;
  readonly misses: number;
  readonly syncLeft: number;
  readonly rate: bigint;
}

export interface Holding {
  readonly serial: number;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly leaves: number;
  /** First epoch that is not paid for. */
  readonly end: number;
  retired: boolean;
}

/** A vNode's directory, and what each entry of it is. */
export interface VNodeContents {
  readonly directory: Directory;
  readonly holdings: readonly Holding[];
}

export interface NodeRecord {
  readonly provider: string;
  readonly operator: string;
  readonly url: string;
  readonly capacity: bigint;
  readonly used: bigint;
  readonly rent: bigint;
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

export interface SignedTransaction {
  readonly raw: string;
  readonly hash: string;
}

export interface NodeChain {
  readonly chainId: bigint;
  readonly registry: string;
  readonly audits: string;
  readonly operator: string;
  readonly epochSeconds: number;
  readonly profile: { readonly samples: number; readonly dataDepth: number; readonly directoryDepth: number };
  block(): Promise<BlockTime>;
  epochAt(timestamp: number): number;
  epochStart(epoch: number): number;
  self(): Promise<NodeRecord>;
  node(id: bigint): Promise<NodeRecord>;
  freeBond(): Promise<bigint>;
  /** vNodes that this node answers for, now or from the next epoch on. */
  vNodes(): Promise<bigint[]>;
  state(vNode: bigint): Promise<VNodeState>;
  clusterOf(vNode: bigint): Promise<bigint>;
  bondEpochs(cluster: bigint): Promise<bigint>;
  duty(vNode: bigint, epoch: number): Promise<Duty>;
  /** As it stood when the epoch began, checked against the root that the contract asks for. */
  contents(vNode: bigint, epoch: number, root: bigint): Promise<VNodeContents>;
  /** As it stands. */
  currentContents(vNode: bigint): Promise<VNodeContents>;
  /** Other nodes that hold a segment of this root in this bucket. */
  replicas(bucket: bigint, root: Hex): Promise<{ node: bigint; url: string }[]>;
  bucket(id: bigint): Promise<{ owner: string; cluster: bigint } | undefined>;
  mayRead(bucket: bigint, who: string): Promise<boolean>;
  mayWrite(bucket: bigint, who: string): Promise<boolean>;
  /** Whether somebody operates a node that answers for a vNode of the cluster. */
  isMember(cluster: bigint, who: string): Promise<boolean>;
  signAcceptance(terms: AcceptanceTerms): Promise<{ segments: string; signature: string }>;
  signRequest(request: SignedRequest): Promise<string>;
  /** The signer of a request, or undefined if the signature is malformed. */
  requestSigner(request: SignedRequest, signature: string): string | undefined;
  recordBeacon(vNode: bigint, epoch: number, signature: Uint8Array): Promise<void>;
  roundFor(vNode: bigint, epoch: number): Promise<bigint>;
  /**
   * Signs a proof's transaction with the next nonce; `record` has it on disk before anybody sees it.
   *
   * @returns undefined if the epoch is proven already
   */
  signProof(
    vNode: bigint,
    epoch: number,
    proof: ProofWords,
    record: (transaction: SignedTransaction) => void,
  ): Promise<SignedTransaction | undefined>;
  /** Sends it, again with a higher fee if it is not mined, and waits. Throws "chain" if it is mined and reverted. */
  deliver(transaction: SignedTransaction, signal: AbortSignal): Promise<{ gasUsed: bigint; hash: string }>;
  retire(vNode: bigint, serial: number, root: Hex, path: readonly (readonly bigint[])[]): Promise<void>;
  /** Ends with the next block, or after the poll interval. */
  tick(signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface ChainOptions {
  readonly rpcUrl: string;
  readonly audits: string;
  readonly chainId?: number | undefined;
  readonly node: bigint;
  readonly privateKey: string;
  readonly pollMs: number;
  readonly confirmations: number;
}

const INTERFACES = {
  audits: abi("Audits"),
  registry: abi("Registry"),
  ledger: abi("Ledger"),
  beacon: abi("DrandBeacon"),
};
/** IAudits.Refusal.AlreadyProven. */
const ALREADY_PROVEN = 4n;
/** Seconds without inclusion after which the fee is raised. */
const BUMP_MS = 20_000;
/** Nodes replace a transaction only for at least a tenth more. */
const BUMP_PERCENT = 125n;
const EVENT_BLOCKS = 5_000;

function abi(name: string): Interface {
  return new Interface(contractArtifact(name).abi);
}

/** A private key in hex, or a keystore and its password. Throws "key" for anything else, and for a file others can read. */
export async function readOperatorKey(keyFile: string, passwordFile?: string): Promise<string> {
  const text = await readSecret(keyFile);
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return text.startsWith("0x") ? text : `0x${text}`;
  if (passwordFile === undefined) {
    throw new HoldfastError(
      "key",
      `${keyFile} is no private key; if it is a keystore, give its password file`,
      { keyFile },
    );
  }
  try {
    return (await Wallet.fromEncryptedJson(text, await readSecret(passwordFile))).privateKey;
  } catch (cause) {
    throw new HoldfastError("key", `${keyFile} does not open with this password`, { keyFile }, { cause });
  }
}

async function readSecret(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new HoldfastError("key", `${path} can be read by others: chmod 600 it`, { path });
    }
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("key", `${path} cannot be read`, { path }, { cause });
  }
}

/** @throws HoldfastError "unreachable" or "chain" if this is not the chain, the deployment or the node of the configuration */
export async function connectChain(options: ChainOptions): Promise<NodeChain> {
  const provider = new JsonRpcProvider(options.rpcUrl, undefined, {
    polling: true,
    pollingInterval: options.pollMs,
    staticNetwork: true,
    cacheTimeout: -1,
  });
  try {
    return await checkedChain(provider, options);
  } catch (error) {
    provider.destroy();
    throw error instanceof HoldfastError
      ? error
      : new HoldfastError(
          "unreachable",
          `the chain at ${options.rpcUrl} does not answer: ${(error as Error).message}`,
          {},
          { cause: error },
        );
  }
}

async function checkedChain(provider: JsonRpcProvider, options: ChainOptions): Promise<NodeChain> {
  const chainId = BigInt((await provider.send("eth_chainId", [])) as string);
  if (options.chainId !== undefined && chainId !== BigInt(options.chainId)) {
    const message = `the chain at ${options.rpcUrl} has the id ${chainId}, not ${options.chainId}`;
    throw new HoldfastError("chain", message, { expected: options.chainId, actual: String(chainId) });
  }
  if ((await provider.getCode(options.audits)) === "0x") {
    throw new HoldfastError("chain", `there is no contract at ${options.audits} on chain ${chainId}`, {
      audits: options.audits,
    });
  }
  const wallet = new Wallet(options.privateKey, provider);
  const audits = new Contract(options.audits, INTERFACES.audits, wallet);
  const view = async <T>(contract: Contract, method: string, ...args: unknown[]): Promise<T> =>
    (await contract.getFunction(method).staticCall(...args)) as T;
  const registryAddress = await view<string>(audits, "registry");
  const registry = new Contract(registryAddress, INTERFACES.registry, wallet);
  const ledger = new Contract(await view<string>(audits, "ledger"), INTERFACES.ledger, wallet);
  const genesis = Number(await view<bigint>(audits, "genesis"));
  const epochSeconds = Number(await view<bigint>(audits, "epochSeconds"));

  const self = await view<NodeRecord>(registry, "node", options.node);
  if (self.operator !== wallet.address) {
    const message = `node ${options.node} is operated by ${self.operator}, not by this key's ${wallet.address}`;
    throw new HoldfastError("key", message, {
      node: String(options.node),
      operator: self.operator,
      key: wallet.address,
    });
  }
  const profiles = await view<{ samples: bigint; dataDepth: bigint; directoryDepth: bigint }>(
    audits,
    "profiles",
    0,
  );
  const signingDomain = domain(chainId, registryAddress) as TypedDataDomain;
  const epochAt = (timestamp: number): number =>
    Math.max(0, Math.floor((timestamp - genesis) / epochSeconds));
  const block = async (): Promise<BlockTime> => {
    const latest = await provider.getBlock("latest");
    if (!latest) throw new HoldfastError("chain", "the chain has no block");
    return { number: latest.number, timestamp: latest.timestamp };
  };
  const logs = createLogReader({ provider, registry, epochAt, confirmations: options.confirmations });
  const contents = createContents(logs, Number(profiles.directoryDepth));
  const send = createSender(provider, wallet);
  const contextOf = async (vNode: bigint): Promise<bigint> => {
    const { cluster } = await view<{ cluster: bigint }>(registry, "vNode", vNode);
    return (await view<{ beacon: bigint }>(registry, "cluster", cluster)).beacon;
  };

  return {
    chainId,
    registry: registryAddress,
    audits: options.audits,
    operator: wallet.address,
    epochSeconds,
    profile: {
      samples: Number(profiles.samples),
      dataDepth: Number(profiles.dataDepth),
      directoryDepth: Number(profiles.directoryDepth),
    },
    block,
    epochAt,
    epochStart: (epoch) => genesis + epoch * epochSeconds,
    self: () => view(registry, "node", options.node),
    node: (id) => view(registry, "node", id),
    freeBond: () => view(ledger, "freeBond", options.node),
    async vNodes() {
      const candidates = await logs.assignedVNodes(options.node);
      const states = await Promise.all(candidates.map((vNode) => view<VNodeState>(audits, "state", vNode)));
      return candidates.filter(
        (_, i) => states[i]?.node === options.node || states[i]?.nextNode === options.node,
      );
    },
    async state(vNode) {
      const s = await view<Record<keyof VNodeState, bigint>>(audits, "state", vNode);
      const { node, nextNode, rate } = s;
      return {
        node,
        nextNode,
        rate,
        settled: Number(s.settled),
        misses: Number(s.misses),
        syncLeft: Number(s.syncLeft),
      };
    },
    clusterOf: async (vNode) => (await view<{ cluster: bigint }>(registry, "vNode", vNode)).cluster,
    async bondEpochs(cluster) {
      const [params] = await view<[{ bondEpochs: bigint }]>(audits, "params", cluster);
      return params.bondEpochs;
    },
    async duty(vNode, epoch) {
      const d = await view<{
        due: boolean;
        proven: boolean;
        node: bigint;
        randomness: string;
        seed: bigint;
        root: string;
        total: bigint;
        deadline: bigint;
      }>(audits, "duty", vNode, epoch);
      return {
        ...{ due: d.due, proven: d.proven, node: d.node, root: BigInt(d.root) },
        seed: BigInt(d.randomness) === 0n ? undefined : d.seed,
        total: Number(d.total),
        deadline: Number(d.deadline),
      };
    },
    contents: (vNode, epoch, root) => contents(vNode, epoch, root),
    currentContents: (vNode) => contents(vNode, Infinity, undefined),
    async replicas(bucket, root) {
      const holders = await logs.holdersOf(bucket, root);
      const states = await Promise.all(holders.map((vNode) => view<VNodeState>(audits, "state", vNode)));
      const nodes = new Set(
        states.map(({ node }) => node).filter((node) => node !== 0n && node !== options.node),
      );
      return Promise.all(
        [...nodes].map(async (node) => ({ node, url: (await view<NodeRecord>(registry, "node", node)).url })),
      );
    },
    async bucket(id) {
      try {
        return await view(registry, "bucket", id);
      } catch (error) {
        if (isCallException(error)) return undefined;
        throw error;
      }
    },
    mayRead: (bucket, who) => view(registry, "mayRead", bucket, who),
    mayWrite: (bucket, who) => view(registry, "mayWrite", bucket, who),
    async isMember(cluster, who) {
      for (const vNode of await logs.clusterVNodes(cluster)) {
        const { node, nextNode } = await view<VNodeState>(audits, "state", vNode);
        for (const id of [node, nextNode]) {
          if (id !== 0n && (await view<NodeRecord>(registry, "node", id)).operator === who) return true;
        }
      }
      return false;
    },
    async signAcceptance(terms) {
      const values = terms.segments.map(({ root, leaves }) => [root, leaves]);
      const segments = keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(bytes32,uint32)[]"], [values]));
      return {
        segments,
        signature: await wallet.signTypedData(signingDomain, ACCEPTANCE, { ...terms, segments }),
      };
    },
    signRequest: (request) => wallet.signTypedData(signingDomain, REQUEST, request),
    requestSigner(request, signature) {
      try {
        return verifyTypedData(signingDomain, REQUEST, request, signature);
      } catch {
        return undefined;
      }
    },
    async recordBeacon(vNode, epoch, signature) {
      await send.call(audits, "recordBeacon", [await contextOf(vNode), epoch, signature]);
    },
    async roundFor(vNode, epoch) {
      const address = await view<string>(audits, "beacons", await contextOf(vNode));
      return view(new Contract(address, INTERFACES.beacon, provider), "roundFor", epoch);
    },
    async signProof(vNode, epoch, proof, record) {
      try {
        return await send.sign(audits, "prove", [vNode, epoch, proof], record);
      } catch (error) {
        if (isAlreadyProven(error)) return undefined;
        throw explain(error, `the proof of vNode ${vNode} in epoch ${epoch}`);
      }
    },
    deliver: (transaction, signal) => send.deliver(transaction, signal),
    async retire(vNode, serial, root, path) {
      await send.call(registry, "retire", [vNode, serial, root, path.map((others) => others.map(toHex32))]);
    },
    tick: (signal) => nextBlock(provider, options.pollMs, signal),
    close: () => provider.destroy(),
  };
}

// -------------------------------------------------------------------------------------------------------------- events

interface ChainEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, bigint>> & { readonly root: string };
  readonly epoch: number;
}

interface LogReader {
  /** Events of a vNode's directory, in order. */
  directoryEvents(vNode: bigint): Promise<readonly ChainEvent[]>;
  /** All that were ever named for the node. */
  assignedVNodes(node: bigint): Promise<bigint[]>;
  holdersOf(bucket: bigint, root: Hex): Promise<bigint[]>;
  clusterVNodes(cluster: bigint): Promise<bigint[]>;
  /** Forgets everything: after a reorganization. */
  reset(): void;
}

interface LogReaderOptions {
  readonly provider: JsonRpcProvider;
  readonly registry: Contract;
  readonly epochAt: (timestamp: number) => number;
  readonly confirmations: number;
}

/** Reads the Registry's and Audits' events once, and then only what is new. */
function createLogReader({ provider, registry, epochAt, confirmations }: LogReaderOptions): LogReader {
  let events: { readonly event: ChainEvent; readonly vNode: bigint }[] = [];
  let next = 0;
  let reading: Promise<void> = Promise.resolve();
  let addresses: string[] | undefined;

  const catchUp = async (): Promise<void> => {
    addresses ??= [
      await registry.getAddress(),
      (await registry.getFunction("audits").staticCall()) as string,
    ];
    const end = (await provider.getBlockNumber()) - confirmations;
    const times = new Map<number, number>();
    while (next <= end) {
      const toBlock = Math.min(end, next + EVENT_BLOCKS - 1);
      for (const log of await provider.getLogs({ address: addresses, fromBlock: next, toBlock })) {
        const parsed = parse(log);
        const vNode = parsed?.args.getValue("vNode") as bigint | undefined;
        if (!parsed || vNode === undefined) continue;
        let time = times.get(log.blockNumber);
        if (time === undefined) {
          time = (await provider.getBlock(log.blockNumber))?.timestamp ?? 0;
          times.set(log.blockNumber, time);
        }
        const args = parsed.args.toObject() as unknown as ChainEvent["args"];
        events.push({ vNode, event: { name: parsed.name, args, epoch: epochAt(time) } });
      }
      next = toBlock + 1;
    }
  };
  const parse = (log: Log): LogDescription | null =>
    INTERFACES.registry.parseLog(log) ?? INTERFACES.audits.parseLog(log);
  /** One reader at a time, so that no event comes in twice. */
  const current = async (): Promise<typeof events> => {
    reading = reading.then(catchUp, catchUp);
    await reading;
    return events;
  };
  const vNodesOf = async (wanted: (event: ChainEvent) => boolean): Promise<bigint[]> => [
    ...new Set((await current()).filter(({ event }) => wanted(event)).map(({ vNode }) => vNode)),
  ];

  return {
    directoryEvents: async (id) =>
      (await current())
        .filter(({ vNode, event }) => vNode === id && DIRECTORY_EVENTS.has(event.name))
        .map(({ event }) => event),
    assignedVNodes: (node) =>
      vNodesOf(({ name, args }) => (name === "NodeAssigned" || name === "TookOver") && args["node"] === node),
    holdersOf: (bucket, root) =>
      vNodesOf(
        ({ name, args }) => name === "SegmentStored" && args["bucket"] === bucket && args.root === root,
      ),
    clusterVNodes: (cluster) =>
      vNodesOf(({ name, args }) => name === "VNodeAdded" && args["cluster"] === cluster),
    reset() {
      events = [];
      next = 0;
    },
  };
}

const DIRECTORY_EVENTS = new Set(["SegmentStored", "SegmentRetired", "DirectoryReset"]);

/** Replays a vNode's events of the epochs before one. */
function createContents(
  logs: LogReader,
  depth: number,
): (vNode: bigint, epoch: number, root: bigint | undefined) => Promise<VNodeContents> {
  const replay = async (vNode: bigint, epoch: number): Promise<VNodeContents> => {
    let directory = new Directory(depth);
    let holdings: Holding[] = [];
    let base = 0;
    for (const { name, args, epoch: at } of await logs.directoryEvents(vNode)) {
      if (at >= epoch) break;
      if (name === "SegmentStored") {
        const holding = toHolding(args);
        directory.append({ root: BigInt(holding.root), leaves: holding.leaves });
        holdings.push(holding);
      } else if (name === "SegmentRetired") {
        const index = Number(args["serial"]) - base;
        directory.retire(index);
        const holding = holdings[index];
        if (holding) holding.retired = true;
      } else {
        base += holdings.length;
        directory = new Directory(depth);
        holdings = [];
      }
    }
    return { directory, holdings };
  };
  return async (vNode, epoch, root) => {
    const contents = await replay(vNode, epoch);
    if (root === undefined || contents.directory.root === root) return contents;
    // The chain may have been reorganized under us: read it all again, once.
    logs.reset();
    const again = await replay(vNode, epoch);
    if (again.directory.root === root) return again;
    const message = `the directory of vNode ${vNode} from the chain's events is not the contract's: the RPC lacks events`;
    throw new HoldfastError("chain", message, { vNode: String(vNode), epoch });
  };
}

function toHolding(args: ChainEvent["args"]): Holding {
  return {
    serial: Number(args["serial"]),
    bucket: args["bucket"] ?? 0n,
    root: args.root as Hex,
    leaves: Number(args["leaves"]),
    end: Number(args["end"]),
    retired: false,
  };
}

// -------------------------------------------------------------------------------------------------------- transactions

interface Sender {
  call(contract: Contract, method: string, args: readonly unknown[]): Promise<void>;
  sign(
    contract: Contract,
    method: string,
    args: readonly unknown[],
    record: (transaction: SignedTransaction) => void,
  ): Promise<SignedTransaction>;
  deliver(transaction: SignedTransaction, signal: AbortSignal): Promise<{ gasUsed: bigint; hash: string }>;
}

/** One allocator of nonces for the operator's key; what is signed is recorded before the next one is given. */
function createSender(provider: JsonRpcProvider, wallet: Wallet): Sender {
  let nonce: number | undefined;
  let lane: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = lane.then(work, work);
    lane = result.catch(() => undefined);
    return result;
  };
  const sign: Sender["sign"] = (contract, method, args, record) =>
    inTurn(async () => {
      const request = await contract.getFunction(method).populateTransaction(...args);
      const gas = await provider.estimateGas({ ...request, from: wallet.address });
      const pending = await provider.getTransactionCount(wallet.address, "pending");
      const own = Math.max(pending, nonce ?? 0);
      const populated = await wallet.populateTransaction({
        ...request,
        gasLimit: (gas * 12n) / 10n,
        nonce: own,
      });
      delete populated.from;
      const raw = await wallet.signTransaction(populated);
      const transaction = { raw, hash: keccak256(raw) };
      record(transaction);
      nonce = own + 1;
      return transaction;
    });
  const deliver: Sender["deliver"] = async (transaction, signal) => {
    let sent = transaction;
    const hashes = [sent.hash];
    for (;;) {
      signal.throwIfAborted();
      await broadcast(provider, sent);
      const receipt = await anyReceipt(provider, hashes, BUMP_MS, signal);
      if (receipt) {
        if (receipt.status === 1) return { gasUsed: receipt.gasUsed, hash: receipt.hash };
        nonce = undefined;
        throw new HoldfastError("chain", "the transaction was mined and reverted", { hash: receipt.hash });
      }
      sent = await raiseFee(wallet, sent);
      hashes.push(sent.hash);
    }
  };
  return {
    sign,
    deliver,
    async call(contract, method, args) {
      try {
        const transaction = await sign(contract, method, args, () => undefined);
        await deliver(transaction, AbortSignal.timeout(6 * BUMP_MS));
      } catch (error) {
        nonce = undefined;
        throw explain(error, method);
      }
    },
  };
}

async function broadcast(provider: JsonRpcProvider, { raw }: SignedTransaction): Promise<void> {
  try {
    await provider.broadcastTransaction(raw);
  } catch (error) {
    // It is there already, or its nonce is used: then a receipt tells which.
    const text = String((error as { shortMessage?: string }).shortMessage ?? error).toLowerCase();
    if (!/already known|known transaction|nonce|replacement/.test(text))
      throw explain(error, "a transaction");
  }
}

async function anyReceipt(
  provider: JsonRpcProvider,
  hashes: readonly string[],
  withinMs: number,
  signal: AbortSignal,
): Promise<TransactionReceipt | undefined> {
  const end = performance.now() + withinMs;
  for (;;) {
    for (const hash of hashes) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt) return receipt;
    }
    if (performance.now() >= end) return undefined;
    await nextBlock(provider, 500, signal);
    signal.throwIfAborted();
  }
}

async function raiseFee(wallet: Wallet, { raw }: SignedTransaction): Promise<SignedTransaction> {
  const old = Transaction.from(raw);
  const raise = (fee: bigint | null): bigint => ((fee ?? 0n) * BUMP_PERCENT) / 100n + 1n;
  const { type, chainId, nonce, to, data, value, gasLimit } = old;
  const raised = await wallet.signTransaction({
    ...{ type, chainId, nonce, to, data, value, gasLimit },
    maxFeePerGas: raise(old.maxFeePerGas),
    maxPriorityFeePerGas: raise(old.maxPriorityFeePerGas),
  });
  return { raw: raised, hash: keccak256(raised) };
}

/** Ends with a new block, after `ms` at the latest, or on abort. */
function nextBlock(provider: JsonRpcProvider, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      void provider.off("block", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    void provider.once("block", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

function revertOf(error: unknown): { name: string; args: readonly unknown[] } | undefined {
  if (!isCallException(error) || !error.data) return undefined;
  for (const each of Object.values(INTERFACES)) {
    const parsed = each.parseError(error.data);
    if (parsed) return { name: parsed.name, args: [...(parsed.args as unknown as unknown[])] };
  }
  return undefined;
}

function isAlreadyProven(error: unknown): boolean {
  const revert = revertOf(error);
  return revert?.name === "ProofRefused" && revert.args[2] === ALREADY_PROVEN;
}

function explain(error: unknown, what: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const revert = revertOf(error);
  const reason = revert ? `${revert.name}(${revert.args.map(String).join(", ")})` : (error as Error).message;
  return new HoldfastError(
    revert ? "chain" : "unreachable",
    `the chain refuses ${what}: ${reason}`,
    {},
    { cause: error },
  );
}
