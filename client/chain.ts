/**
 * The client's access to the chain. It finds the deployment from the address of its Audits contract, calls views, sends
 * transactions, reads events, signs, and explains errors.
 */
import {
  Contract,
  getAddress,
  verifyTypedData,
  Wallet,
  type InterfaceAbi,
  type JsonFragment,
  type Log,
  type TransactionReceipt,
} from "ethers";
import { systemClock } from "../chain/clock.ts";
import { openEndpoints, type Endpoints, type EndpointsOptions } from "../chain/endpoints.ts";
import { DEFAULT_MAX_FEE } from "../chain/fees.ts";
import { createLogReader } from "../chain/logs.ts";
import { contractArtifact } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Domain } from "../protocol/typed-data.ts";
import { refuse } from "./chain-errors.ts";
import { byName, type Value } from "./chain-values.ts";
import { createOrders, type Task } from "./orders.ts";
import { createReader, parseAddress, type Reader } from "./reading.ts";
import { currentFees, type Waiting } from "./sending.ts";

export type { Value } from "./chain-values.ts";
export { parseAddress } from "./reading.ts";

export type ContractName = "audits" | "registry" | "ledger" | "challenges" | "token";

/** An event of one of the contracts, with its arguments by name. */
export interface ChainEvent {
  readonly contract: ContractName;
  readonly name: string;
  readonly args: Readonly<Record<string, Value>>;
  readonly block: number;
  readonly transaction: string;
}

export interface Sent {
  readonly hash: string;
  readonly block: number;
  readonly gas: bigint;
  readonly events: readonly ChainEvent[];
  /** The contract that the transaction made, if it made one. */
  readonly made?: string;
}

export interface ConnectOptions extends Pick<EndpointsOptions, "log"> {
  /** One endpoint or several. With several, two must agree about each answer. */
  readonly rpcUrl: string | readonly string[];
  /** Address of the Audits contract, which leads to all others. */
  readonly audits: string;
  /** Refuses any other chain. */
  readonly chainId?: bigint | undefined;
  /** Refuses a deployment with any other token. */
  readonly token?: string | undefined;
  /** Hex private key of the account that signs. */
  readonly privateKey?: string | undefined;
  /** Address of the deployment's Lens, which `explore` needs. */
  readonly lens?: string | undefined;
  /** The most that is paid for a unit of gas, in wei. Default 500 gwei. */
  readonly maxFee?: bigint | undefined;
  /** Ends every wait for a transaction. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for a transaction. Default 10 minutes. */
  readonly patienceMs?: number | undefined;
  /** Told what a transaction waits for. */
  readonly tell?: ((message: string) => void) | undefined;
  /** Folder for signed transactions that were not seen mined. undefined: they are not saved. */
  readonly state?: string | undefined;
}

export interface Chain {
  /** For calls that are not to one of the deployment's contracts. */
  readonly provider: Endpoints;
  readonly chainId: bigint;
  readonly addresses: Readonly<Record<ContractName, string>>;
  readonly symbol: string;
  readonly decimals: number;
  /** @throws HoldfastError "unauthorized" when connected without a key */
  account(): string;
  /** The same deployment, another signer. */
  as(privateKey: string): Chain;
  /** Calls a view. A result with several values comes as an object by name. */
  read<T>(contract: ContractName, method: string, args?: readonly unknown[]): Promise<T>;
  /** Calls a view of the Lens. @throws HoldfastError "bad-input" when connected without its address */
  look<T>(method: string, args?: readonly unknown[]): Promise<T>;
  /** Sends a transaction and waits until it is mined. */
  send(
    contract: ContractName,
    method: string,
    args?: readonly unknown[],
    options?: SendOptions,
  ): Promise<Sent>;
  /** Calls a view of a contract that is not one of these. */
  view<T>(abi: InterfaceAbi, address: string, method: string, args?: readonly unknown[]): Promise<T>;
  /** As send, to a contract that is not one of these; null makes a contract. `what` says in a word what it does. */
  submit(what: string, to: string | null, data: string): Promise<Sent>;
  /**
   * Finds out what became of a transaction that was signed earlier, in one or more attempts, and sends it again until it
   * is mined.
   *
   * @returns undefined if it changed nothing and cannot change anything any more
   */
  settle(attempts: readonly string[]): Promise<Sent | undefined>;
  events(fromBlock: number, toBlock?: number): Promise<ChainEvent[]>;
  block(): Promise<{ number: number; timestamp: number }>;
  /** Gas that a transaction took. */
  gasOf(transaction: string): Promise<bigint>;
  /** Gas that each sender used in these blocks, by checksummed address. */
  gasBySender(fromBlock: number, toBlock: number): Promise<Map<string, bigint>>;
  /** @param domain of this project's messages, or of another contract */
  sign(
    domain: Partial<Domain>,
    types: TypeTable,
    message: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  close(): void;
}

export interface SendOptions {
  /** Gets all signed attempts before the newest one is sent. A caller that saves them can resume later. */
  readonly onSigned?: (attempts: readonly string[]) => Promise<void>;
}

export type TypeTable = Record<string, { name: string; type: string }[]>;

/** Each contract's name in the artifacts. */
const CONTRACTS: Readonly<Record<ContractName, string>> = {
  audits: "Audits",
  registry: "Registry",
  ledger: "Ledger",
  challenges: "Challenges",
  token: "TestToken",
};
/** Milliseconds between two questions: local chains mine once a second. */
const POLLING_MS = 250;
/** Percent of the estimate: the transaction may run in the next epoch, and take another path in the contract. */
const GAS_MARGIN = 140n;
const PATIENCE_MS = 600_000;

export async function connect(options: ConnectOptions): Promise<Chain> {
  const provider = await reach(options.rpcUrl, options.chainId, { log: options.log });
  const reader = createReader(provider);
  try {
    const { chainId } = await provider.getNetwork();
    const audits = await reader.existingContract("Audits", options.audits);
    const main = new Contract(audits, abiOf("audits"), provider);
    const find = async (name: Exclude<ContractName, "audits">): Promise<string> =>
      reader.existingContract(CONTRACTS[name], (await reader.call(main, name, [])) as string);
    const addresses = {
      audits,
      registry: await find("registry"),
      ledger: await find("ledger"),
      challenges: await find("challenges"),
      token: await find("token"),
    };
    if (options.token !== undefined && parseAddress(options.token) !== addresses.token) {
      throw new HoldfastError(
        "chain",
        `this deployment pays in the token ${addresses.token}, not in ${options.token}: use its own token or another deployment`,
        { expected: options.token, actual: addresses.token },
      );
    }
    const token = new Contract(addresses.token, abiOf("token"), provider);
    const symbol = (await reader.call(token, "symbol", [])) as string;
    const decimals = Number(await reader.call(token, "decimals", []));
    const lens = options.lens === undefined ? undefined : await findLens(provider, options.lens, audits);
    const { maxFee = DEFAULT_MAX_FEE, privateKey, signal, patienceMs = PATIENCE_MS } = options;
    const { tell = () => undefined, state } = options;
    const waiting = { signal, patienceMs, tell, clock: systemClock };
    const made = { provider, reader, chainId, addresses, symbol, decimals, lens, maxFee, waiting, state };
    return createChain(made, privateKey);
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

async function findLens(provider: Endpoints, text: string, audits: string): Promise<Contract> {
  const reader = createReader(provider);
  const address = await reader.existingContract("Lens", text);
  const lens = new Contract(address, contractArtifact("Lens").abi, provider);
  const actual = await reader.call(lens, "audits", []).catch(() => undefined);
  if (actual !== audits) {
    const message = `the contract at ${address} is not this deployment's Lens: check the address`;
    throw new HoldfastError("chain", message, { lens: address, expected: audits, actual });
  }
  return lens;
}

/** The account that deploys, connected to the chain. */
export async function connectSigner(
  rpcUrl: string | readonly string[],
  privateKey: string,
  chainId?: bigint,
  options: Pick<EndpointsOptions, "log" | "wait"> = {},
): Promise<Wallet> {
  return new Wallet(privateKey, await reach(rpcUrl, chainId, options));
}

/** The time of the latest block, in seconds since 1970. */
export async function latestTime({ provider }: Pick<Wallet, "provider">): Promise<number> {
  const block = await provider?.getBlock("latest");
  if (!block) throw new HoldfastError("chain", "the chain has no block yet: wait until it has started");
  return block.timestamp;
}

/** The account that made a signature. */
export function signerOf(
  domain: Domain,
  types: TypeTable,
  message: Readonly<Record<string, unknown>>,
  signature: string,
): string {
  try {
    return verifyTypedData(domain, types, message, signature);
  } catch (cause) {
    throw new HoldfastError(
      "bad-input",
      "the signature is malformed: expected 65 bytes",
      { signature },
      { cause },
    );
  }
}

// ----------------------------------------------------------------------------------------------------------- internals

interface Deployment {
  readonly provider: Endpoints;
  readonly reader: Reader;
  readonly chainId: bigint;
  readonly addresses: Readonly<Record<ContractName, string>>;
  readonly symbol: string;
  readonly decimals: number;
  readonly lens: Contract | undefined;
  readonly maxFee: bigint;
  readonly waiting: Waiting;
  readonly state: string | undefined;
}

function createChain(deployment: Deployment, privateKey: string | undefined): Chain {
  const { provider, reader, addresses, maxFee } = deployment;
  const wallet = privateKey === undefined ? undefined : new Wallet(privateKey, provider);
  const names = Object.keys(CONTRACTS) as ContractName[];
  const contracts = Object.fromEntries(
    names.map((name) => [name, new Contract(addresses[name], abiOf(name), wallet ?? provider)]),
  ) as Record<ContractName, Contract>;
  const logs = createLogReader(provider, Object.values(addresses));
  const nameAt = new Map(names.map((name) => [addresses[name], name]));

  const signer = (): Wallet => {
    if (wallet) return wallet;
    throw new HoldfastError(
      "unauthorized",
      "this needs an account's key: give --key FILE or set HOLDFAST_KEY",
    );
  };
  const parse = (log: Log): ChainEvent[] => {
    const contract = nameAt.get(getAddress(log.address));
    const parsed = contract && contracts[contract].interface.parseLog(log);
    if (!contract || !parsed) return [];
    const { blockNumber: block, transactionHash: transaction } = log;
    return [{ contract, name: parsed.name, args: byName(parsed.args), block, transaction }];
  };

  const orders = createOrders(deployment, wallet);
  const taskOf = (what: string, to: string | null, data: string): Task => {
    const account = signer();
    const sign = async (): Promise<string> => {
      const gas = await account.estimateGas({ to, data }).catch(refuse(what));
      const terms = { ...(await currentFees(provider, maxFee)), gasLimit: (gas * GAS_MARGIN) / 100n };
      const order = await account.populateTransaction({ to, data, ...terms }).catch(refuse(what));
      return account.signTransaction(order);
    };
    return { what, to, data, sign };
  };

  const told = ({ hash, blockNumber, gasUsed, logs, contractAddress }: TransactionReceipt): Sent => {
    reader.notBefore(blockNumber);
    const sent = { hash, block: blockNumber, gas: gasUsed, events: logs.flatMap(parse) };
    return contractAddress === null ? sent : { ...sent, made: contractAddress };
  };

  return {
    ...deployment,
    account: () => signer().address,
    as: (key) => createChain(deployment, key),
    read: async <T>(contract: ContractName, method: string, args: readonly unknown[] = []) =>
      (await reader.call(contracts[contract], method, args)) as T,
    view: async <T>(abi: InterfaceAbi, address: string, method: string, args: readonly unknown[] = []) =>
      (await reader.call(new Contract(parseAddress(address), abi, provider), method, args)) as T,
    async look<T>(method: string, args: readonly unknown[] = []) {
      if (deployment.lens) return (await reader.call(deployment.lens, method, args)) as T;
      throw new HoldfastError("bad-input", "which is the Lens? Give --lens ADDRESS or set HOLDFAST_LENS");
    },
    async send(contract, method, args = [], { onSigned } = {}) {
      const data = contracts[contract].interface.encodeFunctionData(method, args);
      const task = taskOf(method, addresses[contract], data);
      return told(onSigned ? await orders.send(task, onSigned) : await orders.sendOnce(task));
    },
    submit: async (what, to, data) => told(await orders.sendOnce(taskOf(what, to, data))),
    async settle(attempts) {
      const receipt = await orders.settle(attempts);
      return receipt && told(receipt);
    },
    async events(fromBlock, toBlock) {
      const end = toBlock ?? (await provider.getBlockNumber().catch(refuse("getBlockNumber")));
      return (await logs.read(fromBlock, end).catch(refuse("getLogs"))).flatMap(parse);
    },
    async block() {
      const block = await provider.getBlock("latest").catch(refuse("getBlock"));
      if (!block) throw new HoldfastError("chain", "the chain has no block");
      return { number: block.number, timestamp: block.timestamp };
    },
    async gasOf(transaction) {
      const receipt = await provider
        .getTransactionReceipt(transaction)
        .catch(refuse("getTransactionReceipt"));
      return receipt?.gasUsed ?? 0n;
    },
    async gasBySender(fromBlock, toBlock) {
      const gas = new Map<string, bigint>();
      for (let number = fromBlock; number <= toBlock; number++) {
        const block = await provider.getBlock(number);
        for (const hash of block?.transactions ?? []) {
          const receipt = await provider.getTransactionReceipt(hash);
          if (receipt) gas.set(receipt.from, (gas.get(receipt.from) ?? 0n) + receipt.gasUsed);
        }
      }
      return gas;
    },
    sign: (domain, types, message) => signer().signTypedData(domain, types, message),
    close: () => provider.destroy(),
  };
}

const reach = (
  rpcUrl: string | readonly string[],
  expected: bigint | undefined,
  options: Pick<EndpointsOptions, "log" | "wait">,
): Promise<Endpoints> =>
  openEndpoints(rpcUrl, expected, { polling: true, pollingInterval: POLLING_MS, ...options });

function abiOf(name: ContractName): JsonFragment[] {
  return contractArtifact(CONTRACTS[name]).abi as unknown as JsonFragment[];
}
