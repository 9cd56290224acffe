// Building the WebAssembly hash: once, and again when what was built is not what it was.
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { prepareProver, prepareWasm } from "../../wasm/prepare.ts";

const FILES = ["hash.wasm", "hash-unfused.wasm", "hash.json"];

describe("circuits: prepareWasm", () => {
  let build: string;
  let lines: string[];
  beforeEach(async () => {
    build = await mkdtemp(join(tmpdir(), "holdfast-wasm-"));
    const made = dirname(await prepareWasm());
    for (const file of FILES) await cp(join(made, file), join(build, file));
    lines = [];
  });
  afterEach(() => rm(build, { recursive: true }));

  const prepare = (): Promise<string> => prepareWasm({ build, log: (line) => void lines.push(line) });
  const read = (): Promise<Buffer[]> => Promise.all(FILES.map((file) => readFile(join(build, file))));

  it("builds nothing while what is there is whole", async () => {
    expect(await prepare()).to.equal(join(build, "hash.wasm"));
    expect(lines).to.deep.equal([]);
  });

  for (const { name, damage } of [
    { name: "a module was cut short", damage: () => truncate(join(build, "hash-unfused.wasm"), 1000) },
    { name: "the record is of another source", damage: () => forgetSource(join(build, "hash.json")) },
  ]) {
    it(`builds the same again when ${name}`, async function () {
      this.timeout(60_000);
      const whole = await read();
      await damage();
      await prepare();
      expect(lines).to.deep.equal(["compiling the hash to WebAssembly"]);
      expect(await read()).to.deep.equal(whole);
      await prepare();
      expect(lines.length).to.equal(1);
    });
  }

  it("keeps another record for the prover", async () => {
    const made = dirname(await prepareProver());
    for (const file of ["prover.wasm", "prover.json"]) await cp(join(made, file), join(build, file));
    await rm(join(build, "hash.json"));
    const options = { build, log: (line: string) => void lines.push(line) };
    expect(await prepareProver(options)).to.equal(join(build, "prover.wasm"));
    expect(lines).to.deep.equal([]);
  });
});

async function forgetSource(record: string): Promise<void> {
  const made = JSON.parse(await readFile(record, "utf8")) as { madeFrom: string };
  await writeFile(record, JSON.stringify({ ...made, madeFrom: "0".repeat(64) }));
}
