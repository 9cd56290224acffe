/**
 * `npm run -s nightly [-- NAMES]`: all checks that take too long for `npm test`, one after the other, each with its log in
 * build/nightly/. Exit status 1: something failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

interface Step {
  readonly name: string;
  readonly command: string;
  readonly about: string;
}

const STEPS: readonly Step[] = [
  {
    name: "audit",
    command: "npm audit --omit=dev",
    about: "known vulnerabilities of packages that are needed at run time",
  },
  { name: "slither", command: "npm run -s slither", about: "static analysis of the contracts" },
  { name: "tables", command: "npm run -s tables", about: "stale tables in the documents" },
  { name: "assurance", command: "npm run -s assurance", about: "evidence about the circuits" },
  { name: "long", command: "HOLDFAST_LONG=1 npm test", about: "all tests, also the long ones" },
  { name: "coverage", command: "npm run -s coverage", about: "lines and branches of the contracts" },
  { name: "coverage:ts", command: "npm run -s coverage:ts", about: "lines and branches of the TypeScript" },
  { name: "simulate", command: "npm run -s simulate", about: "strategies of cheaters" },
  { name: "years", command: "npm run -s simulate -- --long", about: "three years of one vNode" },
  { name: "fuzz", command: "npm run -s fuzz", about: "10,000 sequences of calls against the invariants" },
  { name: "soak", command: "npm run -s soak", about: "two nodes and an auditor under faults" },
  { name: "mutants:ts", command: "npm run -s mutants:ts", about: "broken TypeScript that the tests notice" },
  ...["ledger", "accounts", "bonds", "audits", "deployment", "sources", "proofs", "verifier"].map(
    (target) => ({
      name: `mutants:${target}`,
      command: `npm run -s bench -- mutants ${target} --every 10`,
      about: "broken contracts that the tests notice: every tenth",
    }),
  ),
];

const LOGS = join("build", "nightly");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(", ")}: see --list`);
  process.exitCode = 2;
} else if (values.list) {
  for (const { name, about } of STEPS) console.log(`${name.padEnd(20)}${about}`);
} else {
  await run(STEPS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)));
}

async function run(steps: readonly Step[]): Promise<void> {
  mkdirSync(LOGS, { recursive: true });
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopping.abort());
  for (const { name, command, about } of steps) {
    if (stopping.signal.aborted) break;
    process.stdout.write(name.padEnd(20));
    const begun = performance.now();
    const passed = await runStep(name, command, stopping.signal);
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1).padStart(6);
    const log = join(LOGS, `${name.replace(":", "-")}.log`);
    process.stdout.write(`${minutes} min  ${passed ? "passed" : `FAILED (${about}): ${log}`}\n`);
    if (!passed) process.exitCode = 1;
  }
}

/** Runs a step in its own process group, which is ended with this process. */
async function runStep(name: string, command: string, signal: AbortSignal): Promise<boolean> {
  const log = createWriteStream(join(LOGS, `${name.replace(":", "-")}.log`));
  const child = spawn(command, { shell: true, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  signal.addEventListener("abort", end, { once: true });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0;
  } finally {
    signal.removeEventListener("abort", end);
    log.end();
  }
}
