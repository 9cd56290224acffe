/**
 * Compares several endpoints of one chain: whose head is behind, and whether all have the same block some way below.
 * An endpoint that differs is left aside; one that agrees again is taken back.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { lateness, newest, type Head } from "./heads.ts";
import type { Member, Standing } from "./standing.ts";

export interface LookOptions {
  readonly chainId: bigint;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Undecided {
  readonly message: string;
  readonly hosts: readonly string[];
}

/** @param onUndecided called if two endpoints differ and nothing shows which is right; may throw */
export type Look = (onUndecided?: (found: Undecided) => void) => Promise<void>;

/** Blocks below the lowest head: deeper than reorganizations go. */
const AGREED_DEPTH = 64;

export function createLook(standing: Standing, { chainId, now }: LookOptions): Look {
  /** The last block on which two endpoints agreed. */
  let agreed: { readonly number: number; readonly hash: string } | undefined;

  /** Leaves the endpoint aside and returns undefined if `work` fails. */
  const attempt = async <T>(member: Member, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      const isOther = error instanceof HoldfastError && error.code === "chain";
      const why = error instanceof Error ? error.message : String(error);
      if (!member.endpoint.destroyed) standing.leaveAside(member, isOther ? "differs" : "fails", why);
      return undefined;
    }
  };

  const headOf = async (member: Member): Promise<Head> => {
    const { endpoint, name } = member;
    if (!member.isOfChain) {
      const actual = BigInt((await endpoint.send("eth_chainId", [])) as string);
      if (actual !== chainId)
        throw new HoldfastError("chain", `${name} belongs to the chain ${actual}, not ${chainId}`);
      member.isOfChain = true;
    }
    const { number, timestamp } = await blockAt(endpoint, "latest");
    return { number: Number(number), timestamp: Number(timestamp) };
  };

  const hashesOf = async (members: readonly Member[], number: number): Promise<Map<Member, string>> => {
    const tag = `0x${number.toString(16)}`;
    const hashes = await Promise.all(
      members.map((member) => attempt(member, async () => (await blockAt(member.endpoint, tag)).hash)),
    );
    return new Map(
      members.flatMap((member, i) => (hashes[i] === undefined ? [] : [[member, hashes[i]] as const])),
    );
  };

  /** The endpoints whose heads are not behind, and the lowest of those heads. */
  const keepUp = async (members: readonly Member[]): Promise<{ members: Member[]; lowest: number }> => {
    const heads = new Map<Member, Head>();
    await Promise.all(
      members.map((member) => attempt(member, async () => heads.set(member, await headOf(member)))),
    );
    const best = newest([...heads.values()], now());
    for (const [member, head] of heads) {
      const before = member.head;
      member.head = head;
      const late = best && lateness(head, best, before);
      const isAhead = best !== undefined && head.number > best.number;
      if (late === undefined && !isAhead) continue;
      const why = late ?? "its newest block has a time in the future";
      standing.leaveAside(member, "differs", `${member.name} differs: ${why}`);
      heads.delete(member);
    }
    const numbers = [...heads.values()].map(({ number }) => number);
    return { members: members.filter((member) => heads.has(member)), lowest: Math.min(...numbers) };
  };

  /** The endpoints to leave aside, each with the reason, if they do not all have the same hash of a block. */
  const judge = async (
    number: number,
    hashes: ReadonlyMap<Member, string>,
    onUndecided: ((found: Undecided) => void) | undefined,
  ): Promise<Map<Member, string>> => {
    const members = [...hashes.keys()];
    const because = (some: readonly Member[], why: string): Map<Member, string> =>
      new Map(some.map((member) => [member, `${member.name} differs: ${why}`]));
    const groups = Map.groupBy(members, (member) => hashes.get(member));
    const most = [...groups.values()].find((group) => 2 * group.length > members.length);
    if (most) {
      const others = members.filter((member) => !most.includes(member));
      return because(others, `its block ${number} is not the one that most endpoints have`);
    }
    if (agreed) {
      const { number: known, hash } = agreed;
      const now = await hashesOf(members, known);
      const changed = members.filter((member) => now.has(member) && now.get(member) !== hash);
      if (changed.length > 0 && changed.length < members.length)
        return because(changed, `its block ${known} is not the one that it had before`);
    }
    const hosts = members.map(({ name }) => name);
    const message = `${hosts.join(" and ")} disagree about the block ${number}`;
    onUndecided?.({ message, hosts });
    const kept = hashes.get(members[0] as Member);
    const others = members.filter((member) => hashes.get(member) !== kept);
    return because(others, `${message}, and nothing shows which is right`);
  };

  return async (onUndecided) => {
    const { members, lowest } = await keepUp(standing.due());
    if (members.length === 0) return;
    const number = Math.max(0, lowest - AGREED_DEPTH);
    // In doubt, an endpoint that has not failed so far is kept.
    const usable = members.filter((member) => standing.isUsable(member));
    const tried = members.filter((member) => !standing.isUsable(member));
    const hashes = await hashesOf([...usable, ...tried], number);
    const isSame = new Set(hashes.values()).size <= 1;
    const wrong = isSame ? new Map<Member, string>() : await judge(number, hashes, onUndecided);
    for (const [member, why] of wrong) standing.leaveAside(member, "differs", why);
    const right = [...hashes.keys()].filter((member) => !wrong.has(member));
    for (const member of right) standing.takeBack(member);
    const hash = right[0] && hashes.get(right[0]);
    if (right.length > 1 && hash !== undefined) agreed = { number, hash };
  };
}

interface RawBlock {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
}

async function blockAt(endpoint: Endpoint, tag: string): Promise<RawBlock> {
  const block = (await endpoint.send("eth_getBlockByNumber", [tag, false])) as RawBlock | null;
  if (block) return block;
  throw new HoldfastError("unreachable", `${endpoint.host} has no block ${tag}`);
}
