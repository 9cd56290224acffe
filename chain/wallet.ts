/**
 * A wallet on top of ethers: signs calls as transactions, sets their fees and finds out what became of them.
 */
import {
  isError,
  keccak256,
  Transaction,
  type Interface,
  type JsonRpcProvider,
  type TransactionRequest,
  type Wallet,
} from "ethers";
import { feesFor, isBelow, raisedFees, type Fees } from "./fees.ts";
import { explain, refusing } from "./refusals.ts";
import type { Nothing, SignedTransaction, TransactionChain } from "./transactions.ts";

export interface WalletOptions<Call> {
  readonly provider: JsonRpcProvider;
  readonly wallet: Wallet;
  readonly chainId: bigint;
  /** Wei. */
  readonly maxFeePerGas: bigint;
  /** Gas limit in percent of the estimate: the state may change before a transaction is mined. */
  readonly gasMargin: bigint;
  /** The transaction of a call, without fees and nonce. */
  readonly transactionOf: (call: Call) => TransactionRequest;
  /** ABIs of everything that can revert with errors of its own. */
  readonly errors: readonly Interface[];
}

/** The most gas of a transaction since Osaka. */
const MAX_GAS = 16_777_216n;

export function createWallet<Call extends { readonly kind: string }>(
  options: WalletOptions<Call>,
): TransactionChain<Call> {
  const { provider, wallet, chainId, maxFeePerGas, gasMargin, errors } = options;
  const asked = <T>(what: string, answer: Promise<T>): Promise<T> => refusing(errors, what, answer);
  const quote = () => asked("getFeeData", provider.getFeeData());
  const count = (tag: "latest" | "pending"): Promise<number> =>
    asked("getTransactionCount", provider.getTransactionCount(wallet.address, tag));
  const isNothing = (call: Call | Nothing): call is Nothing => call.kind === "nothing";
  const transactionOf = (call: Call | Nothing): TransactionRequest =>
    isNothing(call) ? { to: wallet.address } : options.transactionOf(call);
  const signed = async (transaction: TransactionRequest): Promise<SignedTransaction> => {
    const raw = await wallet.signTransaction(transaction);
    return { raw, hash: keccak256(raw) };
  };

  return {
    async block() {
      return { number: await asked("getBlockNumber", provider.getBlockNumber()) };
    },
    estimate: (call) =>
      asked(call.kind, provider.estimateGas({ ...transactionOf(call), from: wallet.address })),
    async gasPrice() {
      return (await quote()).gasPrice ?? maxFeePerGas;
    },
    minedCount: () => count("latest"),
    async nonces() {
      const [mined, pending] = await Promise.all([count("latest"), count("pending")]);
      return { mined, pending };
    },
    async sign(call, { nonce, gas }) {
      return signed({
        ...transactionOf(call),
        type: 2,
        chainId,
        nonce,
        gasLimit: lesser((gas * gasMargin) / 100n, MAX_GAS),
        ...feesFor(await quote(), maxFeePerGas),
      });
    },
    async raiseFees({ raw }) {
      const old = Transaction.from(raw);
      const { type, nonce, to, data, gasLimit } = old;
      const fees = raisedFees(feesOf(old), await quote(), maxFeePerGas);
      return fees && signed({ type, chainId, nonce, to, data, gasLimit, ...fees });
    },
    isShort: async ({ raw }) => isBelow(feesOf(Transaction.from(raw)), await quote()),
    async broadcast({ raw, hash }) {
      try {
        // ethers' broadcastTransaction would also ask for the newest block.
        await provider.send("eth_sendRawTransaction", [raw]);
      } catch (error) {
        // If the network has the transaction, the reason does not matter.
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
  };
}

const feesOf = ({ maxFeePerGas, maxPriorityFeePerGas }: Transaction): Fees => ({
  maxFeePerGas: maxFeePerGas ?? 0n,
  maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n,
});
const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
