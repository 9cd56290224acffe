/**
 * Loaded by every worker of the test runner.
 */
import { endAnvils } from "./anvil.ts";

// The runner's own loader must not reach the processes that the tests start: they run on Node alone, as they ship.
delete process.env["NODE_OPTIONS"];

// What a failed assertion compared goes to the runner as JSON.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint) {
    return String(this);
  },
});

export const mochaHooks = { afterAll: endAnvils };
