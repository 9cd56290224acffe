// Large files: an interrupted download continues where it stopped, and the file gets its name only when it is complete.
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { download } from "../../keys/ceremony/download.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (7 * i) % 251));

describe("client: download", () => {
  const folder = useFolder();
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  let url: string;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/powers.ptau`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => void ranges.splice(0));
  const file = (): string => join(folder(), "powers.ptau");

  /** Serves from the requested byte on, and breaks off after `bytes` bytes. */
  const serve =
    (bytes = Infinity): typeof answer =>
    ({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "bytes=0-")?.[1]);
      if (from >= CONTENT.length) return void response.writeHead(416).end();
      response.writeHead(from > 0 ? 206 : 200, { "content-length": CONTENT.length - from });
      const part = CONTENT.subarray(from, from + bytes);
      response.write(part, () => (from + part.length < CONTENT.length ? response.destroy() : response.end()));
    };

  it("takes the whole file and reports progress to the end", async () => {
    answer = serve();
    const seen: number[] = [];
    await download(url, file(), { progress: (fraction) => seen.push(fraction) });
    expect((await readFile(file())).equals(CONTENT)).to.equal(true);
    expect(seen.at(-1)).to.equal(1);
    expect(await readdir(folder())).to.deep.equal(["powers.ptau"]);
    await download(url, file());
    expect(ranges).to.have.length(1);
  });

  it("goes on where it broke off", async () => {
    answer = serve(30_000);
    const error = await holdfastErrorOf(download(url, file()));
    expect(error).to.include({ code: "unreachable" });
    expect(error.message).to.include("continue where it stopped");
    expect(await readdir(folder())).to.deep.equal(["powers.ptau.partial"]);
    const { length } = await readFile(`${file()}.partial`);
    answer = serve();
    await download(url, file());
    expect(ranges).to.deep.equal([undefined, length === 0 ? undefined : `bytes=${length}-`]);
    expect((await readFile(file())).equals(CONTENT)).to.equal(true);
  });

  it("begins anew with a server that cannot go on, and needs nothing more for what is whole", async () => {
    await writeFile(`${file()}.partial`, CONTENT.subarray(5, 25_000));
    answer = (_, response) => void response.writeHead(200, { "content-length": CONTENT.length }).end(CONTENT);
    await download(url, file());
    expect((await readFile(file())).equals(CONTENT)).to.equal(true);
    await rename(file(), `${file()}.partial`);
    answer = serve();
    await download(url, file());
    expect((await readFile(file())).equals(CONTENT)).to.equal(true);
  });

  it("says what the server answers, and ends on abort", async () => {
    answer = (_, response) => void response.writeHead(404).end();
    expect((await holdfastErrorOf(download(url, file()))).message).to.include("status 404");
    const signal = AbortSignal.abort();
    expect((await errorOf(download(url, file(), { signal }))).name).to.equal("AbortError");
    expect(await readdir(folder())).to.deep.equal([]);
  });
});
