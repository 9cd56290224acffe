/**
 * Recognizes answers of an endpoint that answer nothing: the endpoint lacks a block that others have, because it may
 * be one of several servers behind one address, or something within it has failed. ethers would report both as a
 * refusal by the contract, and a null block as "no such block".
 */
import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from "ethers";

export type Answer = JsonRpcResult | JsonRpcError;

/** The highest block that any endpoint has reported. */
export interface Seen {
  block: number;
}

export interface NoAnswer {
  readonly kind: "lacks block" | "failed";
  /** The endpoint's own message, if it gave one. */
  readonly words: string;
}

/**
 * Messages of servers that lack a block or its state: geth ("header not found", "missing trie node", "historical
 * state ... is not available"), Nethermind ("... could not be found", "No state available for block"), Erigon ("block
 * not found"), Besu ("Unknown block", "World state unavailable"), reth ("state at block #1 is pruned"), anvil
 * ("BlockOutOfRangeError"), Hardhat ("Received invalid block tag"). For logs up to a missing block: "block range
 * extends beyond current head block", "invalid block range params".
 */
const LACKS_BLOCK = new RegExp(
  [
    /\b(blocks?|header)\b.{0,100}\b(not found|(cannot|could not|can't) be found|not available|is pruned)/,
    /unknown block|(could not|cannot|can't|failed to) (find|get) (the )?(block|header)/,
    /missing trie node|\bstate\b.{0,120}\b(not available|unavailable|pruned)|no state (available|found)/,
    /beyond (the )?(current |latest |chain )?(head|block)|invalid block range params/,
    /block ?out ?of ?range|block height is \d+ but|invalid block tag/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);
/**
 * Messages about a failure within an endpoint. A contract's refusal mentions a revert or the execution instead
 * (REFUSAL).
 */
const FAILED =
  /internal (server )?error|timed? ?-?out|temporarily|unavailable|overloaded|bad gateway|upstream|try again|no (healthy )?backend|connection (refused|reset|closed)/i;
const INTERNAL_ERROR = -32_603;
const REVERTED = 3;
const REFUSAL = /revert|execution|vm exception|out of gas|opcode|insufficient|exceeds/i;
/** Methods that are refused with similar words: for a range that is too large (chain/logs.ts), or for good. */
const NEVER_FAILED: ReadonlySet<string> = new Set(["eth_getLogs", "eth_sendRawTransaction"]);

/** @returns undefined if it is a real answer or a refusal */
export function noAnswer(payload: JsonRpcPayload, answer: Answer, { block }: Seen): NoAnswer | undefined {
  const wanted = blockOf(payload);
  const isSeen = typeof wanted !== "number" || wanted <= block;
  if (!("error" in answer)) {
    const isMissing = answer.result === null && wanted !== undefined && isSeen;
    return isMissing && BLOCKS.has(payload.method)
      ? { kind: "lacks block", words: "no such block" }
      : undefined;
  }
  const failure = failureOf(payload, answer);
  return failure?.kind === "lacks block" && !isSeen ? undefined : failure;
}

/** Judges an error alone, without looking at the blocks seen so far. */
export function failureOf({ method }: JsonRpcPayload, { error }: JsonRpcError): NoAnswer | undefined {
  const { code, message: words = "" } = error;
  const data: unknown = error.data;
  const isRevert = typeof data === "string" && /^0x([0-9a-f]{2})*$/i.test(data);
  if (code === REVERTED || isRevert || REFUSAL.test(words)) return undefined;
  if (LACKS_BLOCK.test(words)) return { kind: "lacks block", words };
  if (NEVER_FAILED.has(method)) return undefined;
  return code === INTERNAL_ERROR || FAILED.test(words) ? { kind: "failed", words } : undefined;
}

/** Remembers the highest block in an answer. */
export function see(seen: Seen, { method }: JsonRpcPayload, answer: Answer): void {
  if ("error" in answer) return;
  const result: unknown = answer.result;
  const text = method === "eth_blockNumber" ? result : BLOCKS.has(method) ? fieldOf(result, "number") : null;
  const number = typeof text === "string" ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) seen.block = Math.max(seen.block, number);
}

/** These methods answer null if there is no such block. */
const BLOCKS: ReadonlySet<string> = new Set(["eth_getBlockByNumber", "eth_getBlockByHash"]);
/** The index of the parameter that names the block. */
const BLOCK_PARAMETER: Readonly<Record<string, number>> = {
  eth_getBlockByNumber: 0,
  eth_getBlockByHash: 0,
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
  eth_getProof: 2,
};

/** The block that a request is about: a number, a hash or a tag, and for a range its last block. undefined: none. */
function blockOf({ method, params }: JsonRpcPayload): number | string | undefined {
  const list = params as readonly unknown[];
  const index = BLOCK_PARAMETER[method];
  let block = index === undefined ? undefined : list[index];
  if (method === "eth_getLogs") block = fieldOf(list[0], "blockHash") ?? fieldOf(list[0], "toBlock");
  if (typeof block === "object") block = fieldOf(block, "blockHash") ?? fieldOf(block, "blockNumber");
  if (typeof block !== "string") return undefined;
  return /^0x[0-9a-f]{1,16}$/i.test(block) ? Number(block) : block;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
