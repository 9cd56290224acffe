/**
 * One request to a node that is not trusted. A request is given up if the answer does not start in time, comes too
 * slowly or never ends.
 */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { request, type Agent } from "undici";
import { HoldfastError } from "../protocol/errors.ts";
import { taken, within } from "./pace.ts";

export interface Question {
  readonly agent: Agent;
  readonly method: "GET" | "PUT" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable | undefined;
  /** Milliseconds until the answer begins. */
  readonly answerMs: number;
  /** Milliseconds in which the node must take each part of the body. */
  readonly takeMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * Follows no redirect.
 *
 * @throws HoldfastError "unreachable" if the node does not answer in time
 * @throws the signal's reason, or what undici throws
 */
export async function ask(
  target: URL,
  { agent, method, headers, body, answerMs, takeMs = answerMs, signal }: Question,
): Promise<Reply> {
  const giveUp = new AbortController();
  const notTaken = (): void =>
    giveUp.abort(new HoldfastError("unreachable", "it does not accept the data that is sent to it"));
  const sent =
    body instanceof Readable ? Readable.from(taken(body, takeMs, notTaken), { objectMode: false }) : body;
  const late = (): Error =>
    new HoldfastError("unreachable", `it does not answer within ${answerMs / 1000} s`);
  const signals = signal ? [signal, giveUp.signal] : [giveUp.signal];
  const asked = request(target, {
    dispatcher: agent,
    method,
    headers,
    body: sent ?? null,
    signal: AbortSignal.any(signals),
    headersTimeout: answerMs,
  });
  try {
    const { statusCode: status, headers: got, body: bytes } = await within(asked, answerMs, { signal, late });
    return { status, headers: got, body: bytes };
  } catch (error) {
    giveUp.abort(error);
    throw error;
  }
}

export interface TextLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole answer. */
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a short answer and closes its body in any case. @throws HoldfastError "unreachable" if it is too long or too
 * slow
 */
export async function readText(body: Readable, { maxBytes, ms, signal }: TextLimits): Promise<string> {
  const refuse = (why: string): HoldfastError => new HoldfastError("unreachable", `its answer ${why}`);
  const read = async (): Promise<string> => {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of body as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > maxBytes) throw refuse(`has more than ${maxBytes} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts).toString("utf8");
  };
  try {
    return await within(read(), ms, { signal, late: () => refuse(`does not end within ${ms / 1000} s`) });
  } finally {
    body.on("error", () => undefined).destroy();
  }
}
