/**
 * A cluster's terms in words and units: for options, for differences between old and new terms, and for proposals.
 */
import type { ClusterParams } from "../records.ts";

export type TermName = keyof ClusterParams;
/** Terms as contracts return them. */
export type TermValues = Readonly<Record<TermName, bigint>>;

export interface Term {
  readonly name: TermName;
  /** For options. */
  readonly description: string;
  /** Of a new cluster. undefined: it follows from other terms. */
  readonly standard: number | undefined;
  readonly label: string;
  inWords(value: bigint): string;
}

const misses = (value: bigint): string => plural(value, "miss", "misses");
const pay = (value: bigint): string => `${value} ${value === 1n ? "epoch's" : "epochs'"} pay`;

/** In the contract's order. */
export const TERMS: readonly Term[] = [
  {
    name: "odds",
    description: "a vNode is due in an epoch with probability 1 / odds",
    standard: 1,
    label: "a vNode is due",
    inWords: (value) => (value === 1n ? "in every epoch" : `in one of ${value} epochs`),
  },
  {
    name: "window",
    description:
      "seconds for a proof, from when the epoch's randomness is known; default: until the epoch ends",
    standard: undefined,
    label: "time for a proof",
    inWords: (value) => plural(value, "second"),
  },
  {
    name: "grace",
    description: "misses in a row that cost no more than the epoch's pay",
    standard: 1,
    label: "misses in a row without penalty",
    inWords: misses,
  },
  {
    name: "maxMisses",
    description: "misses in a row that end the assignment",
    standard: 3,
    label: "misses in a row that end the assignment",
    inWords: misses,
  },
  {
    name: "slashMultiple",
    description:
      "penalty of a miss beyond the grace, as a number of epochs' pay; default: 5 times the odds, at most 100",
    standard: undefined,
    label: "penalty of a further miss",
    inWords: pay,
  },
  {
    name: "faultMultiple",
    description:
      "further penalty of the last miss, as a number of epochs' pay; default: 10 times the odds, at most 1000",
    standard: undefined,
    label: "further penalty of the last miss",
    inWords: pay,
  },
  {
    name: "syncEpochs",
    description: "audits that a node which takes over data has for its first proof",
    standard: 3,
    label: "audits until a new node's first proof",
    inWords: (value) => plural(value, "audit"),
  },
  {
    name: "bondEpochs",
    description:
      "bond that a vNode locks, as a number of epochs' pay; default: 30, or all that penalties can take, if that is more",
    standard: undefined,
    label: "bond that a vNode locks",
    inWords: pay,
  },
  {
    name: "managerFee",
    description: "the manager's share of each payment, in 1/10,000",
    standard: 200,
    label: "the manager's share of each payment",
    inWords: percent,
  },
  {
    name: "auditFee",
    description: "the auditors' share of each payment, in 1/10,000",
    standard: 100,
    label: "the auditors' share of each payment",
    inWords: percent,
  },
  {
    name: "reporterShare",
    description: "the reporter's share of each slash, in 1/10,000",
    standard: 1000,
    label: "the reporter's share of each slash",
    inWords: percent,
  },
];

export function plural(count: bigint | number, one: string, many = `${one}s`): string {
  return `${count} ${BigInt(count) === 1n ? one : many}`;
}

/** Basis points as percent, to the last digit. */
export function percent(basisPoints: bigint): string {
  const fraction = String(basisPoints % 100n)
    .padStart(2, "0")
    .replace(/0+$/, "");
  return `${basisPoints / 100n}${fraction && `.${fraction}`} %`;
}
