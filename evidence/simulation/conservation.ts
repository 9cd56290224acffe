/**
 * Checks that no tokens are lost or created: the Ledger has exactly what it owes.
 */
import { quick } from "./calls.ts";
import type { Stagehand } from "./stagehand.ts";

/** @throws Error unless all accounts, bonds and pools add up to the Ledger's balance of tokens */
export async function expectConserved(stagehand: Stagehand): Promise<void> {
  const { scene, ids } = stagehand;
  const ask = async (...calls: string[]): Promise<bigint[]> =>
    (await scene.ask(calls.map((data) => stagehand.question("Ledger", data)))).map(([first = 0n]) => first);
  const accounts = [...stagehand.accounts, scene.treasury];
  const balances = await ask(...accounts.map((address) => quick("Ledger", "balanceOf", address)));
  const pools = await ask(...scene.beacons.map((_, i) => quick("Ledger", "auditPool", i)));
  const bonds = await ask(...Array.from({ length: ids.nodes }, (_, i) => quick("Ledger", "bondOf", i + 1)));
  const [totals = []] = await scene.ask([stagehand.question("Ledger", quick("Ledger", "totals"))]);
  const [held = []] = await scene.ask([
    stagehand.question("TestToken", quick("TestToken", "balanceOf", scene.ledger)),
  ]);
  const [inAccounts = 0n, inBonds = 0n, escrow = 0n, credits = 0n, fees = 0n] = totals;
  equal("accounts and pools", sum(balances) + sum(pools), inAccounts);
  equal("bonds", sum(bonds), inBonds);
  equal("all", held[0] ?? 0n, inAccounts + inBonds + escrow + credits + fees);
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

function equal(what: string, counted: bigint, said: bigint): void {
  if (counted !== said)
    throw new Error(`tokens are not conserved: ${what} add up to ${counted}, but the contract says ${said}`);
}
