// The local relay: what it serves, what it refuses, its key file, and the process around it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { createDrandClient, fetchDrandChain } from "../../drand/client.ts";
import { createRelay, drawRelaySecret, loadRelaySecret, type Relay } from "../../drand/relay.ts";
import { roundTime, verifyRound } from "../../drand/rounds.ts";
import { P } from "../../protocol/field.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const options = { secret: 77n, genesis: 1000, period: 3 };

describe("verifier: relay", () => {
  let now: number;
  let relay: Relay;
  beforeEach(() => {
    now = 1000;
    relay = createRelay(options, { clock: () => now });
  });
  afterEach(() => relay.close());

  const get = async (url: string) => {
    const response = await relay.app.inject(url);
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };

  it("serves a round from its second on, and no second before", async () => {
    now = roundTime(5, relay.chain) - 0.001;
    expect((await get("/public/5")).status).to.equal(404);
    expect((await get("/public/latest")).body.round).to.equal(4);

    now = roundTime(5, relay.chain);
    const { status, body } = await get("/public/5");
    expect(status).to.equal(200);
    expect(body).to.deep.equal((await get("/public/latest")).body);
    const signature = Uint8Array.from(Buffer.from(String(body.signature), "hex"));
    expect(verifyRound(relay.chain.publicKey, 5, signature)).to.equal(true);
  });

  it("has no round before its first", async () => {
    now = 999;
    expect((await get("/public/latest")).status).to.equal(404);
    expect((await get("/public/1")).status).to.equal(404);
    now = 1000;
    expect((await get("/public/latest")).body.round).to.equal(1);
  });

  for (const round of ["0", "-1", "01", "1.5", "1e3", "x", "%20", "9999999999999999"]) {
    it(`refuses the round ${round}`, async () => {
      expect((await get(`/public/${round}`)).status).to.equal(400);
    });
  }

  it("refuses a round far ahead", async () => {
    expect((await get("/public/999999999999999")).status).to.equal(404);
  });

  it("serves the same under its hash, as drand's relays do", async () => {
    const { body } = await get("/info");
    expect((await get(`/${String(body.hash)}/info`)).body).to.deep.equal(body);
    expect((await get(`/${String(body.hash)}/public/1`)).body).to.deep.equal((await get("/public/1")).body);
  });

  it("answers the client over HTTP", async () => {
    now = 2000;
    const url = await relay.listen({ port: 0 });
    const chain = await fetchDrandChain(url);
    expect(chain).to.deep.equal(relay.chain);
    const { round, randomness } = await createDrandClient({ urls: [url], publicKey: chain.publicKey }).round(
      7,
    );
    expect(round).to.equal(7);
    expect(randomness.slice(2)).to.equal((await get("/public/7")).body.randomness);
  });

  it("listens on loopback addresses only", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.0.1", "example.org"]) {
      const error = await holdfastErrorOf(relay.listen({ port: 0, host }));
      expect(error.code).to.equal("bad-input");
    }
  });

  it("refuses malformed times", () => {
    for (const wrong of [{ period: 0 }, { period: 1.5 }, { genesis: 0 }, { genesis: NaN }]) {
      expect(() => createRelay({ ...options, ...wrong })).to.throw(RangeError);
    }
  });

  describe("key file", () => {
    let folder: string;
    let path: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "holdfast-relay-"));
      path = join(folder, "key");
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("is drawn once, for its owner alone, and read again", async () => {
      const secret = await loadRelaySecret(path);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect(await loadRelaySecret(path)).to.equal(secret);
    });

    it("is refused while others can read it", async () => {
      await loadRelaySecret(path);
      for (const mode of [0o640, 0o604, 0o666]) {
        await chmod(path, mode);
        const error = await holdfastErrorOf(loadRelaySecret(path));
        expect(error.code).to.equal("key");
        expect(error.message).to.include("chmod 600");
      }
    });

    for (const [name, text] of Object.entries({
      nothing: "",
      "63 digits": "1".repeat(63),
      zero: "0".repeat(64),
      "the group's order": P.toString(16).padStart(64, "0"),
      words: "z".repeat(64),
    })) {
      it(`is refused if it holds ${name}`, async () => {
        await writeFile(path, text, { mode: 0o600 });
        expect((await holdfastErrorOf(loadRelaySecret(path))).code).to.equal("key");
        expect(await readFile(path, "utf8")).to.equal(text);
      });
    }

    it("is not needed: keys drawn on the spot differ", () => {
      expect(drawRelaySecret()).not.to.equal(drawRelaySecret());
    });
  });

  describe("process", () => {
    const start = (...args: string[]) =>
      spawn(process.execPath, [new URL("../../drand/relay-main.ts", import.meta.url).pathname, ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
    const firstLine = async (child: ReturnType<typeof start>): Promise<Record<string, unknown>> => {
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      return JSON.parse(line) as Record<string, unknown>;
    };

    it("says when it is ready, serves, and ends with 0 on SIGTERM", async () => {
      const child = start("--period", "1");
      try {
        const ready = await firstLine(child);
        expect(ready.msg).to.equal("ready");
        const chain = await fetchDrandChain(String(ready.url));
        expect(Buffer.from(chain.publicKey).toString("hex")).to.equal(ready.publicKey);
        expect(chain).to.include({ period: 1, genesis: ready.genesis });
        await createDrandClient({ urls: [String(ready.url)], publicKey: chain.publicKey }).round(1);
      } finally {
        child.kill("SIGTERM");
      }
      expect(await once(child, "exit")).to.deep.equal([0, null]);
    });

    it("ends with 1 and says why on bad options", async () => {
      for (const args of [
        ["--period", "x"],
        ["--period", "0"],
        ["--host", "0.0.0.0"],
        ["--key-file", "/dev/null"],
      ]) {
        const child = start(...args);
        const exit = once(child, "exit");
        expect((await firstLine(child)).level).to.equal(60);
        expect((await exit)[0]).to.equal(1);
      }
    });
  });
});
