// A local network that is ended early leaves nothing behind: neither processes nor folders with keys.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { useFolder } from "../helpers/folder.ts";

const RUN = join(import.meta.dirname, "..", "..", "client", "devnet", "run.ts");

describe("client: a local network that is ended early", function () {
  this.timeout(60_000);
  const folder = useFolder();

  /** Runs a network until it starts its first processes, then executes `what`. Resolves when all processes have ended. */
  async function endedBy(what: string): Promise<string[]> {
    const program = `
      const { runDevnet } = await import(${JSON.stringify(RUN)});
      const ending = new AbortController();
      const log = (line) => { if (line.startsWith("starting")) ${what} };
      const options = { file: ${JSON.stringify(RUN)}, profile: "tiny", epochSeconds: 18, keep: false, log };
      await runDevnet({ ...options, signal: ending.signal });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...process.env, TMPDIR: folder() },
      stdio: ["ignore", "ignore", "ignore"],
    });
    await once(child, "close");
    return (await readdir(folder())).filter((name) => name.startsWith("holdfast-"));
  }

  it("removes its folder on a signal", async () => {
    expect(await endedBy("setImmediate(() => ending.abort());")).to.deep.equal([]);
  });

  it("removes it on a second signal too, which ends it at once", async () => {
    const twice = "setImmediate(() => { ending.abort(); process.exit(130); });";
    expect(await endedBy(twice)).to.deep.equal([]);
  });
});
