// Reading from replicas that fail.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { commitFile } from "../../client/app/segments.ts";
import { createApp, type App, type AppOptions } from "../../client/app.ts";
import type { Chain } from "../../client/chain.ts";
import { readObject, type StoredObject } from "../../client/object.ts";
import { present } from "../../evidence/world/present.ts";
import type { Pace } from "../../net/pace.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { errorOf } from "../helpers/errors.ts";

const REGISTRY = `0x${"12".repeat(20)}`;
const AUDITS = `0x${"3b".repeat(20)}`;
/** Accepts even very slow machines. */
const PATIENT: Pace = { bytesPerSecond: 1, graceMs: 60_000 };

describe("client: reading a file back", () => {
  let folder: string;
  let content: Buffer;
  let object: StoredObject;
  let servers: Server[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-app-"));
    content = randomBytes(200_000);
    const path = join(folder, "file");
    await writeFile(path, content);
    const { segments } = await commitFile(path, { profile: PROFILES.tiny, engine: referenceEngine });
    expect(segments).to.have.length(2);
    object = {
      version: 1,
      name: "file",
      bytes: content.length,
      profile: "tiny",
      chainId: "31337",
      audits: AUDITS,
      bucket: 1,
      sha256: createHash("sha256").update(content).digest("hex"),
      segments: segments.map(({ root, leaves, bytes, sha256 }) => ({ root, leaves, bytes, sha256 })),
      replicas: [1, 2, 3].map((vNode) => ({ vNode, epochs: 5, serials: [0, 1] })),
    };
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    servers = [];
  });
  afterEach(() => servers.forEach((server) => server.close().closeAllConnections()));

  type Serve = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => void;

  const bytesOf = (url = ""): Buffer => {
    const index = object.segments.findIndex(({ root }) => url.endsWith(root.slice(2)));
    const first = object.segments.slice(0, index).reduce((sum, { bytes }) => sum + bytes, 0);
    return content.subarray(first, first + present(object.segments[index]).bytes);
  };
  const from = ({ headers }: IncomingMessage): number =>
    Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const honest: Serve = (request, response, bytes) => {
    response.writeHead(from(request) > 0 ? 206 : 200).end(bytes.subarray(from(request)));
  };
  /** Serves half of the remaining bytes, and then breaks off. */
  const breaksOff: Serve = (request, response, bytes) => {
    const rest = bytes.subarray(from(request));
    response.writeHead(from(request) > 0 ? 206 : 200, { "content-length": rest.length });
    response.write(rest.subarray(0, rest.length / 2), () => response.destroy());
  };
  const corrupt: Serve = (request, response, bytes) =>
    honest(request, response, Buffer.alloc(bytes.length, 1));
  const refuses: Serve = (_request, response) => {
    const error = { code: "unauthorized", message: "not you", details: {} };
    response.writeHead(403).end(JSON.stringify({ error }));
  };

  /** Replica i is served by serve[i]. */
  const appWith = (...serve: Serve[]): Promise<App> => appOf({}, ...serve);
  async function appOf(options: Partial<AppOptions>, ...serve: Serve[]): Promise<App> {
    const urls: string[] = [];
    for (const one of serve) {
      const server = createServer((request, response) => {
        one(request, response, request.url === "/status" ? Buffer.alloc(0) : bytesOf(request.url));
      });
      servers.push(server.listen(0, "127.0.0.1"));
      await once(server, "listening");
      urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    const chain = {
      chainId: 31337n,
      addresses: { registry: REGISTRY, audits: AUDITS },
      sign: () => Promise.resolve("0x"),
      read: (_contract: string, method: string, [id]: [bigint]) =>
        Promise.resolve(method === "state" ? { node: id } : { url: urls[Number(id) - 1] }),
    } as unknown as Chain;
    return createApp({
      chain,
      engine: referenceEngine,
      allowPrivateNodes: true,
      answerMs: 1_000,
      paces: [PATIENT, PATIENT],
      ...options,
    });
  }

  const out = (): string => join(folder, "out");
  const read = async (app: App): Promise<void> => {
    await app.get(object, out());
    expect((await readFile(out())).equals(content)).to.equal(true);
    await rm(out());
  };
  const leftovers = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name !== "file");

  it("gets it from a replica that serves it", async () => {
    await read(await appWith(honest, refuses, refuses));
  });

  it("goes on at another replica where one broke off", async () => {
    const ranges: (string | undefined)[] = [];
    const counting: Serve = (request, response, bytes) => {
      ranges.push(request.headers.range);
      honest(request, response, bytes);
    };
    await read(await appWith(breaksOff, counting, refuses));
    // It is also asked first for the next segment.
    expect(ranges.map((range) => range !== undefined)).to.deep.equal([true, false]);
  });

  it("starts over at another replica after wrong bytes", async () => {
    await read(await appWith(corrupt, honest, refuses));
  });

  it("starts over when the bytes that one replica broke off with were wrong", async () => {
    const wrongHalf: Serve = (request, response, bytes) =>
      breaksOff(request, response, Buffer.alloc(bytes.length, 1));
    await read(await appWith(wrongHalf, honest, refuses));
  });

  it("leaves nothing behind if no replica serves it, and says why each did not", async () => {
    const error = await errorOf((await appWith(refuses, corrupt, refuses)).get(object, out()));
    expect(error).to.include({ code: "unreachable" });
    expect(error.message)
      .to.match(/node 1 refuses: not you/)
      .and.match(/node 2 serves other bytes/);
    expect(await leftovers()).to.deep.equal([]);
  });

  it("refuses more bytes than there should be", async () => {
    const more: Serve = (request, response, bytes) =>
      honest(request, response, Buffer.concat([bytes, Buffer.alloc(1)]));
    const error = await errorOf((await appWith(more, more, more)).get(object, out()));
    expect(error.message).to.match(/serves more bytes than the segment has/);
  });

  /** Sends `part` again and again until the reader closes the connection. */
  const drip = (response: ServerResponse, part: Uint8Array): void => {
    const timer = setInterval(() => response.write(part), 10);
    response.on("close", () => clearInterval(timer));
  };
  const drips: Serve = (_request, response, bytes) => {
    response.writeHead(200, { "content-length": bytes.length });
    drip(response, Buffer.alloc(1));
  };
  const silent: Serve = () => undefined;
  const endlessError: Serve = (_request, response) => {
    response.writeHead(500);
    drip(response, Buffer.alloc(1 << 20));
  };
  const dripsError: Serve = (_request, response) => {
    response.writeHead(500);
    drip(response, Buffer.alloc(1));
  };

  for (const [what, bad] of Object.entries({ drips, silent, endlessError, dripsError }))
    it(`goes on at another replica where one is of no use: ${what}`, async () => {
      const paces = [{ bytesPerSecond: 20_000, graceMs: 500 }, PATIENT];
      await read(await appOf({ paces }, bad, honest, honest));
    });

  it("asks a replica that was slow last, from then on", async () => {
    const asked: number[] = [];
    const counting =
      (id: number, serve: Serve): Serve =>
      (...args) => {
        asked.push(id);
        serve(...args);
      };
    const paces = [{ bytesPerSecond: 20_000, graceMs: 500 }, PATIENT];
    await read(await appOf({ paces }, counting(1, drips), counting(2, honest), counting(3, honest)));
    expect(asked.filter((id) => id === 1)).to.deep.equal([1]);
    expect(asked.length).to.be.greaterThan(2);
  });

  it("puts up with slowness if all are slow", async () => {
    const slow: Serve = (request, response, bytes) =>
      void setTimeout(() => honest(request, response, bytes), 50);
    const paces = [{ bytesPerSecond: 1, graceMs: 5 }, PATIENT];
    await read(await appOf({ paces }, slow, slow, slow));
  });

  it("ends when told to, also in the middle of an answer", async () => {
    const ending = new AbortController();
    const asked = Promise.withResolvers<undefined>();
    const serve: Serve = (request, response, bytes) => {
      drips(request, response, bytes);
      asked.resolve(undefined);
    };
    const app = await appOf({ signal: ending.signal, paces: [PATIENT] }, serve, serve, serve);
    const got = errorOf(app.get(object, out()));
    await asked.promise;
    ending.abort();
    expect((await got).name).to.equal("AbortError");
    expect(await leftovers()).to.deep.equal([]);
  });

  it("calls no private address unless it is told to", async () => {
    let calls = 0;
    const count: Serve = () => {
      calls++;
    };
    const app = await appOf({ allowPrivateNodes: undefined }, count, count, count);
    const error = await errorOf(app.get(object, out()));
    expect(error.message).to.match(
      /127.0.0.1, a private address: on a local network give --allow-private-nodes/,
    );
    const [status] = await app.status({ ...object, replicas: [{ vNode: 1, epochs: 1, serials: [] }] });
    expect(status?.problem).to.match(/a private address/);
    expect(calls).to.equal(0);
  });

  for (const [what, serve, reachable] of [
    ["is silent", silent, false],
    [
      "sends an endless answer",
      (_request, response) => drip(response.writeHead(200), Buffer.alloc(1 << 20)),
      false,
    ],
    ["drips an answer", (_request, response) => drip(response.writeHead(200), Buffer.alloc(1)), false],
    ["sends an endless error", endlessError, true],
    ["drips an error", dripsError, true],
  ] as [string, Serve, boolean][])
    it(`says in time how a node does that ${what}`, async () => {
      const app = await appOf({ answerMs: 100 }, serve);
      const [status] = await app.status({ ...object, replicas: [{ vNode: 1, epochs: 1, serials: [] }] });
      expect(status?.reachable).to.equal(reachable);
    });

  it("refuses a manifest whose SHA-256 is not the file's", async () => {
    const altered = { ...object, sha256: "0".repeat(64) };
    const error = await errorOf((await appWith(honest, honest, honest)).get(altered, out()));
    expect(error).to.include({ code: "corrupt" });
    expect(await leftovers()).to.deep.equal([]);
  });

  it("refuses a manifest of another deployment", async () => {
    const error = await errorOf((await appWith(honest)).get({ ...object, chainId: "1" }, out()));
    expect(error.message).to.match(/is stored in the deployment .* on chain 1, not in/);
  });

  it("takes a manifest with a byte order mark, and an address in any case", async () => {
    const path = join(folder, "manifest");
    const upper = { ...object, audits: `0x${object.audits.slice(2).toUpperCase()}` };
    await writeFile(path, `\uFEFF${JSON.stringify(upper)}`);
    expect(await readObject(path)).to.deep.equal(upper);
    await rm(path);
    const app = await appWith(honest, honest, honest);
    expect(await app.get(upper, out())).to.include({ bytes: content.length });
    await rm(out());
  });

  it("refuses files that are no manifests", async () => {
    expect((await errorOf(readObject(join(folder, "none")))).message).to.match(/there is no manifest/);
    expect((await errorOf(readObject(join(folder, "file")))).message).to.match(/is not a manifest/);
  });
});
