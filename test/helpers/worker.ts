/**
 * Loaded by every worker of the test runner.
 */
import { join } from "node:path";
import { takeCoverage } from "node:v8";
import { endAnvils } from "../../evidence/world/anvil.ts";

// The runner's own loader must not reach the processes that the tests start: they run on Node alone, as they ship.
delete process.env["NODE_OPTIONS"];
// There are many of them, and all load the same modules.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "..", "..", "cache", "node");

// The values of a failed assertion go to the runner as JSON.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint) {
    return String(this);
  },
});

export const mochaHooks = {
  afterAll(): void {
    endAnvils();
    // Once for each file: the runner does not wait for workers to end by themselves.
    takeCoverage();
  },
};
