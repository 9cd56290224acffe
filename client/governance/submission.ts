/**
 * The result of an election as NominatedStaking takes it (contracts/managers/nomination/Pages.sol).
 */
import { concat, keccak256, toBeHex } from "ethers";
import type { Outcome } from "./phragmen.ts";

/** Nominators on a page, so that checking one stays far below a transaction's gas. */
export const PAGE_SIZE = 200;

export interface Submission {
  /** In ascending order: places in this list are seats. */
  readonly winners: readonly number[];
  readonly supports: readonly bigint[];
  /** Hex. */
  readonly pages: readonly string[];
}

/** The id under which a nominator stands in an election. Candidates stand with their numbers. */
export const nominatorName = (id: number | bigint): string => `n${id}`;

/** @param outcome of an election with candidates' numbers and nominators' names as ids */
export function submissionOf({ winners, supports, edges }: Outcome, pageSize = PAGE_SIZE): Submission {
  const seated = winners.map((id, i) => ({ id: Number(id), support: supports[i] ?? 0n }));
  seated.sort((a, b) => a.id - b.id);
  const seats = new Map(seated.map(({ id }, seat) => [id, seat]));
  const backing = new Map<number, { seat: number; stake: bigint }[]>();
  for (const { nominator, candidate, stake } of edges) {
    if (typeof nominator !== "string") continue;
    const id = Number(nominator.slice(1));
    const own = backing.get(id) ?? [];
    own.push({ seat: seats.get(Number(candidate)) as number, stake });
    backing.set(id, own);
  }
  const entries = [...backing]
    .toSorted(([a], [b]) => a - b)
    .map(([id, own]) =>
      encodeEntry(
        id,
        own.toSorted((a, b) => a.seat - b.seat),
      ),
    );
  const pages: string[] = [];
  for (let i = 0; i < entries.length; i += pageSize) pages.push(concat(entries.slice(i, i + pageSize)));
  return { winners: seated.map(({ id }) => id), supports: seated.map(({ support }) => support), pages };
}

export function encodeEntry(
  nominator: number,
  edges: readonly { readonly seat: number; readonly stake: bigint }[],
): string {
  const parts = edges.flatMap(({ seat, stake }) => [toBeHex(seat, 1), toBeHex(stake, 12)]);
  return concat([toBeHex(nominator, 4), toBeHex(edges.length, 1), ...parts]);
}

/** What a submitter promises of a page. */
export const pageHash = (submitter: string, page: string): string => keccak256(concat([submitter, page]));
