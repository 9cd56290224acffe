/**
 * What an endpoint answers without answering: it lacks a block that others have, as one of several servers behind its address
 * may, or something within it has failed. ethers would take both for a refusal by the contract, and nothing for "no such
 * block".
 */
import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from "ethers";

export type Answer = JsonRpcResult | JsonRpcError;

/** The highest block that was heard of, from whichever endpoint. */
export interface Seen {
  block: number;
}

export interface NoAnswer {
  readonly kind: "lacks block" | "failed";
  /** In the endpoint's own words, if it has any. */
  readonly words: string;
}

/**
 * For a block that a server does not have, or whose state it does not have: geth ("header not found", "missing trie node",
 * "historical state ... is not available"), Nethermind ("... could not be found", "No state available for block"), Erigon
 * ("block not found"), Besu ("Unknown block", "World state unavailable"), reth ("state at block #1 is pruned"), anvil
 * ("BlockOutOfRangeError"), Hardhat ("Received invalid block tag"); and for logs up to it ("block range extends beyond
 * current head block", "invalid block range params").
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
/** Of what failed within an endpoint; a contract's refusal says that something was reverted, or executed. */
const FAILED =
  /internal (server )?error|timed? ?-?out|temporarily|unavailable|overloaded|bad gateway|upstream|try again|no (healthy )?backend|connection (refused|reset|closed)/i;
const INTERNAL_ERROR = -32_603;
const REVERTED = 3;
const REFUSAL = /revert|execution|vm exception|out of gas|opcode|insufficient|exceeds/i;
/** Refused with words of the same kind when the range is too large (chain/logs.ts), or refused for good. */
const NEVER_FAILED: ReadonlySet<string> = new Set(["eth_getLogs", "eth_sendRawTransaction"]);

/** undefined: it is an answer, or a refusal. */
export function noAnswer(payload: JsonRpcPayload, answer: Answer, { block }: Seen): NoAnswer | undefined {
  const place = blockOf(payload);
  const isSeen = typeof place !== "number" || place <= block;
  if (!("error" in answer)) {
    const isMissing = answer.result === null && place !== undefined && isSeen;
    return isMissing && BLOCKS.has(payload.method)
      ? { kind: "lacks block", words: "no such block" }
      : undefined;
  }
  const failure = failureOf(payload, answer);
  return failure?.kind === "lacks block" && !isSeen ? undefined : failure;
}

/** Of an error, whatever was seen. */
export function failureOf({ method }: JsonRpcPayload, { error }: JsonRpcError): NoAnswer | undefined {
  const { code, message: words = "" } = error;
  const data: unknown = error.data;
  const isRevert = typeof data === "string" && /^0x([0-9a-f]{2})*$/i.test(data);
  if (code === REVERTED || isRevert || REFUSAL.test(words)) return undefined;
  if (LACKS_BLOCK.test(words)) return { kind: "lacks block", words };
  if (NEVER_FAILED.has(method)) return undefined;
  return code === INTERNAL_ERROR || FAILED.test(words) ? { kind: "failed", words } : undefined;
}

/** Takes note of the blocks in an answer. */
export function see(seen: Seen, { method }: JsonRpcPayload, answer: Answer): void {
  if ("error" in answer) return;
  const result: unknown = answer.result;
  const text = method === "eth_blockNumber" ? result : BLOCKS.has(method) ? fieldOf(result, "number") : null;
  const number = typeof text === "string" ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) seen.block = Math.max(seen.block, number);
}

/** Answered with null if there is no such block. */
const BLOCKS: ReadonlySet<string> = new Set(["eth_getBlockByNumber", "eth_getBlockByHash"]);
/** Where a method's parameters say the block that it is about. */
const PLACES: Readonly<Record<string, number>> = {
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

/** A number, a hash or another name of a block; the last one of a range. undefined: it is about none. */
function blockOf({ method, params }: JsonRpcPayload): number | string | undefined {
  const list = params as readonly unknown[];
  const place = PLACES[method];
  let block = place === undefined ? undefined : list[place];
  if (method === "eth_getLogs") block = fieldOf(list[0], "blockHash") ?? fieldOf(list[0], "toBlock");
  if (typeof block === "object") block = fieldOf(block, "blockHash") ?? fieldOf(block, "blockNumber");
  if (typeof block !== "string") return undefined;
  return /^0x[0-9a-f]{1,16}$/i.test(block) ? Number(block) : block;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
