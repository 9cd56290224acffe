/**
 * The project's configuration for Hardhat's coverage of instrumented branches (see branches.ts). Compiled contracts go to a
 * separate folder.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";
import config from "../../../hardhat.config.ts";
import { watchBranches } from "./branches.ts";
import { FOLDER, HASH, isCounted } from "./files.ts";

const branches: HardhatPlugin = {
  id: "holdfast:branches",
  hookHandlers: {
    solidity: () =>
      Promise.resolve({
        default: () =>
          Promise.resolve({
            preprocessProjectFileBeforeBuilding: async (context, name, path, content, version, next) => {
              const file = relative(context.config.paths.root, path);
              if (!isCounted(file)) return next(context, name, path, content, version);
              const counted = await next(context, name, path, watchBranches(content).source, version);
              const copy = resolve(FOLDER, "sources", file);
              await mkdir(dirname(copy), { recursive: true });
              await writeFile(copy, counted);
              return counted;
            },
          }),
      }),
    // Hardhat's own report would look for the counted lines in the original files.
    test: () =>
      Promise.resolve({ default: () => Promise.resolve({ onTestRunDone: () => Promise.resolve() }) }),
  },
};

const solc = {
  version: "0.8.37",
  path: fileURLToPath(new URL("../../../node_modules/solc/soljson.js", import.meta.url)),
};
const settings = { evmVersion: "prague", viaIR: true, metadata: { bytecodeHash: "none" } };
/** Full optimization would take a quarter of an hour. These steps are only for "stack too deep". */
const optimizer = {
  enabled: false,
  details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: "jmul" } },
};

export default defineConfig({
  ...config,
  plugins: [...(config.plugins ?? []), branches],
  solidity: {
    // Do not compile contracts that only the Solidity tests need.
    splitTestsCompilation: true,
    compilers: [{ ...solc, settings: { ...settings, optimizer } }],
    // The library that this test compares with needs the full optimizer.
    overrides: {
      "contracts/test-support/HashToG1Harness.sol": {
        ...solc,
        settings: { ...settings, optimizer: { enabled: true, runs: 200 } },
      },
    },
  },
  paths: { ...config.paths, artifacts: `${FOLDER}/artifacts`, cache: `${FOLDER}/cache` },
  coverage: { skipFiles: ["test/**", "contracts/test-support/**", "contracts/local/**", HASH] },
});
