// The node's HTTP interface, asked by owners, strangers and attackers.
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import type { FastifyInstance } from "fastify";
import { maxBytes } from "../../protocol/profiles.ts";
import type { Journal } from "../../prover/journal.ts";
import type { Store } from "../../prover/store.ts";
import {
  BUCKET,
  CLUSTER,
  createFakeChain,
  NODE,
  PEER,
  PEER_OPERATOR,
  RENT,
  STRANGER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";
import { flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import {
  authorization,
  bytes,
  data,
  leaves,
  NOW,
  profile,
  readPath,
  requestsTo,
  root,
  startServer,
  uploadPath,
  uploadTo,
  type Limits,
  type RunningServer,
  type Signed,
} from "../helpers/node-server.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

describe("prover: server", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let server: RunningServer;
  let app: FastifyInstance;
  let store: Store;
  let journal: Journal;

  async function start(limits?: Limits): Promise<void> {
    server = await startServer(folder(), chain, limits);
    ({ app, store, journal } = server);
  }
  const stop = (): Promise<void> => server.stop();
  beforeEach(async () => {
    chain = createFakeChain();
    await start();
  });
  afterEach(stop);
  const { put, get } = requestsTo(() => app);

  const filesLeft = async (): Promise<string[]> => [
    ...(await readdir(join(folder(), "incoming"))),
    ...(await readdir(join(folder(), "segments"))),
  ];

  describe("uploading", () => {
    it("stores an owner's segment, and says so again the second time", async () => {
      expect(await put(uploadPath(), data)).to.include({ status: 201 });
      expect(await put(uploadPath(), data)).to.include({ status: 200 });
      expect(await store.find(root)).to.deep.equal({ root, bytes, leaves });
      expect(journal.isUploaded(root, BUCKET)).to.equal(true);
    });

    const refusals: Record<string, [Signed, number]> = {
      "a stranger": [{ signer: STRANGER }, 403],
      "another node's authorization": [{ node: 9n }, 401],
      "another method's": [{ method: "GET" }, 401],
      "another path's": [{ path: "/v1/vnodes/7" }, 401],
      "the same path's with a query": [{ path: `${uploadPath()}?x=1` }, 401],
      "an expired one": [{ expiry: BigInt(NOW - 1) }, 401],
      "one that is valid for too long": [{ expiry: BigInt(NOW + 301) }, 401],
      "another body's": [{ body: "other" }, 401],
    };
    for (const [what, [signed, status]] of Object.entries(refusals)) {
      it(`refuses ${what} and keeps nothing`, async () => {
        expect((await put(uploadPath(), data, signed)).status).to.equal(status);
        expect(await filesLeft()).to.deep.equal([]);
      });
    }

    it("takes an authorization once, also after a restart", async () => {
      const signed = { nonce: 424242n };
      expect((await put(uploadPath(), data, signed)).status).to.equal(201);
      expect((await put(uploadPath(), data, signed)).status).to.equal(401);
      await stop();
      await start();
      expect(await put(uploadPath(), data, signed)).to.include({ status: 401, code: "unauthorized" });
    });

    it("does not let one signer use up another's nonces", async () => {
      expect((await put(uploadPath(), data, { signer: STRANGER, nonce: 5n })).status).to.equal(403);
      expect((await put(uploadPath(), data, { nonce: 5n })).status).to.equal(201);
    });

    it("refuses data that does not have the announced root", async () => {
      const answer = await put(uploadPath(`${"0".repeat(63)}1`), data);
      expect(answer).to.include({ status: 422, code: "corrupt" });
      expect(answer.message).to.include(root);
      expect(await filesLeft()).to.deep.equal([]);
    });

    it("refuses a bucket that does not exist, of another cluster, and a vNode of another node", async () => {
      expect((await put(uploadPath(undefined, 99n), data)).status).to.equal(404);
      chain.vNode = () => Promise.resolve({ cluster: 8n, nextResponsible: NODE });
      expect(await put(uploadPath(), data)).to.include({ status: 400 });
      chain.vNode = () => Promise.resolve({ cluster: 2n, nextResponsible: PEER });
      expect((await put(uploadPath(), data)).status).to.equal(404);
    });

    it("refuses who cannot pay for one epoch, and says what is missing", async () => {
      chain.account = 4n * BigInt(leaves) - 2n;
      const answer = await put(uploadPath(), data);
      expect(answer).to.include({ status: 402, code: "funds" });
      expect(answer.message).to.include("deposit 2 more");
    });

    it("refuses an empty segment, one that is too large, and one for which there is no room", async () => {
      expect((await put(uploadPath(), new Uint8Array())).status).to.equal(400);
      expect(await put(uploadPath(), new Uint8Array(maxBytes(profile) + 1))).to.include({ status: 413 });
      await stop();
      await start({ quotaBytes: 8_999 });
      expect(await put(uploadPath(), data)).to.include({ status: 507, code: "disk-full" });
    });

    it("refuses more uploads at a time than it is set to", async () => {
      await stop();
      await start({ maxUploads: 1 });
      const answers = await Promise.all([put(uploadPath(), data), put(uploadPath(), data)]);
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 503]);
    });

    for (const name of [
      "../../etc/passwd",
      "%2e%2e%2fjournal.sqlite",
      "..%00",
      "A".repeat(64),
      "ab",
      `${"a".repeat(64)}x`,
      `${"a".repeat(63)}%0a`,
      `${"a".repeat(62)}..`,
      "a".repeat(10_000),
    ]) {
      it(`takes no name like ${name.slice(0, 24)}`, async () => {
        const { status } = await put(uploadPath(name), data);
        expect(status).to.be.oneOf([400, 401, 404, 414]);
        expect(await filesLeft()).to.deep.equal([]);
      });
    }

    it("refuses a request without an authorization or with a mangled one", async () => {
      for (const header of [
        undefined,
        "Bearer x",
        "Holdfast !!!",
        `Holdfast ${Buffer.from("{}").toString("base64url")}`,
      ]) {
        const headers = {
          "content-type": "application/octet-stream",
          ...(header && { authorization: header }),
        };
        const response = await app.inject({
          method: "PUT",
          url: uploadPath(),
          payload: Buffer.from(data),
          headers,
        });
        expect(response.statusCode).to.equal(401);
      }
    });

    describe("over a real connection", () => {
      async function send(
        headers: Record<string, string>,
        part: Uint8Array,
      ): Promise<ReturnType<typeof connect>> {
        const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
        const socket = connect(Number(port), "127.0.0.1");
        await once(socket, "connect");
        const lines = Object.entries({ host: "node", ...headers }).map(
          ([name, value]) => `${name}: ${value}`,
        );
        socket.write(`PUT ${uploadPath()} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
        socket.write(part);
        return socket;
      }
      const headers = async (): Promise<Record<string, string>> => ({
        authorization: await authorization({ method: "PUT", path: uploadPath(), body: data }),
        "content-type": "application/octet-stream",
      });

      it("removes what came of an upload that is cut off, and takes it again", async () => {
        const received = Promise.withResolvers<undefined>();
        const receive = store.receive.bind(store);
        store.receive = (...args) => receive(...args).finally(() => received.resolve(undefined));
        const socket = await send(
          { ...(await headers()), "content-length": String(bytes) },
          data.subarray(0, 5_000),
        );
        socket.end();
        await received.promise;
        expect(await filesLeft()).to.deep.equal([]);
        expect(store.usedBytes).to.equal(0);
        expect((await put(uploadPath(), data)).status).to.equal(201);
        socket.destroy();
      });

      it("takes no upload of unknown length", async () => {
        const socket = await send(
          { ...(await headers()), "transfer-encoding": "chunked" },
          Buffer.from("0\r\n\r\n"),
        );
        const [answer] = (await once(socket, "data")) as [Buffer];
        expect(answer.toString()).to.match(/^HTTP\/1.1 411 /);
        socket.destroy();
      });
    });
  });

  describe("reading", () => {
    beforeEach(() => put(uploadPath(), data));

    it("serves the bytes, and ranges of them", async () => {
      expect((await get(readPath)).rawPayload.equals(data)).to.equal(true);
      for (const [range, from, to] of [
        ["bytes=0-0", 0, 1],
        ["bytes=100-", 100, 9_000],
        ["bytes=-10", 8_990, 9_000],
        ["bytes=-99999", 0, 9_000],
        ["bytes=8999-99999", 8_999, 9_000],
      ] as const) {
        const response = await get(readPath, {}, { range });
        expect(response.statusCode).to.equal(206);
        expect(response.headers["content-range"]).to.equal(`bytes ${from}-${to - 1}/9000`);
        expect(response.rawPayload.equals(data.subarray(from, to)), range).to.equal(true);
      }
    });

    it("refuses ranges outside the segment, and answers what is no range with everything", async () => {
      for (const range of ["bytes=9000-", "bytes=-0"])
        expect((await get(readPath, {}, { range })).statusCode, range).to.equal(416);
      for (const range of ["bytes=5-4", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2"])
        expect((await get(readPath, {}, { range })).rawPayload.length, range).to.equal(9_000);
    });

    it("serves the operator of a node of the cluster, and no stranger", async () => {
      expect((await get(readPath, { signer: STRANGER })).statusCode).to.equal(403);
      expect((await get(readPath, { signer: PEER_OPERATOR })).statusCode).to.equal(403);
      const named = async (vNode: bigint, cluster: bigint): Promise<number> => {
        chain.emit("VNodeAdded", { vNode, cluster });
        chain.emit("NodeAssigned", { vNode, node: PEER });
        await stop();
        await start();
        return (await get(readPath, { signer: PEER_OPERATOR })).statusCode;
      };
      expect(await named(8n, CLUSTER + 1n)).to.equal(403);
      expect(await named(9n, CLUSTER)).to.equal(200);
    });

    it("refuses an authorization for a body", async () => {
      expect((await get(readPath, { body: "body" })).statusCode).to.equal(401);
    });

    it("serves nothing of one bucket to a reader of another", async () => {
      const other = testSegment(700, 9);
      await store.receive(streamOf(other.data), other);
      journal.recordUpload({ ...uploadTo(BUCKET + 1n), root: other.root }, 700, NOW);
      const path = `/v1/buckets/${BUCKET}/segments/${other.root.slice(2)}`;
      expect((await get(path)).statusCode).to.equal(404);
      expect((await get(`${path}/leaves/0`)).statusCode).to.equal(404);
    });

    it("opens a leaf and none beyond the last", async () => {
      const opening = (await get(`${readPath}/leaves/3`)).json<{
        elements: string[];
        siblings: string[][];
      }>();
      expect(opening.elements).to.have.lengthOf(16);
      expect(opening.siblings.map((level) => level.length)).to.deep.equal([15, 15]);
      expect((await get(`${readPath}/leaves/${leaves}`)).statusCode).to.equal(404);
      expect((await get(`${readPath}/leaves/-1`)).statusCode).to.equal(400);
    });

    for (const [what, path] of [
      ["the bytes", readPath],
      ["an opening", `${readPath}/leaves/3`],
    ] as const)
      it(`serves nothing that is damaged, and takes it again: ${what}`, async () => {
        await flip(join(folder(), "segments", root.slice(2)), 500);
        const answer = await get(path);
        expect(answer.statusCode).to.equal(404);
        expect(answer.json<{ error: { message: string } }>().error.message).to.include("use another replica");
        expect((await put(uploadPath(), data)).status).to.equal(201);
        expect((await get(readPath)).rawPayload).to.deep.equal(Buffer.from(data));
      });

    it("says on upload that a segment is new where what was there was not it", async () => {
      await flip(join(folder(), "segments", root.slice(2)), 500);
      expect((await put(uploadPath(), data)).status).to.equal(201);
      expect((await put(uploadPath(), data)).status).to.equal(200);
      expect(store.uploads.size).to.equal(0); // and a directory may name it
    });

    it("says that a segment is gone, and tells nothing of what broke inside", async () => {
      await store.remove(root);
      expect((await get(readPath)).statusCode).to.equal(404);
      chain.bucket = () => Promise.reject(new Error("down"));
      expect((await get(readPath)).json()).to.deep.equal({
        error: {
          code: "io",
          message: "the node has an internal error: try again, or use another node",
          details: {},
        },
      });
    });
  });

  it("tells anybody who it is and how it does", async () => {
    expect((await app.inject("/v1/node")).json()).to.deep.equal({
      node: "3",
      provider: STRANGER.address,
      chainId: "31337",
      registry: chain.registry,
      profile: "tiny",
      rent: String(RENT),
      revision: "0",
      freeLeaves: "1000",
    });
    for (const path of ["/healthz", "/readyz", "/status"])
      expect((await app.inject(path)).statusCode).to.equal(200);
    expect((await app.inject("/metrics")).statusCode).to.equal(404);
  });

  it("is not well while somebody else has its key", async () => {
    const foreign = { consent: "x", vNode: VNODE, serial: 1, time: NOW, operator: "0x" };
    server.status = { ...server.status, alarm: { advice: "do this", foreign: [foreign] } };
    const answer = await app.inject("/status");
    expect(answer.statusCode).to.equal(503);
    expect(answer.json<{ alarm: { advice: string } }>().alarm.advice).to.equal("do this");
  });
});
