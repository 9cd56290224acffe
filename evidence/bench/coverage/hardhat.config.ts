/**
 * The project's configuration, with Hardhat's coverage of watched branches (see branches.ts): what is compiled goes to a
 * place of its own.
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
    // Hardhat's report would look for what was counted in the files as they are.
    test: () =>
      Promise.resolve({ default: () => Promise.resolve({ onTestRunDone: () => Promise.resolve() }) }),
  },
};

const solc = {
  version: "0.8.37",
  path: fileURLToPath(new URL("../../../node_modules/solc/soljson.js", import.meta.url)),
};
const settings = { evmVersion: "prague", viaIR: true, metadata: { bytecodeHash: "none" } };
/** Hardly any, which would take a quarter of an hour: these steps keep what is on the stack within reach. */
const optimizer = {
  enabled: false,
  details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: "jmul" } },
};

export default defineConfig({
  ...config,
  plugins: [...(config.plugins ?? []), branches],
  solidity: {
    // What only the Solidity tests need is not compiled.
    splitTestsCompilation: true,
    compilers: [{ ...solc, settings: { ...settings, optimizer } }],
    // The library that it compares with takes all of the optimizer.
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
