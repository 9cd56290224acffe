/**
 * drand's evmnet, as the League of Entropy publishes it: the network that DrandBeacon is made for.
 */
import type { DrandChain } from "./drand.ts";

export const EVMNET: DrandChain = {
  publicKey: Uint8Array.from(
    Buffer.from(
      "07e1d1d335df83fa98462005690372c643340060d205306a9aa8106b6bd0b382" +
        "0557ec32c2ad488e4d4f6008f89a346f18492092ccc0d594610de2732c8b808f" +
        "0095685ae3a85ba243747b1b2f426049010f6b73a0cf1d389351d5aaaa1047f6" +
        "297d3a4f9749b33eb2d904c9d9ebf17224150ddd7abd7567a9bec6c74480ee0b",
      "hex",
    ),
  ),
  genesis: 1_727_521_075,
  period: 3,
};
