/**
 * The contracts of Safe, as the package safe-smart-account ships them.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { JsonFragment } from "ethers";

export interface SafeArtifact {
  readonly abi: readonly JsonFragment[];
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

/** Where each contract is in the package. */
const PATHS = {
  /** The Safe whose events tell each transaction with its signatures. */
  SafeL2: "SafeL2.sol/SafeL2.json",
  Safe: "Safe.sol/Safe.json",
  SafeProxyFactory: "proxies/SafeProxyFactory.sol/SafeProxyFactory.json",
  SafeProxy: "proxies/SafeProxy.sol/SafeProxy.json",
  CompatibilityFallbackHandler: "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json",
  MultiSendCallOnly: "libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json",
} as const;

export type SafeContract = keyof typeof PATHS;

const require = createRequire(import.meta.url);
const read = new Map<SafeContract, SafeArtifact>();

export function safeArtifact(name: SafeContract): SafeArtifact {
  const before = read.get(name);
  if (before) return before;
  const path = require.resolve(`@safe-global/safe-smart-account/build/artifacts/contracts/${PATHS[name]}`);
  const artifact = JSON.parse(readFileSync(path, "utf8")) as SafeArtifact;
  read.set(name, artifact);
  return artifact;
}
