/**
 * What the accounts of a play have at the end, what they had at the beginning, stored, and spent on gas.
 */
import { FUNDS, GAS_PRICE, gasOf, LEAF_PRICE, STORING } from "./model.ts";
import type { Stagehand } from "./stagehand.ts";

/** In multiples of an epoch's rate. */
export interface Profit {
  readonly tokens: number;
  readonly gas: number;
  /** Cost of what was stored, at the market's first price. */
  readonly stored: number;
  /** Worth of what the owner wanted to be stored, at its price. */
  readonly wanted: number;
}

export const totalOf = ({ tokens, gas, stored, wanted }: Profit): number =>
  tokens + wanted - gas - STORING * stored;

export class Books {
  readonly nodes: { readonly id: number; readonly role: string }[] = [];
  /** Token units that customers paid for lost data, and token units that they got back. */
  lost = 0;
  got = 0;
  readonly #stagehand: Stagehand;
  readonly #addresses = new Map<string, string>();
  readonly #gas = new Map<string, number>();
  readonly #stored = new Map<string, number>();
  readonly #wanted = new Map<string, number>();

  constructor(stagehand: Stagehand) {
    this.#stagehand = stagehand;
  }

  get roles(): readonly string[] {
    return [...this.#addresses.keys()];
  }

  /** The account of a role, with FUNDS in the Ledger besides its bond. */
  address(role: string): string {
    let address = this.#addresses.get(role);
    if (address === undefined) {
      address = this.#stagehand.hire();
      this.#addresses.set(role, address);
    }
    return address;
  }

  spend(role: string, transaction: string, entries = 0): void {
    this.#gas.set(role, (this.#gas.get(role) ?? 0) + gasOf(transaction, entries));
  }

  /** Notes that a role stored this many leaves for an epoch. */
  store(role: string, leaves: number): void {
    this.#stored.set(role, (this.#stored.get(role) ?? 0) + leaves);
  }

  /** Notes that customers paid this many token units for lost data. */
  lose(tokens: number): void {
    this.lost += tokens;
  }

  want(role: string, tokens: number): void {
    this.#wanted.set(role, (this.#wanted.get(role) ?? 0) + tokens);
  }

  /**
   * @param tokens of the role, in accounts and bonds
   * @param rate the unit of the result
   */
  profitOf(role: string, tokens: bigint, rate: number): Profit {
    return {
      tokens: Number(tokens - 2n * FUNDS) / rate,
      gas: (this.#gas.get(role) ?? 0) * GAS_PRICE,
      stored: ((this.#stored.get(role) ?? 0) * LEAF_PRICE) / rate,
      wanted: (this.#wanted.get(role) ?? 0) / rate,
    };
  }
}
