/**
 * Checks that the URL registered by the provider leads to this node. Uploads, readers and other nodes use that URL,
 * no matter where this node listens.
 */
import type { Logger } from "pino";
import { createAgent } from "../net/addresses.ts";
import { ask, readText } from "../net/ask.ts";
import type { NodeChain } from "./chain-model.ts";

const ANSWER_MS = 10_000;
const MAX_BYTES = 65_536;
const ADVICE = "let the provider register the right URL: `holdfast provider update`";

/** Only warns, because in some networks a host cannot reach its own public address. */
export async function checkReachable(
  { node, listensAt, signal }: { node: bigint; listensAt: string; signal: AbortSignal },
  { chain, log }: { chain: Pick<NodeChain, "node">; log: Logger },
): Promise<void> {
  let registered = "";
  const agent = createAgent({ allowPrivate: true, advice: "", idleMs: ANSWER_MS });
  try {
    registered = (await chain.node(node)).url;
    const target = new URL("/v1/node", registered);
    const { status, body } = await ask(target, {
      agent,
      method: "GET",
      headers: {},
      answerMs: ANSWER_MS,
      signal,
    });
    const text = await readText(body, { maxBytes: MAX_BYTES, ms: ANSWER_MS, signal });
    if (status !== 200) throw new Error(`it answers ${status}`);
    const found = String((JSON.parse(text) as { node?: unknown }).node);
    if (found !== String(node)) throw new Error(`it is node ${found}`);
  } catch (error) {
    if (signal.aborted) return;
    const facts = { registered, listensAt, reason: (error as Error).message, advice: ADVICE };
    log.warn(facts, "the registered URL does not lead to this node");
  } finally {
    await agent.destroy();
  }
}
