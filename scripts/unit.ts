/**
 * `npm run -s test:unit`: the tests that start no chain, process or compiler, either themselves or through their imports. Each
 * test has five seconds.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const IMPORTED = /(?:from|import\()\s*"([^"]+)"/g;
const HEAVY = new Set(["hardhat", "node:child_process", "circom2"]);

const known = new Map<string, boolean>();

function isHeavy(file: string): boolean {
  const before = known.get(file);
  if (before !== undefined) return before;
  known.set(file, false); // imports of types may be circular
  const imports = [...readFileSync(join(ROOT, file), "utf8").matchAll(IMPORTED)].map(([, name = ""]) => name);
  const heavy = imports.some((name) =>
    name.startsWith(".") && name.endsWith(".ts") && !name.includes("/types/")
      ? isHeavy(normalize(join(dirname(file), name)))
      : HEAVY.has(name),
  );
  known.set(file, heavy);
  return heavy;
}

const files = globSync("test/**/*.test.ts", { cwd: ROOT })
  .sort()
  .filter((file) => !isHeavy(file));
const mocha = join(ROOT, "node_modules", "mocha", "bin", "mocha.js");
const limits = ["--timeout", "5000", "--parallel", "--jobs", "2", "--exit"];
const child = spawn(process.execPath, [mocha, ...limits, ...process.argv.slice(2), ...files], {
  cwd: ROOT,
  stdio: "inherit",
});
const [code] = (await once(child, "close")) as [number | null];
process.exitCode = code ?? 1;
