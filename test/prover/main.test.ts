// The node's process when something that it waits for never ends.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { useFolder } from "../helpers/folder.ts";

const MAIN = join(import.meta.dirname, "..", "..", "prover", "main.ts");
const FAST = join(import.meta.dirname, "..", "helpers", "fast-timers.ts");

describe("prover: main", function () {
  this.timeout(60_000);
  const folder = useFolder();

  it("ends within 10 seconds of a signal although a read hangs, which an exit would wait for", async () => {
    const pipe = join(folder(), "key");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    const config = join(folder(), "config.json");
    const audits = `0x${"1".repeat(40)}`;
    const values = { rpcUrl: "http://127.0.0.1:1", audits, node: 1, keyFile: pipe, profile: "tiny" };
    await writeFile(config, JSON.stringify({ ...values, dataFolder: join(folder(), "data"), port: 0 }));
    const child = spawn(process.execPath, ["--import", FAST, MAIN, "--config", config], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    after(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    // Opens when the node does; it reads, and nothing ever comes.
    const held = await open(pipe, "w");
    const ended = once(child, "close") as Promise<[number | null, string | null]>;
    child.kill("SIGTERM");
    const [, signal] = await ended;
    expect(signal).to.equal("SIGKILL");
    expect(output).to.include("something hangs: ending the process by force");
    await held.close();
  });
});
