/**
 * The chain as an EIP-1193 provider for Ignition. Transactions are signed on this side.
 */
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { isError, type Provider, type TransactionRequest } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";

/** Chooses the fees of a transaction, signs and sends it, and returns its hash. */
export type Send = (transaction: TransactionRequest & { nonce: number }) => Promise<string>;

interface JsonRpc {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export function createProvider(provider: Provider, send: Send, signal?: AbortSignal): EIP1193Provider {
  if (!("send" in provider)) throw new TypeError('"signer" expected one with a JSON-RPC provider');
  const rpc = provider as unknown as JsonRpc;
  return {
    async request({ method, params = [] }) {
      if (signal?.aborted)
        throw new HoldfastError("aborted", "stopped: run the same command again to resume");
      // Drop undefined values, as some servers do not treat them as absent.
      const list = JSON.parse(JSON.stringify(params)) as unknown[];
      const answer =
        method === "eth_sendTransaction"
          ? send(transactionOf(list[0] as RpcTransaction))
          : rpc.send(method, list);
      return answer.catch((error: unknown) => {
        throw explain(method, error);
      });
    },
  };
}

/** Without fees: Ignition would offer any price that the endpoint names. */
interface RpcTransaction {
  readonly to?: string;
  readonly data: string;
  readonly nonce: string;
  readonly gas: string;
}

function transactionOf({ to, data, nonce, gas }: RpcTransaction): TransactionRequest & { nonce: number } {
  return { data, nonce: Number(nonce), gasLimit: gas, ...(to !== undefined && { to }) };
}

/** The server's own error, taken out of the one of ethers; or an error that says that it did not answer. */
function explain(method: string, error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  const answer = (error as { error?: { code?: number; message?: string; data?: unknown } }).error;
  const said = answer ?? (error as { info?: { error?: typeof answer } }).info?.error;
  if (typeof said?.message === "string")
    return Object.assign(new Error(said.message, { cause: error }), said);
  const silent =
    isError(error, "NETWORK_ERROR") || isError(error, "SERVER_ERROR") || isError(error, "TIMEOUT");
  if (!silent && !/^ECONN/.test(String((error as { code?: unknown }).code))) return error;
  const message = `the chain did not answer ${method}: run the same command again to resume`;
  return new HoldfastError("unreachable", message, { method }, { cause: error });
}
