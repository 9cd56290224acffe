// The installation uses a Node that accepts all optional packages, even if npm and the script run on another one.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { makeFolder } from "../helpers/folder.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/bootstrap.mjs");
const INSTALL = "ci --no-audit --no-fund --loglevel=error";

describe("scripts: bootstrap", () => {
  let root: string;
  beforeEach(async () => {
    root = await makeFolder();
    for (const folder of ["scripts", "bin", "node_modules/.bin"])
      await mkdir(join(root, folder), { recursive: true });
    await copyFile(SCRIPT, join(root, "scripts", "bootstrap.mjs"));
    await writeFile(join(root, "package-lock.json"), "{}");
    await stub("node_modules/.bin/node", "");
  });
  afterEach(() => rm(root, { recursive: true }));

  async function install(packages: readonly string[]): Promise<void> {
    await writeFile(join(root, "node_modules", ".package-lock.json"), "{}");
    for (const name of packages)
      await mkdir(join(root, "node_modules", "@nomicfoundation", name), { recursive: true });
  }

  /** Makes a command that records its arguments, and then executes `then`. */
  async function stub(path: string, then: string): Promise<void> {
    const said = `echo "\${0##*/} $*" >> "${join(root, "calls")}"`;
    await writeFile(join(root, path), `#!/bin/sh\n${said}\n${then}\n`);
    await chmod(join(root, path), 0o755);
  }

  async function calls(npm: string): Promise<string[]> {
    await stub("bin/npm", npm);
    await stub("bin/npx", "");
    const PATH = [join(root, "bin"), process.env["PATH"]].join(delimiter);
    const script = join(root, "scripts", "bootstrap.mjs");
    const { status } = spawnSync(process.execPath, [script, "tiny"], { env: { ...process.env, PATH } });
    expect(status).to.equal(0);
    return (await readFile(join(root, "calls"), "utf8")).trim().split("\n");
  }
  const prepares = (): string => `node ${join(root, "scripts", "prepare.ts")} tiny`;
  const npmOn = (node: string): string => `echo '{ "npm": "11.0.0", "node": "${node}" }'`;

  for (const node of ["22.13.0", "24.0.0"]) {
    it(`installs with npm if that runs on Node ${node}`, async () => {
      expect(await calls(npmOn(node))).to.deep.equal(["npm version --json", `npm ${INSTALL}`, prepares()]);
    });
  }

  for (const [what, npm] of [
    ["npm runs on Node 20", npmOn("20.20.2")],
    ["npm runs on Node 22.12", npmOn("22.12.0")],
    ["npm does not say what it runs on", "exit 1"],
  ] as const) {
    it(`installs with a Node of its own if ${what}`, async () => {
      const install = `npx -y -p node@24 npm ${INSTALL}`;
      expect(await calls(npm)).to.deep.equal(["npm version --json", install, prepares()]);
    });
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Waits in Node: a shell would inherit ignored signals from the test runner.
    const waits = `exec "${process.execPath}" -e 'console.log(process.pid); setTimeout(() => {}, 1e6)'`;
    for (const [what, npm, node] of [
      ["the installation", `[ "$1" = ci ] && ${waits}; ${npmOn("24.0.0")}`, ""],
      ["the preparation", npmOn("24.0.0"), waits],
    ] as const) {
      it(`ends ${what} on ${signal}`, async () => {
        await stub("bin/npm", npm);
        await stub("node_modules/.bin/node", node);
        const PATH = [join(root, "bin"), process.env["PATH"]].join(delimiter);
        const script = join(root, "scripts", "bootstrap.mjs");
        const child = spawn(process.execPath, [script, "tiny"], {
          env: { ...process.env, PATH },
          stdio: ["ignore", "pipe", "ignore"],
        });
        const closed = once(child, "close");
        let pid = 0;
        for await (const line of createInterface({ input: child.stdout })) {
          pid = Number(line);
          if (pid > 0) break;
        }
        child.kill(signal);
        const [status] = (await closed) as [number | null];
        expect(status).not.to.equal(0);
        expect(() => process.kill(pid, 0)).to.throw(/ESRCH/);
      });
    }
  }

  it("installs nothing where what is installed is as new as the lockfile", async () => {
    await install(["edr", "edr-linux-x64-gnu"]);
    expect(await calls(npmOn("20.20.2"))).to.deep.equal([prepares()]);
  });

  it("installs again where an older Node's npm has left native packages out", async () => {
    await install(["edr"]);
    expect(await calls(npmOn("24.0.0"))).to.deep.equal(["npm version --json", `npm ${INSTALL}`, prepares()]);
  });
});
