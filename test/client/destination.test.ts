// Where a file is read back to: a plain file appears complete or not at all, and anything else stays what it is.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { destinationOf } from "../../client/app/destination.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

const CONTENT = "what was stored";

describe("client: where a file is read back to", () => {
  const folder = useFolder();
  const at = (name: string): string => join(folder(), name);
  const write = async (path: string, content = CONTENT): Promise<string> =>
    (await destinationOf(path)).write(async (file) => {
      await file.write(content, 0);
      return "done";
    });
  const failing = async (path: string): Promise<Error> =>
    errorOf(
      (await destinationOf(path)).write(async (file) => {
        await file.write("half", 0);
        throw new Error("no replica serves it");
      }),
    );
  const refusal = async (path: string): Promise<string> => {
    const { code, message } = await holdfastErrorOf(write(path));
    return `${code}: ${message}`;
  };

  it("is a new file, which is there when it is whole", async () => {
    await failing(at("out"));
    expect(await readdir(folder())).to.deep.equal([]);
    expect(await write(at("out"))).to.equal("done");
    expect(await readFile(at("out"), "utf8")).to.equal(CONTENT);
    expect(await readdir(folder())).to.deep.equal(["out"]);
  });

  it("is a file with the longest name there can be", async () => {
    await write(at("n".repeat(255)));
    expect(await refusal(at("n".repeat(256)))).to.match(/^bad-input: .* the name is too long/);
  });

  it("replaces a plain file, keeps its permissions, and leaves it as it is if anything fails", async () => {
    await writeFile(at("out"), "older", { mode: 0o600 });
    await failing(at("out"));
    expect(await readFile(at("out"), "utf8")).to.equal("older");
    await write(at("out"));
    expect(await readFile(at("out"), "utf8")).to.equal(CONTENT);
    expect((await stat(at("out"))).mode & 0o777).to.equal(0o600);
  });

  it("refuses a read-only file, a folder, and what is in none or in a file", async () => {
    await writeFile(at("out"), "older");
    await chmod(at("out"), 0o444);
    expect(await refusal(at("out"))).to.match(/^io: .*is read-only/);
    expect(await readFile(at("out"), "utf8")).to.equal("older");
    await mkdir(at("dir"));
    expect(await refusal(at("dir"))).to.match(/^bad-input: .*dir is a folder: name a file/);
    expect(await refusal(at("dir/"))).to.match(/^bad-input: .*is not the name of a file/);
    expect(await refusal("")).to.match(/^bad-input: "" is not the name of a file/);
    expect(await refusal(at("none/out"))).to.match(/^not-found: .*there is no such file or folder/);
    expect(await refusal(at("out/out"))).to.match(/^bad-input: .*part of the path is not a folder/);
    expect((await readdir(folder())).toSorted()).to.deep.equal(["dir", "out"]);
  });

  it("is what a link leads to, and the link stays", async () => {
    await writeFile(at("real"), "older");
    await symlink("real", at("link"));
    await write(at("link"));
    expect(await readlink(at("link"))).to.equal("real");
    expect(await readFile(at("real"), "utf8")).to.equal(CONTENT);
    await symlink("nowhere", at("dangling"));
    expect(await refusal(at("dangling"))).to.match(/^bad-input: .*leads nowhere/);
    await symlink("loop", at("loop"));
    expect(await refusal(at("loop"))).to.match(/^bad-input: .*leads nowhere/);
    await mkdir(at("dir"));
    await symlink("dir", at("to-dir"));
    expect(await refusal(at("to-dir"))).to.match(/is a folder/);
  });

  it("keeps the other names of a file", async () => {
    await writeFile(at("one"), "older and longer than what is read back");
    await link(at("one"), at("other"));
    await write(at("one"));
    expect(await readFile(at("other"), "utf8")).to.equal(CONTENT);
    expect((await stat(at("one"))).nlink).to.equal(2);
  });

  it("is a pipe, whose reader gets all of it", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const reader = spawn("cat", [at("pipe")], { stdio: ["ignore", "pipe", "inherit"] });
    const read = text(reader.stdout);
    await write(at("pipe"));
    expect(await read).to.equal(CONTENT);
    expect((await lstat(at("pipe"))).isFIFO()).to.equal(true);
    expect(await readdir(folder())).to.deep.equal(["pipe"]);
  });

  it("is a device, which stays one", async () => {
    await write("/dev/null");
    expect((await lstat("/dev/null")).isCharacterDevice()).to.equal(true);
    expect(await refusal("/dev/full")).to.match(
      /^disk-full: \/dev\/full cannot be written: the disk is full/,
    );
  });

  it("is no socket", async () => {
    const server = createServer().listen(at("socket"));
    await once(server, "listening");
    expect(await refusal(at("socket"))).to.match(/is a socket/);
    server.close();
  });
});
