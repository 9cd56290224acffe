/**
 * What the plays on one chain share: spare accounts, the next ids, and the queue of acts.
 */
import { quick, type ContractName } from "./calls.ts";
import { FUNDS } from "./model.ts";
import type { Outcome, Question, Scene } from "./scene.ts";

export class Stagehand {
  readonly scene: Scene;
  readonly ids = { nodes: 0, clusters: 0, vNodes: 0, buckets: 0, challenges: 0 };
  /** All accounts that were ever created. */
  readonly accounts: string[] = [];
  readonly #stock: string[] = [];
  #beacons = 0;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  /** Creates and funds this many spare accounts. */
  async stockUp(count: number): Promise<void> {
    const { scene } = this;
    for (const address of await scene.hire(count)) {
      const do_ = (contract: ContractName, data: string): void => this.act(address, contract, data);
      do_("TestToken", quick("TestToken", "mint", address, 2n * FUNDS));
      do_("TestToken", quick("TestToken", "approve", scene.ledger, 2n ** 255n));
      do_("Ledger", quick("Ledger", "deposit", address, 2n * FUNDS));
      this.accounts.push(address);
      this.#stock.push(address);
    }
    await scene.perform();
  }

  hire(): string {
    const address = this.#stock.pop();
    if (address === undefined) throw new Error("no account is left: stock up more");
    return address;
  }

  /** The next beacon for one play alone. Beacon 0 is shared. */
  nextBeacon(): number {
    this.#beacons++;
    if (this.#beacons >= this.scene.beacons.length) throw new Error("no beacon is left");
    return this.#beacons;
  }

  act(actor: string, contract: ContractName, data: string, then?: (outcome: Outcome) => void): void {
    const wanted = then !== undefined;
    this.scene.act({ actor, target: this.addressOf(contract), data, then, wanted });
  }

  question(contract: ContractName, data: string): Question {
    return { target: this.addressOf(contract), data };
  }

  addressOf(contract: ContractName): string {
    const { token, ledger, registry, audits, challenges } = this.scene;
    return { TestToken: token, Ledger: ledger, Registry: registry, Audits: audits, Challenges: challenges }[
      contract
    ];
  }
}
