/**
 * Opens a segment at another node. That node's URL comes from the chain and is not trusted.
 */
import { createAgent } from "../net/addresses.ts";
import { ask } from "../net/ask.ts";
import { HoldfastError } from "../protocol/errors.ts";

export { isPrivate } from "../net/addresses.ts";

export interface PeerBody {
  readonly bytes: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection. */
  readonly close: () => Promise<void>;
}

export interface PeerRequest {
  readonly url: string;
  readonly path: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
}

export type OpenPeer = (peer: PeerRequest) => Promise<PeerBody>;

/** Milliseconds until the answer must begin, and the longest time without a byte. */
const IDLE_MS = 30_000;

/** @param allowPrivate allows any address; for local networks */
export function createOpenPeer({ allowPrivate }: { allowPrivate: boolean }): OpenPeer {
  const advice = "on a local network set allowPrivatePeers";
  return async ({ url, path, authorization, signal }) => {
    const target = parse(url, path);
    const agent = createAgent({ allowPrivate, advice, idleMs: IDLE_MS });
    const close = (): Promise<void> => agent.destroy();
    try {
      const { status, headers, body } = await ask(target, {
        agent,
        method: "GET",
        answerMs: IDLE_MS,
        signal,
        headers: { authorization, accept: "application/octet-stream" },
      });
      if (status !== 200) throw unreachable(url, `it answers with status ${status}`);
      const bytes = Number(headers["content-length"]);
      if (!Number.isSafeInteger(bytes))
        throw unreachable(url, "its answer does not say how many bytes it has");
      return { bytes, body, close };
    } catch (error) {
      await close();
      throw unreachable(url, (error as Error).message, error);
    }
  };
}

function parse(url: string, path: string): URL {
  if (!URL.canParse(url)) throw unreachable(url, "it is not a URL");
  const target = new URL(path, url);
  if (!/^https?:$/.test(target.protocol)) throw unreachable(url, "it is not http or https");
  return target;
}

function unreachable(url: string, reason: string, cause?: unknown): HoldfastError {
  if (cause instanceof HoldfastError && cause.details["url"] === url) return cause;
  return new HoldfastError("unreachable", `the node at ${url} cannot be used: ${reason}`, { url }, { cause });
}
