/**
 * The deployment as an Ignition module: one transaction after the other, so that each contract's address is known before the
 * first one is sent.
 */
import {
  buildModule,
  type Future,
  type NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { isMade, makingArgs } from "./made.ts";
import type { Step } from "./step.ts";

export function holdfastModule(steps: readonly Step[]) {
  return buildModule("Holdfast", (m) => {
    const made: Record<string, NamedArtifactContractDeploymentFuture<string>> = {};
    let previous: Future[] = [];
    for (const step of steps) {
      const options = { id: step.id, after: previous };
      const { Factory: factory } = made;
      if (isMade(step) && factory) {
        previous = [m.call(factory, step.making, makingArgs(step), options)];
        continue;
      }
      const future = m.contract(step.contract, [...step.args], options);
      made[step.id] = future;
      previous = [future];
    }
    return made;
  });
}
