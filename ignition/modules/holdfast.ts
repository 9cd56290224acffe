/**
 * The deployment as Ignition runs it: one contract after the other, so that each one's nonce, and with it its address, is
 * known before the first is sent.
 */
import { buildModule, type ContractFuture } from "@nomicfoundation/ignition-core";
import type { Step } from "../../client/deployment/plan.ts";

export const MODULE_ID = "Holdfast";

export function holdfastModule(steps: readonly Step[]) {
  return buildModule(MODULE_ID, (m) => {
    const made: Record<string, ContractFuture<string>> = {};
    let previous: ContractFuture<string>[] = [];
    for (const { id, contract, args } of steps) {
      const future = m.contract(contract, [...args], { id, after: previous });
      made[id] = future;
      previous = [future];
    }
    return made;
  });
}
