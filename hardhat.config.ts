import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig } from "hardhat/config";

/** npm's: nothing is downloaded, and the lockfile pins its hash. */
function compiler(optimizer: { readonly enabled: boolean; readonly runs?: number }) {
  return {
    version: "0.8.37",
    path: fileURLToPath(new URL("./node_modules/solc/soljson.js", import.meta.url)),
    // Registry and Audits are close to the limit of 24,576 bytes: a test watches.
    settings: {
      evmVersion: "prague",
      viaIR: true,
      optimizer,
      // The same code whatever it is compiled along with: PrevrandaoBeacon compares its probe's.
      metadata: { bytecodeHash: "none" },
    },
  };
}

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatChaiMatchers,
    hardhatKeystore,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatTypechain,
  ],
  solidity: {
    // `npm start` needs no tests.
    splitTestsCompilation: true,
    profiles: {
      default: compiler({ enabled: true, runs: 10_000 }),
      // The tests in Solidity are four times as much code: they are compiled fast. forge (foundry.toml) runs them as well,
      // with the settings of what is deployed.
      tests: compiler({ enabled: false }),
    },
  },
  networks: {
    hardhat: { type: "edr-simulated", hardfork: "osaka", chainId: 31337 },
    // Blocks follow the wall clock: several may share a second, so that a burst of transactions does not run ahead of it.
    devnet: {
      type: "edr-simulated",
      hardfork: "osaka",
      chainId: 31337,
      allowBlocksWithSameTimestamp: true,
      mining: { auto: true, interval: 1000 },
    },
    // Tests start it, on a port of its own.
    anvil: { type: "http", url: "http://127.0.0.1:8545" },
    localhost: { type: "http", url: "http://127.0.0.1:8545" },
  },
  paths: { tests: { mocha: "test", solidity: "test/solidity" } },
  test: {
    mocha: { timeout: 120_000, parallel: true, jobs: 3, require: ["./test/helpers/worker.ts"] },
    solidity: {
      fuzz: { runs: 256, seed: "0x5eed" },
      // forge looks at 256 of them: `npm run forge`.
      invariant: { runs: 64, depth: 64, failOnRevert: false },
    },
  },
  typechain: { outDir: "types/ethers" },
  coverage: { skipFiles: ["test/**"] },
});
