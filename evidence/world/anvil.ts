/**
 * anvil as a second EVM for the tests. Each chain is a separate process, which ends with the test file.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const SYSTEM = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
const FLAGS = ["--host", "127.0.0.1", "--port", "0", "--hardfork", "osaka", "--chain-id"];
/** As many as Hardhat has. */
const ACCOUNTS = ["--accounts", "20"];

const running = new Set<ChildProcess>();

/** @returns its address. @throws Error if anvil ends before it listens */
export async function startAnvil(chainId = 31337): Promise<string> {
  const path = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${SYSTEM}/bin/anvil`);
  const child = spawn(path, [...FLAGS, String(chainId), ...ACCOUNTS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (running.size === 0) process.once("exit", endAnvils);
  running.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const [, address] = /^Listening on (\S+)$/.exec(line) ?? [];
    if (address !== undefined) {
      child.stdout.resume(); // nobody reads on, and a full pipe would stop it
      return `http://${address}`;
    }
  }
  throw new Error("anvil ended before it listened");
}

export function endAnvils(): void {
  process.off("exit", endAnvils);
  for (const child of running) child.kill();
  running.clear();
}
