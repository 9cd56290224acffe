// What strangers, and customers who pay for little, can do to a node's interface.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { Wallet } from "ethers";
import type { FastifyInstance } from "fastify";
import { P, toHex32, type Hex } from "../../protocol/field.ts";
import { BUCKET, createFakeChain, OWNER, STRANGER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";
import {
  authorization,
  bytes,
  data,
  leaves,
  NOW,
  readPath,
  requestsTo,
  root,
  startServer,
  uploadPath,
  type Limits,
  type RunningServer,
} from "../helpers/node-server.ts";
import { connectRaw, type RawConnection } from "../helpers/raw-connection.ts";
import { testSegment } from "../helpers/segments.ts";

describe("prover: strangers", () => {
  const folder = useFolder();
  /** A writer with the same rights as the owner. */
  const writer = new Wallet(`0x${"77".repeat(32)}`);
  let chain: FakeChain;
  let server: RunningServer;
  let app: FastifyInstance;
  let balances: Map<string, bigint>;

  async function start(limits?: Limits): Promise<void> {
    server = await startServer(folder(), chain, limits);
    ({ app } = server);
  }
  async function restart(limits?: Limits): Promise<void> {
    await server.stop();
    await start(limits);
  }
  beforeEach(async () => {
    chain = createFakeChain();
    balances = new Map();
    chain.balance = (who) => Promise.resolve(balances.get(who) ?? chain.account);
    chain.mayWrite = (_bucket, who) => Promise.resolve([OWNER.address, writer.address].includes(who));
    await start();
  });
  afterEach(() => server.stop());
  const { put, post } = requestsTo(() => app);

  const filesLeft = async (): Promise<string[]> => [
    ...(await readdir(join(folder(), "incoming"))),
    ...(await readdir(join(folder(), "segments"))),
  ];
  /** An upload that begins and does not go on. */
  async function begin(
    signer: Wallet,
    { name = root, body = data }: { name?: Hex; body?: Uint8Array } = {},
  ): Promise<RawConnection> {
    const path = uploadPath(name.slice(2));
    const connection = await connectRaw(app);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const receive = server.store.receive.bind(server.store);
    server.store.receive = (...args) => {
      resolve(undefined);
      return receive(...args);
    };
    connection.send("PUT", path, {
      authorization: await authorization({ method: "PUT", path, body, signer }),
      "content-type": "application/octet-stream",
      "content-length": String(body.length),
    });
    connection.socket.write(body.subarray(0, 10));
    await Promise.race([promise, connection.says(/^HTTP/)]);
    server.store.receive = receive;
    return connection;
  }

  describe("uploading", () => {
    it("hold no place while the chain is asked what they may", async () => {
      await restart({ maxUploads: 1 });
      const mayWrite = chain.mayWrite.bind(chain);
      const asked = Promise.withResolvers<undefined>();
      chain.mayWrite = (bucket, who) => {
        if (who !== STRANGER.address) return mayWrite(bucket, who);
        asked.resolve(undefined);
        return new Promise(() => undefined);
      };
      void put(uploadPath(), data, { signer: STRANGER });
      await asked.promise;
      expect((await put(uploadPath(), data)).status).to.equal(201);
    });

    it("keep nobody else out, however many they begin", async () => {
      await restart({ maxUploads: 4 });
      const first = await begin(writer);
      const others = await Promise.all([begin(writer), begin(writer), begin(writer)]);
      for (const other of others) await other.says(/^HTTP\/1.1 503 /);
      expect((await put(uploadPath(), data)).status).to.equal(201);
      first.socket.destroy();
    });

    it("make room for who could pay more, and are told so", async () => {
      await restart({ maxUploads: 1 });
      balances.set(writer.address, 4n * BigInt(leaves));
      const poor = await begin(writer);
      expect((await put(uploadPath(), data)).status).to.equal(201);
      await poor.says(/^HTTP\/1.1 503 [^]*ended for an account that could pay more/);
      expect(await readdir(join(folder(), "incoming"))).to.deep.equal([]);
      poor.socket.destroy();
    });

    it("are cut off when their bytes come too slowly, and told so", async () => {
      await restart({ patienceMs: 50, uploadBytesPerSecond: 1e9 });
      const slow = await begin(OWNER);
      await slow.says(/^HTTP\/1.1 408 [^]*too slowly/);
      await slow.ended;
      expect(await filesLeft()).to.deep.equal([]);
      expect(server.store.usedBytes).to.equal(0);
    });

    it("keep no owner from uploading what they pretend to upload", async () => {
      const slow = await begin(writer);
      expect((await put(uploadPath(), data)).status).to.equal(201);
      slow.socket.destroy();
      expect(await server.store.check(root)).to.equal("whole");
    });

    it("store as much unpaid as they could pay for, and no more", async () => {
      chain.account = 4n * BigInt(leaves) + 3n;
      const other = testSegment(700, 9);
      const path = uploadPath(other.root.slice(2));
      const missing = 4n * BigInt(other.leaves) - 3n;
      expect((await put(uploadPath(), data)).status).to.equal(201);
      expect((await put(uploadPath(), data)).status).to.equal(200);
      const refused = await put(path, other.data);
      expect(refused).to.include({ status: 402, code: "funds" });
      expect(refused.message).to.include(`deposit ${missing} more`);
      await restart(); // and it is not forgotten
      expect((await put(path, other.data)).status).to.equal(402);
      expect((await put(path, other.data, { signer: writer })).status).to.equal(201);
      chain.store({ root, leaves });
      expect((await put(path, other.data)).status).to.equal(200);
    });

    it("store no more unpaid by uploading all of it at once", async () => {
      chain.account = 4n * BigInt(leaves) + 3n;
      const slow = await begin(OWNER);
      const other = testSegment(700, 9);
      expect((await put(uploadPath(other.root.slice(2)), other.data)).status).to.equal(402);
      slow.socket.destroy();
    });

    it("may upload a paid segment again, even without any balance", async () => {
      chain.store({ root, leaves });
      [chain.account, chain.capacity] = [0n, 0n];
      await restart();
      expect((await put(uploadPath(), data)).status).to.equal(201);
      expect(server.store.uploads.size).to.equal(0);
    });

    for (const [what, change, status] of [
      ["the node has no room", () => (chain.capacity = BigInt(leaves) - 1n), 507],
      ["its bond does not suffice", () => (chain.bond = 0n), 402],
      [
        "the vNode's directory is full",
        () => (chain.directory = () => Promise.resolve({ root: 0n, total: 1, count: 16 })),
        507,
      ],
    ] as const)
      it(`are told before they send a byte that ${what}`, async () => {
        change();
        const connection = await connectRaw(app);
        const path = uploadPath();
        connection.send("PUT", path, {
          authorization: await authorization({ method: "PUT", path, body: data }),
          "content-type": "application/octet-stream",
          "content-length": String(bytes),
        });
        await connection.says(new RegExp(`^HTTP/1.1 ${status} `));
        connection.socket.destroy();
      });
  });

  describe("asking for acceptances", () => {
    const accept = async (signer = OWNER): Promise<number> => {
      const order = { bucket: String(BUCKET), segments: [{ root, leaves }], epochs: "5" };
      return (await post(`/v1/vnodes/${VNODE}/acceptances`, order, { signer })).statusCode;
    };
    const extend = async (): Promise<number> =>
      (await post(`/v1/vnodes/${VNODE}/extensions`, { serial: 0, epochs: "5" })).statusCode;

    it("get no more than they could pay for sixteen times, until they use some", async () => {
      chain.account = 20n * BigInt(leaves);
      await put(uploadPath(), data);
      for (let i = 0; i < 16; i++) expect(await accept()).to.equal(200);
      expect(await accept()).to.equal(429);
      expect(await accept(writer)).to.equal(200);
      server.journal.useConsent(`store/${VNODE}/${BUCKET}/${root}/${leaves}/${4 * leaves}/5`, 1);
      expect(await accept()).to.equal(200);
      expect(await accept()).to.equal(429);
    });

    it("get no acceptance for a segment that has been here unpaid for days", async () => {
      chain.time = NOW;
      await put(uploadPath(), data);
      chain.time = NOW + 2 * 24 * 3600 - 1;
      expect(await accept()).to.equal(200);
      chain.time += 1;
      expect(await accept()).to.equal(409);
      chain.store({ root, leaves });
      await restart();
      expect(await accept()).to.equal(200);
    });

    it("get no more extensions either", async () => {
      chain.store({ root, leaves });
      await put(uploadPath(), data);
      chain.account = 20n * BigInt(leaves);
      for (let i = 0; i < 16; i++) expect(await extend()).to.equal(200);
      expect(await extend()).to.equal(429);
    });

    it("write nothing into the journal without a right", async () => {
      let written = 0;
      const useRequest = server.journal.useRequest.bind(server.journal);
      server.journal.useRequest = (...args) => {
        written++;
        return useRequest(...args);
      };
      await put(uploadPath(), data, { signer: STRANGER });
      await accept(STRANGER);
      expect(written).to.equal(0);
    });
  });

  it("are told that a root or an id is malformed", async () => {
    for (const none of [P, P + 1n, 2n ** 256n - 1n]) {
      const name = toHex32(none);
      expect((await put(uploadPath(name.slice(2)), data)).status).to.equal(400);
      const path = `/v1/buckets/${BUCKET}/segments/${name.slice(2)}`;
      const headers = { authorization: await authorization({ path }) };
      expect((await app.inject({ url: path, headers })).statusCode).to.equal(400);
      const order = { bucket: String(BUCKET), segments: [{ root: name, leaves }], epochs: "5" };
      expect((await post(`/v1/vnodes/${VNODE}/acceptances`, order)).statusCode).to.equal(400);
    }
    expect((await put(uploadPath(toHex32(P - 1n).slice(2)), data)).status).to.equal(422);
    const order = { bucket: String(BUCKET), segments: [{ root, leaves }], epochs: "5" };
    expect((await post(`/v1/vnodes/${2n ** 32n}/acceptances`, order)).statusCode).to.equal(400);
    expect((await put(uploadPath(root.slice(2), 2n ** 40n), data)).status).to.equal(400);
    expect(
      (await post(`/v1/vnodes/${VNODE}/extensions`, { serial: 2 ** 32, epochs: "5" })).statusCode,
    ).to.equal(400);
  });

  it("cost no call of the chain for what anybody may ask", async () => {
    let calls = 0;
    const node = chain.node.bind(chain);
    chain.node = (id) => {
      calls++;
      return node(id);
    };
    for (let i = 0; i < 20; i++)
      for (const path of ["/v1/node", "/status", "/readyz", "/healthz"])
        expect((await app.inject(path)).statusCode).to.equal(200);
    expect(calls).to.equal(1);
  });

  it("cost no more calls once much was refused to their address, whatever key they sign with", async () => {
    await put(uploadPath(), data);
    let calls = 0;
    const bucket = chain.bucket.bind(chain);
    chain.bucket = (id) => {
      calls++;
      return bucket(id);
    };
    const read = async (signer: Wallet, remoteAddress = "127.0.0.1"): Promise<number> => {
      const headers = { authorization: await authorization({ path: readPath, signer }) };
      return (await app.inject({ url: readPath, remoteAddress, headers })).statusCode;
    };
    for (let i = 0; i < 300; i++) expect(await read(STRANGER)).to.equal(403);
    expect(await read(new Wallet(`0x${"99".repeat(32)}`))).to.equal(429);
    expect(calls).to.equal(300);
    // A signer who was served is still heard, and another address is not affected.
    expect(await read(OWNER)).to.equal(200);
    expect(await read(STRANGER, "8.8.8.8")).to.equal(403);
    server.clock.time += 60_000;
    expect(await read(STRANGER)).to.equal(403);
  });

  it("are told whose clock is wrong", async () => {
    const message = async (expiry: number): Promise<string> => {
      const answer = await put(uploadPath(), data, { expiry: BigInt(expiry) });
      expect(answer).to.include({ status: 401, code: "unauthorized" });
      return answer.message;
    };
    const ours = "this node's clock says 1970-01-12T13:46:40.000Z";
    expect(await message(NOW - 40)).to.include(
      `expired 40 seconds ago; ${ours}, and the chain agrees: set the`,
    );
    expect(await message(NOW + 900)).to.include(
      `valid for another 900 seconds, but at most 300 are allowed; ${ours}, and the chain`,
    );
    server.status = { ...server.status, time: NOW - 400 };
    expect(await message(NOW - 340)).to.include(`${ours}, 400 seconds after the chain's last block: its op`);
    server.status = { ...server.status, time: NOW + 400 };
    expect(await message(NOW + 460)).to.include(`${ours}, 400 seconds before the chain's last block: its op`);
  });

  it("do not keep an answer going by not taking it", async () => {
    await restart({ patienceMs: 50 });
    await put(uploadPath(), data);
    function* endless(): Generator<Uint8Array> {
      for (;;) yield new Uint8Array(1 << 16);
    }
    server.store.read = () => Promise.resolve(Readable.from(endless(), { objectMode: false }));
    const closed = Promise.withResolvers<undefined>();
    app.server.once("connection", (socket) => socket.once("close", () => closed.resolve(undefined)));
    const connection = await connectRaw(app);
    connection.socket.pause();
    connection.send("GET", readPath, { authorization: await authorization({ path: readPath }) });
    await closed.promise;
    connection.socket.destroy();
  });
});
