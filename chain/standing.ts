/**
 * Which endpoint is in charge, which ones stand by, and which ones are left aside until when.
 */
import type { Endpoint } from "./endpoint.ts";
import type { Head } from "./heads.ts";

export interface Member {
  /** Host and port, and a number if several endpoints share them. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Whether it has confirmed that it belongs to the right chain. */
  isOfChain: boolean;
  /** Its newest block at the last comparison. */
  head: Head | undefined;
}

export interface EndpointHealth {
  readonly endpoint: string;
  readonly state: "in charge" | "standby" | "aside";
  /** Why it is left aside. */
  readonly why?: string;
}

export interface StandingModules {
  readonly log?: { warn(facts: object, message: string): void } | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** "fails": the answers that it gives are still right. "differs": it lags behind or contradicts others. */
export type Fault = "fails" | "differs";

export interface Standing {
  /** In the order of preference: the first one is in charge. */
  usable(): Member[];
  isUsable(member: Member): boolean;
  /** Those that have failed. One of them may answer if no other does. */
  failing(): Member[];
  /** Those that are usable, and those that have been aside for long enough to be tried again. */
  due(): Member[];
  leaveAside(member: Member, fault: Fault, why: string): void;
  takeBack(member: Member): void;
  health(): EndpointHealth[];
}

/**
 * Milliseconds aside: doubled each time up to the maximum, and starting again from the first after FORGIVEN_MS
 * without a fault.
 */
const [FIRST_ASIDE_MS, MAX_ASIDE_MS, FORGIVEN_MS] = [60_000, 32 * 60_000, 10 * 60_000];

interface Aside {
  readonly fault: Fault;
  readonly why: string;
  readonly until: number;
}

export function createStanding(members: readonly Member[], { log, now }: StandingModules): Standing {
  const asides = new Map<Member, Aside>();
  const history = new Map<Member, { times: number; backAt: number }>();
  const usable = (): Member[] => members.filter((member) => !asides.has(member));

  return {
    usable,
    isUsable: (member) => !asides.has(member),
    failing: () => members.filter((member) => member.isOfChain && asides.get(member)?.fault === "fails"),
    due: () => members.filter((member) => (asides.get(member)?.until ?? 0) <= now()),
    leaveAside(member, fault, why) {
      // A single endpoint has nothing to be compared with and no replacement.
      if (members.length === 1) return;
      const aside = asides.get(member);
      // Many requests fail at a time; they count once.
      if (aside && now() < aside.until) return;
      const { times, backAt } = history.get(member) ?? { times: 0, backAt: 0 };
      const before = !aside && now() - backAt > FORGIVEN_MS ? 0 : times;
      history.set(member, { times: before + 1, backAt });
      asides.set(member, { fault, why, until: now() + Math.min(FIRST_ASIDE_MS * 2 ** before, MAX_ASIDE_MS) });
      if (!aside) log?.warn({ endpoint: member.name, why }, "an endpoint of the chain is left aside");
    },
    takeBack(member) {
      if (!asides.delete(member)) return;
      history.set(member, { times: history.get(member)?.times ?? 0, backAt: now() });
      log?.warn({ endpoint: member.name }, "an endpoint of the chain is back");
    },
    health() {
      const [inCharge] = usable();
      return members.map((member) => {
        const { name: endpoint } = member;
        const aside = asides.get(member);
        if (aside) return { endpoint, state: "aside", why: aside.why };
        return { endpoint, state: member === inCharge ? "in charge" : "standby" };
      });
    },
  };
}
