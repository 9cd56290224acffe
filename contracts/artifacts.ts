/**
 * The compiled contracts as Hardhat leaves them: ABI and bytecode, read when they are needed.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";

/** Bytes that are filled in later. */
export interface Gap {
  readonly start: number;
  readonly length: number;
}

/** By source file and library: where in the bytecode its address goes. */
type LinkReferences = Readonly<Record<string, Readonly<Record<string, readonly Gap[]>>>>;

export interface ContractArtifact {
  readonly abi: readonly Readonly<Record<string, unknown>>[];
  readonly bytecode: string;
  readonly linkReferences: LinkReferences;
  readonly deployedBytecode: string;
  readonly deployedLinkReferences: LinkReferences;
  /** By variable: where a constructor writes its value. */
  readonly immutableReferences: Readonly<Record<string, readonly Gap[]>>;
}

const ARTIFACTS = join(import.meta.dirname, "..", "artifacts", "contracts");

const found = new Map<string, ContractArtifact>();

/** Of this process's build: read once. Throws "not-found" if the contracts were never built here. */
export function contractArtifact(name: string): ContractArtifact {
  const before = found.get(name);
  if (before) return before;
  const path = pathOf(name);
  if (path === undefined) {
    const message = `the contract ${name} is not built: run \`npm run build\``;
    throw new HoldfastError("not-found", message, { folder: ARTIFACTS });
  }
  const artifact = JSON.parse(readFileSync(join(ARTIFACTS, path), "utf8")) as ContractArtifact;
  found.set(name, artifact);
  return artifact;
}

export const isBuilt = (name: string): boolean => found.has(name) || pathOf(name) !== undefined;

function pathOf(name: string): string | undefined {
  const [path, another] = globSync(`**/${name}.sol/${name}.json`, { cwd: ARTIFACTS });
  if (another !== undefined) throw new Error(`there are two contracts of the name ${name}`);
  return path;
}
