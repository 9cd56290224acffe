/**
 * The chain as Ignition wants it, with the account's key on this side.
 */
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { isError, type Provider, type TransactionRequest } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";

/** Chooses the fees of a transaction, sends it and answers with its hash. */
export type Send = (transaction: TransactionRequest & { nonce: number }) => Promise<string>;

interface JsonRpc {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export function createProvider(provider: Provider, send: Send, signal?: AbortSignal): EIP1193Provider {
  if (!("send" in provider)) throw new TypeError('"signer" expected one with a JSON-RPC provider');
  const rpc = provider as unknown as JsonRpc;
  return {
    async request({ method, params = [] }) {
      if (signal?.aborted) throw new HoldfastError("aborted", "stopped: the same command goes on later");
      // Without what is undefined, which not every server takes for absent.
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

/** Without the fees: Ignition asks the endpoint what a unit of gas costs, and offers whatever it says. */
interface RpcTransaction {
  readonly to?: string;
  readonly data: string;
  readonly nonce: string;
  readonly gas: string;
}

function transactionOf({ to, data, nonce, gas }: RpcTransaction): TransactionRequest & { nonce: number } {
  return { data, nonce: Number(nonce), gasLimit: gas, ...(to !== undefined && { to }) };
}

/** What the server said, out of what ethers makes of it, or that it said nothing. */
function explain(method: string, error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  const answer = (error as { error?: { code?: number; message?: string; data?: unknown } }).error;
  const said = answer ?? (error as { info?: { error?: typeof answer } }).info?.error;
  if (typeof said?.message === "string")
    return Object.assign(new Error(said.message, { cause: error }), said);
  const silent =
    isError(error, "NETWORK_ERROR") || isError(error, "SERVER_ERROR") || isError(error, "TIMEOUT");
  if (!silent && !/^ECONN/.test(String((error as { code?: unknown }).code))) return error;
  const message = `the chain did not answer ${method}: run the same command again, it goes on where it stopped`;
  return new HoldfastError("unreachable", message, { method }, { cause: error });
}
