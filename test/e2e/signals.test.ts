// A signal to a command also ends its child processes, and paths are relative to the caller's folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** The environment of a user's shell, without the variables of npm. */
function cleanEnv(): NodeJS.ProcessEnv {
  const isOurs = (name: string): boolean => !/^(npm_|INIT_CWD|HOLDFAST_)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isOurs(name)));
}

describe("e2e: commands through npm", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function startNode(): Promise<{
    npm: ReturnType<typeof spawn>;
    pid: number;
    closed: Promise<unknown>;
  }> {
    const node = present(live.nodes[0]);
    const [keyFile, config] = [join(folder, "key"), join(folder, "config.json")];
    await writeFile(keyFile, node.operator.privateKey, { mode: 0o600 });
    const values = {
      rpcUrl: live.rpcUrl,
      audits: live.deployment.audits,
      node: 1,
      keyFile,
      profile: "tiny",
      dataFolder: join(folder, "node"),
      port: 0,
      pollMs: 25,
      reserveBytes: 0,
    };
    await writeFile(config, JSON.stringify(values));
    const args = ["run", "-s", "holdfast", "--", "node", "run", "--config", config];
    const npm = spawn("npm", args, { cwd: ROOT, env: cleanEnv(), stdio: ["ignore", "pipe", "inherit"] });
    // Not before the last process that has the pipe is gone.
    const closed = once(npm, "close");
    for await (const line of createInterface({ input: npm.stdout })) {
      const { msg, pid } = JSON.parse(line) as { msg: string; pid: number };
      if (msg === "ready") {
        npm.stdout.resume();
        return { npm, pid, closed };
      }
    }
    throw new Error("the node did not start");
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`end the daemon on ${signal}`, async () => {
      const { npm, pid, closed } = await startNode();
      npm.kill(signal);
      await closed;
      expect(() => process.kill(pid, 0)).to.throw(/ESRCH/);
    });
  }

  it("take paths as the caller has them", async () => {
    const caller = join(folder, "caller");
    await mkdir(caller);
    await writeFile(join(caller, "file"), "some bytes");
    const args = [
      "run",
      "-s",
      "--prefix",
      ROOT,
      "holdfast",
      "--",
      "root",
      "file",
      "--profile",
      "tiny",
      "--json",
    ];
    const npm = spawn("npm", args, { cwd: caller, env: cleanEnv(), stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([text(npm.stdout), text(npm.stderr), once(npm, "close")]);
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.include({ bytes: 10 });
  });
});
