/**
 * Fingerprints of what a table measures. The table is stale when its fingerprint has changed.
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const DIGITS = 8;

export type Measured = "contracts" | "circuits";

/**
 * Eight hexadecimal digits: the start of a hash of the bytecode of all contracts of a deployment, which must be built, or of
 * the circuits without comments and layout.
 */
export function fingerprint(of: Measured): string {
  const hash = createHash("sha256");
  for (const [name, text] of parts[of]()) hash.update(`${name}\0${text.length}\0${text}`);
  return hash.digest("hex").slice(0, DIGITS);
}

const parts: Readonly<Record<Measured, () => [name: string, text: string][]>> = {
  contracts: () =>
    read("artifacts/contracts/**/*.json")
      .filter(([name]) => !/\/(test-support|local|managers)\//.test(name))
      .map(([name, text]) => [name, (JSON.parse(text) as { bytecode?: string }).bytecode ?? ""]),
  circuits: () =>
    read("circuits/{*,main/*}.circom").map(([name, text]) => [
      name,
      text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replaceAll(/\s+/g, " "),
    ]),
};

/** Sorted by name, so that the file system's order does not matter. */
function read(pattern: string): [name: string, text: string][] {
  const names = globSync(pattern, { cwd: ROOT }).sort();
  if (names.length === 0) throw new Error(`nothing is built as ${pattern}: run \`npm run build\``);
  return names.map((name) => [name, readFileSync(join(ROOT, name), "latin1")]);
}
