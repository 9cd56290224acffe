import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatIgnitionEthers from "@nomicfoundation/hardhat-ignition-ethers";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

/** npm's compiler: nothing is downloaded, and the lockfile pins its hash. */
const soljson = fileURLToPath(new URL("./node_modules/solc/soljson.js", import.meta.url));
const compiler = (runs: number) => ({
  version: "0.8.37",
  path: soljson,
  settings: { evmVersion: "prague", viaIR: true, optimizer: { enabled: true, runs } },
});

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatChaiMatchers,
    hardhatIgnitionEthers,
    hardhatKeystore,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatTypechain,
  ],
  solidity: {
    compilers: [compiler(10_000)],
    // The hash is inlined only where code may grow; these two are close to the limit of 24,576 bytes, and call it linked.
    overrides: { "contracts/Audits.sol": compiler(200), "contracts/Registry.sol": compiler(200) },
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
    localhost: { type: "http", url: "http://127.0.0.1:8545" },
  },
  paths: { tests: { mocha: "test", solidity: "contracts/test" } },
  test: {
    mocha: { timeout: 120_000 },
    solidity: {
      fuzz: { runs: 256, seed: "0x5eed" },
      invariant: { runs: 64, depth: 32, failOnRevert: false },
    },
  },
  typechain: { outDir: "types/ethers" },
  coverage: { skipFiles: ["contracts/test/**"] },
});
