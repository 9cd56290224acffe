/**
 * Limits refused requests. A key costs nothing, but each question about its rights costs calls to the chain. So an
 * address with too many refusals in a minute is refused for the rest of it, except for signers who were served
 * lately.
 */
import type { Clock } from "../chain/clock.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { networkOf } from "./sockets.ts";

export interface Denials {
  /** Called before the chain is asked anything. @throws HoldfastError "busy" (429) */
  check(address: string, signer: string): void;
  note(address: string, signer: string, wasServed: boolean): void;
}

const WINDOW_MS = 60_000;
const MOST = 300;
/** Milliseconds for which a served signer is remembered, and the most signers to remember. */
const KNOWN_MS = 3_600_000;
const MOST_KNOWN = 10_000;

export function createDenials({ now }: Pick<Clock, "now">): Denials {
  const denied = new Map<string, number>();
  /** When each served signer is forgotten; the one served longest ago comes first. */
  const known = new Map<string, number>();
  let until = 0;

  return {
    check(address, signer) {
      if (now() >= until) {
        denied.clear();
        until = now() + WINDOW_MS;
      }
      if ((denied.get(networkOf(address)) ?? 0) < MOST || (known.get(signer) ?? 0) > now()) return;
      const message = "too many requests from your address were refused: try again in a minute";
      throw new HoldfastError("busy", message, { status: 429 });
    },
    note(address, signer, wasServed) {
      const network = networkOf(address);
      if (!wasServed) {
        denied.set(network, (denied.get(network) ?? 0) + 1);
        return;
      }
      known.delete(signer);
      known.set(signer, now() + KNOWN_MS);
      if (known.size > MOST_KNOWN) known.delete(known.keys().next().value ?? "");
    },
  };
}
