import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig } from "hardhat/config";

/** The compiler of the npm package: nothing is downloaded, and the lockfile pins its hash. */
function compiler(optimizer: { readonly enabled: boolean; readonly runs?: number }) {
  return {
    version: "0.8.37",
    path: fileURLToPath(new URL("./node_modules/solc/soljson.js", import.meta.url)),
    // Registry and Audits are close to the limit of 24,576 bytes, which a test checks.
    settings: {
      evmVersion: "prague",
      viaIR: true,
      optimizer,
      // The code must not depend on the other files: PrevrandaoBeacon compares the code of its probe.
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
    // `npm start` does not need the tests.
    splitTestsCompilation: true,
    profiles: {
      default: compiler({ enabled: true, runs: 10_000 }),
      // The Solidity tests deploy what the default profile has built (test/solidity/Deploying.sol). They themselves need no
      // optimizer.
      tests: compiler({ enabled: false }),
    },
  },
  networks: {
    hardhat: { type: "edr-simulated", hardfork: "osaka", chainId: 31337 },
    // Blocks follow the wall clock. Several may share a second, so that many transactions do not move the time ahead.
    devnet: {
      type: "edr-simulated",
      hardfork: "osaka",
      chainId: 31337,
      allowBlocksWithSameTimestamp: true,
      mining: { auto: true, interval: 1000 },
    },
    // Tests start it, each time on another port.
    anvil: { type: "http", url: "http://127.0.0.1:8545" },
    localhost: { type: "http", url: "http://127.0.0.1:8545" },
  },
  paths: { tests: { mocha: "test", solidity: "test/solidity" } },
  test: {
    mocha: { timeout: 120_000, parallel: true, jobs: 3, require: ["./test/helpers/worker.ts"] },
    solidity: {
      fuzz: { runs: 256, seed: "0x5eed" },
      // forge runs 256: `npm run forge`.
      invariant: { runs: 64, depth: 64, failOnRevert: false },
    },
  },
  typechain: { outDir: "types/ethers" },
  coverage: { skipFiles: ["test/**"] },
});
