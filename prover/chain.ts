/**
 * The node's view of the chain, and its hand on it: blocks, events, signatures and transactions. Only this file, those of
 * its name know ethers. What is done with all that is decided elsewhere.
 */
import {
  AbiCoder,
  isError,
  JsonRpcProvider,
  keccak256,
  Transaction,
  verifyTypedData,
  Wallet,
  type Log,
  type TransactionRequest,
  type TypedDataDomain,
} from "ethers";
import { openEndpoint } from "../chain/endpoint.ts";
import { feesFor, raisedFees } from "../chain/fees.ts";
import { createLogReader } from "../chain/logs.ts";
import { sourcePoint } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { ACCEPTANCE, domain, EXTENSION, REQUEST } from "../protocol/typed-data.ts";
import { findContracts, transactionOf, type Contracts } from "./chain-contracts.ts";
import { explain, refusing } from "./chain-errors.ts";
import type { ChainEvent, NodeChain, SignedTransaction } from "./chain-model.ts";
import { createViews } from "./chain-views.ts";

export type * from "./chain-model.ts";

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

/** Percent of the estimate: the state may change before a transaction is mined. */
const GAS_MARGIN = 130n;
/** Of a transaction, since Osaka. */
const MAX_GAS = 16_777_216n;

/** @throws HoldfastError "unreachable", "chain" or "key" unless this is the chain, the deployment and the node meant */
export async function connectChain(options: ChainOptions): Promise<NodeChain> {
  const { rpcUrl, audits: auditsAddress, node, privateKey, maxFeePerGas } = options;
  const provider = await openEndpoint(
    rpcUrl,
    options.chainId === undefined ? undefined : BigInt(options.chainId),
  );
  const { chainId } = await provider.getNetwork();
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
  const { audits, registry, challenges, errors } = contracts;
  const asked = <T>(what: string, answer: Promise<T>): Promise<T> => refusing(errors, what, answer);
  const constant = async (method: string): Promise<number> =>
    Number(await asked(method, audits.getFunction(method).staticCall() as Promise<bigint>));
  const registryAddress = await registry.getAddress();
  const auditsAddress = await audits.getAddress();
  const challengesAddress = await challenges.getAddress();
  const genesis = await constant("genesis");
  const epochSeconds = await constant("epochSeconds");
  const clock = { genesis, epochSeconds, margin: await constant("margin") };
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
  const logs = createLogReader(provider, [registryAddress, auditsAddress, challengesAddress]);
  const signed = async (transaction: TransactionRequest): Promise<SignedTransaction> => {
    const raw = await wallet.signTransaction(transaction);
    return { raw, hash: keccak256(raw) };
  };

  return {
    ...createViews(provider, contracts, clock),
    chainId,
    registry: registryAddress,
    audits: auditsAddress,
    operator: wallet.address,
    epochSeconds,
    epochAt: (timestamp) => Math.max(0, Math.floor((timestamp - genesis) / epochSeconds)),
    sourcePoint: (epoch) => sourcePoint(epoch, clock),

    async block() {
      const block = await asked("getBlock", provider.getBlock("latest"));
      if (!block?.hash) throw new HoldfastError("chain", "the chain has no block");
      return { number: block.number, hash: block.hash, timestamp: block.timestamp };
    },
    blockHash: async (number) => (await asked("getBlock", provider.getBlock(number)))?.hash ?? undefined,
    events: async (fromBlock, toBlock) => eventsOf(await asked("getLogs", logs.read(fromBlock, toBlock))),

    async signAcceptance(terms) {
      const values = terms.segments.map(({ root, leaves }) => [root, leaves]);
      const segments = keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(bytes32,uint32)[]"], [values]));
      return {
        segments,
        signature: await wallet.signTypedData(signingDomain, ACCEPTANCE, { ...terms, segments }),
      };
    },
    signExtension: (terms) => wallet.signTypedData(signingDomain, EXTENSION, terms),
    signRequest: (message) => wallet.signTypedData(signingDomain, REQUEST, message),
    requestSigner(message, signature) {
      try {
        return verifyTypedData(signingDomain, REQUEST, message, signature);
      } catch {
        return undefined;
      }
    },

    estimate: (call) =>
      asked(
        call.kind,
        provider.estimateGas({ ...transactionOf(contracts, call, wallet.address), from: wallet.address }),
      ),
    async gasPrice() {
      const { gasPrice } = await asked("getFeeData", provider.getFeeData());
      return gasPrice ?? maxFeePerGas;
    },
    coins: () => asked("getBalance", provider.getBalance(wallet.address)),
    async nonces() {
      const [mined, pending] = await Promise.all([
        asked("getTransactionCount", provider.getTransactionCount(wallet.address, "latest")),
        asked("getTransactionCount", provider.getTransactionCount(wallet.address, "pending")),
      ]);
      return { mined, pending };
    },
    async sign(call, { nonce, gas }) {
      const quote = await asked("getFeeData", provider.getFeeData());
      return signed({
        ...transactionOf(contracts, call, wallet.address),
        ...{ type: 2, chainId, nonce, gasLimit: lesser((gas * GAS_MARGIN) / 100n, MAX_GAS) },
        ...feesFor(quote, maxFeePerGas),
      });
    },
    async raiseFees({ raw }) {
      const old = Transaction.from(raw);
      const { type, nonce, to, data, gasLimit } = old;
      const fees = raisedFees(
        { maxFeePerGas: old.maxFeePerGas ?? 0n, maxPriorityFeePerGas: old.maxPriorityFeePerGas ?? 0n },
        await asked("getFeeData", provider.getFeeData()),
        maxFeePerGas,
      );
      return fees && signed({ type, chainId, nonce, to, data, gasLimit, ...fees });
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
