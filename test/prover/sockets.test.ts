// Open connections, and the requests that they must not keep out.
import { Readable } from "node:stream";
import { expect } from "chai";
import type { FastifyInstance } from "fastify";
import { addresses, affordable, descriptorLimit, networkOf } from "../../prover/sockets.ts";
import { createFakeChain, STRANGER, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";
import {
  authorization,
  bytes,
  data,
  readPath,
  requestsTo,
  startServer,
  uploadPath,
  type Limits,
  type RunningServer,
} from "../helpers/node-server.ts";
import { connectRaw, type RawConnection } from "../helpers/raw-connection.ts";

describe("prover: sockets", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let server: RunningServer;
  let app: FastifyInstance;

  async function start(limits?: Limits): Promise<void> {
    server = await startServer(folder(), chain, limits);
    ({ app } = server);
  }
  beforeEach(() => {
    chain = createFakeChain();
  });
  afterEach(() => server.stop());
  const { put } = requestsTo(() => app);

  async function hold(count: number, localAddress?: string): Promise<RawConnection[]> {
    const held: RawConnection[] = [];
    for (let i = 0; i < count; i++) held.push(await connectRaw(app, localAddress));
    return held;
  }
  /** Whether an answer comes over a new connection. */
  async function answers(localAddress?: string, path = "/readyz"): Promise<boolean> {
    const connection = await connectRaw(app, localAddress);
    connection.send("GET", path, { connection: "close" });
    return (await connection.ended).startsWith("HTTP/1.1 200 ");
  }
  const openAtServer = (): Promise<number> =>
    new Promise((resolve, reject) => {
      app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });

  it("make room for others when there are too many, the oldest first", async () => {
    await start({ maxConnections: 5 });
    const held = await hold(20);
    for (let i = 0; i < 10; i++) expect(await answers()).to.equal(true);
    await Promise.all(held.slice(0, 15).map(({ ended }) => ended));
    expect(await openAtServer()).to.be.at.most(5);
  });

  it("make room first where most are from one address", async () => {
    await start({ maxConnections: 5, connectionsPerAddress: 4 });
    const [quiet] = await hold(1, "127.0.0.3");
    const many = await hold(4, "127.0.0.2");
    expect(await answers("127.0.0.4")).to.equal(true);
    await many[0]?.ended;
    quiet?.send("GET", "/healthz");
    await quiet?.says(/^HTTP\/1.1 200 /);
  });

  it("are so many from one address, and any number from the operator's", async () => {
    await start({ connectionsPerAddress: 3 });
    const many = await hold(5, "127.0.0.2");
    await Promise.all(many.slice(0, 2).map(({ ended }) => ended));
    expect(await answers("127.0.0.2")).to.equal(true);
    const own = await hold(8);
    for (const connection of own) {
      connection.send("GET", "/healthz");
      await connection.says(/^HTTP\/1.1 200 /);
    }
  });

  describe("over which something is done that is allowed", () => {
    let goOn: PromiseWithResolvers<undefined>;
    beforeEach(async () => {
      await start({ maxConnections: 3, connectionsPerAddress: 3 });
      await put(uploadPath(), data);
      goOn = Promise.withResolvers();
    });

    /** Its answer waits. */
    async function read(localAddress: string): Promise<RawConnection> {
      const asked = Promise.withResolvers<undefined>();
      async function* slowly(): AsyncGenerator<Uint8Array> {
        asked.resolve(undefined);
        await goOn.promise;
        yield data;
      }
      server.store.read = () => Promise.resolve(Readable.from(slowly(), { objectMode: false }));
      const reader = await connectRaw(app, localAddress);
      reader.send("GET", readPath, { authorization: await authorization({ path: readPath }) });
      await asked.promise;
      return reader;
    }

    it("are kept while there are others", async () => {
      const reader = await read("127.0.0.2");
      await hold(10, "127.0.0.3");
      await hold(10, "127.0.0.2");
      goOn.resolve(undefined);
      await reader.says(/^HTTP\/1.1 200 /);
      reader.socket.destroy();
    });

    it("make room if all only read, the oldest first", async () => {
      const [first, second] = [await read("127.0.0.2"), await read("127.0.0.2"), await read("127.0.0.2")];
      expect(await answers()).to.equal(true);
      await first.ended;
      goOn.resolve(undefined);
      await second.says(/^HTTP\/1.1 200 /);
    });

    it("do not make room while they bring something", async () => {
      const begun = Promise.withResolvers<undefined>();
      const receive = server.store.receive.bind(server.store);
      server.store.receive = (...args) => {
        begun.resolve(undefined);
        return receive(...args);
      };
      const writer = await connectRaw(app, "127.0.0.2");
      writer.send("PUT", uploadPath(), {
        authorization: await authorization({ method: "PUT", path: uploadPath(), body: data }),
        "content-type": "application/octet-stream",
        "content-length": String(bytes),
      });
      await begun.promise;
      await read("127.0.0.3");
      await read("127.0.0.4");
      expect(await answers("127.0.0.2")).to.equal(true);
      await hold(5, "127.0.0.5");
      writer.socket.write(data);
      await writer.says(/^HTTP\/1.1 200 /);
      goOn.resolve(undefined);
    });
  });

  it("end if nothing is said, or not to the end", async () => {
    await start({ patienceMs: 50 });
    const [silent] = await hold(1);
    const headers = await connectRaw(app);
    headers.socket.write("GET /healthz HTTP/1.1\r\nhost: node\r\nx: ");
    const drip = setInterval(() => headers.socket.write("x"), 10);
    await Promise.all([silent?.ended, headers.ended]);
    clearInterval(drip);
  });

  for (const [what, method, path, headers] of [
    ["an upload", "PUT", uploadPath(), { "content-type": "application/octet-stream" }],
    ["an order", "POST", "/v1/vnodes/7/acceptances", { "content-type": "application/json" }],
    [
      "the same, written otherwise",
      "POST",
      "/v1/%76nodes/7/acceptances",
      { "content-type": "application/json" },
    ],
  ] as const)
    it(`are told at once that ${what} is not authorized, and end`, async () => {
      await start({ patienceMs: 50 });
      const connection = await connectRaw(app);
      connection.send(method, path, { ...headers, "content-length": "9000" });
      await connection.says(/^HTTP\/1.1 401 /);
      const drip = setInterval(() => connection.socket.write("x"), 10);
      await connection.ended;
      clearInterval(drip);
    });

  it("end when a slow body goes to an unknown path, or is not what was announced", async () => {
    await start({ patienceMs: 50 });
    const nowhere = await connectRaw(app);
    nowhere.send("POST", "/nowhere", { "content-length": "9000", "content-type": "application/json" });
    await nowhere.says(/^HTTP\/1.1 404 /);
    const stranger = await connectRaw(app);
    const path = "/v1/vnodes/7/acceptances";
    stranger.send("POST", path, {
      authorization: await authorization({ method: "POST", path, signer: STRANGER }),
      "content-length": "9000",
      "content-type": "application/json",
    });
    const drip = setInterval(() => stranger.socket.write("x"), 10);
    await Promise.all([nowhere.ended, stranger.ended]);
    clearInterval(drip);
  });

  it("say why an upload is refused before they end", async () => {
    await start({ patienceMs: 1_000 });
    const connection = await connectRaw(app);
    const path = uploadPath();
    connection.send("PUT", path, {
      authorization: await authorization({ method: "PUT", path, body: data, signer: STRANGER }),
      "content-type": "application/octet-stream",
      "content-length": String(bytes),
    });
    connection.socket.write(data.subarray(0, 5_000));
    await connection.says(/^HTTP\/1.1 403 [^]*may not write/);
    connection.socket.destroy();
  });

  describe("and requests from one address", () => {
    const statusOf = async (remoteAddress: string, headers = {}, url = "/v1/node"): Promise<number> =>
      (await app.inject({ url, remoteAddress, headers })).statusCode;

    it("are limited, and those of a network of IPv6 together", async () => {
      await start({ requestsPerMinute: 2 });
      for (const address of ["8.8.8.8", "2606:4700::1", "::ffff:9.9.9.9"])
        expect([await statusOf(address), await statusOf(address)]).to.deep.equal([200, 200]);
      for (const address of ["8.8.8.8", "2606:4700::9", "9.9.9.9"])
        expect(await statusOf(address), address).to.equal(429);
      expect(await statusOf("2606:4700:0:1::1")).to.equal(200);
    });

    it("never keep the operator's probes out", async () => {
      await start({ requestsPerMinute: 1, operatorAddresses: ["127.0.0.1", "10.1.0.0/16"] });
      for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3"])
        for (let i = 0; i < 5; i++)
          for (const url of ["/readyz", "/healthz", "/status"])
            expect(await statusOf(address, {}, url)).to.equal(200);
      expect(await statusOf("127.0.0.1")).to.equal(200);
      expect(await statusOf("127.0.0.1")).to.equal(429);
    });

    it("are those of the client behind a proxy that is trusted, and of no other", async () => {
      await start({ requestsPerMinute: 1, trustedProxies: ["10.0.0.0/8"] });
      const from = (client: string): object => ({ "x-forwarded-for": client });
      for (const client of ["8.8.8.8", "9.9.9.9", "127.0.0.1, 7.7.7.7"])
        expect(await statusOf("10.0.0.1", from(client))).to.equal(200);
      expect(await statusOf("10.0.0.1", from("8.8.8.8"))).to.equal(429);
      expect(await statusOf("10.0.0.2", from("127.0.0.1, 7.7.7.7"), "/readyz")).to.equal(429);
      expect(await statusOf("11.0.0.1", from("1.2.3.4"))).to.equal(200);
      expect(await statusOf("11.0.0.1", from("127.0.0.1"), "/readyz")).to.equal(429);
    });
  });

  it("are as many as there are descriptors for, some of which are left for other things", async () => {
    await start();
    expect(affordable(512, 1024)).to.equal(448);
    expect(affordable(512, 100_000)).to.equal(512);
    expect(affordable(512, 64)).to.equal(1);
    expect(descriptorLimit()).to.be.greaterThan(128);
  });

  it("come from networks", async () => {
    await start();
    expect(networkOf("::ffff:8.8.8.8")).to.equal("8.8.8.8");
    expect(networkOf("2606:4700:1:2:3:4:5:6")).to.equal("2606:4700:1:2");
    expect(networkOf("2606:4700::")).to.equal("2606:4700:0:0");
    expect(networkOf("::1")).to.equal("0:0:0:0");
    expect(networkOf("fe80::1%eth0")).to.equal("fe80:0:0:0");
    const known = addresses(["10.0.0.0/8", "::1", "192.168.1.1"]);
    for (const address of ["10.9.9.9", "::1", "192.168.1.1", "::ffff:10.0.0.1"])
      expect(known.has(address), address).to.equal(true);
    for (const address of ["11.0.0.1", "::2", "192.168.1.2", "", "x"])
      expect(known.has(address), address).to.equal(false);
  });
});
