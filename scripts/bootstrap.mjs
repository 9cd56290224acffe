// Makes a fresh clone ready: installs the locked dependencies, then builds what the named profiles need.
// Runs before `npm start` and `npm test`, on any Node from 20 on, and uses nothing but Node itself.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const INSTALLED = join(root, "node_modules", ".package-lock.json");
/** Hardhat's native package is an optional dependency that npm on a Node below this silently skips. */
const [MIN_MAJOR, MIN_MINOR] = [22, 13];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs a command. A signal to this process also ends the command. */
async function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const stop = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, stop);
  const [status, what] = await once(child, "close").catch((error) => [1, error.message]);
  for (const signal of SIGNALS) process.off(signal, stop);
  if (status === 0) return;
  console.error(`${[command, ...args].join(" ")} failed${what ? `: ${what}` : ""}`);
  process.exit(status || 1);
}

function isInstalled() {
  return (
    existsSync(INSTALLED) &&
    statSync(INSTALLED).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs &&
    readdirSync(join(root, "node_modules", "@nomicfoundation")).some((name) => name.startsWith("edr-"))
  );
}

/** Whether the Node that npm itself runs on is new enough. It may be another one than this. */
function isNpmNew() {
  const { stdout } = spawnSync("npm", ["version", "--json"], { cwd: root, encoding: "utf8" });
  const [, major, minor] = (/"node": *"(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  return major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR);
}

if (!isInstalled()) {
  console.log("Installing the dependencies (about a minute)");
  const install = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  if (isNpmNew()) await run("npm", install);
  else await run("npx", ["-y", "-p", "node@24", "npm", ...install]);
}
await run(join(root, "node_modules", ".bin", "node"), [
  join(root, "scripts", "prepare.ts"),
  ...process.argv.slice(2),
]);
