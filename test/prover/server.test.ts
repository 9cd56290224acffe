// The node's HTTP interface, asked by owners, strangers and attackers.
import { expect } from "chai";
import type { Wallet } from "ethers";
import type { FastifyInstance } from "fastify";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { pino } from "pino";
import type { Hex } from "../../protocol/field.ts";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { REQUEST } from "../../protocol/typed-data.ts";
import { createAccess, encodeAuthorization } from "../../prover/auth.ts";
import type { ExtensionTerms } from "../../prover/chain-model.ts";
import { extendingOf, storingOf } from "../../prover/consents.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createServer } from "../../prover/server.ts";
import { STARTING, type NodeStatus } from "../../prover/status.ts";
import { createStore, type Store } from "../../prover/store.ts";
import {
  BUCKET,
  CLUSTER,
  createFakeChain,
  DOMAIN,
  NODE,
  OWNER,
  PEER,
  PEER_OPERATOR,
  RENT,
  STRANGER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;
const NOW = 1_000_000;
const sha256 = (body: Uint8Array | string): string => createHash("sha256").update(body).digest("hex");
let nonce = 0n;

interface Signed {
  signer?: Wallet;
  node?: bigint;
  method?: string;
  path?: string;
  body?: Uint8Array | string;
  expiry?: bigint;
  nonce?: bigint;
}

async function authorization(request: Signed): Promise<string> {
  const message = {
    ...{ node: request.node ?? NODE, method: request.method ?? "GET", path: request.path ?? "/" },
    bodyHash: `0x${sha256(request.body ?? "")}`,
    expiry: request.expiry ?? BigInt(NOW + 60),
    nonce: request.nonce ?? ++nonce,
  };
  return encodeAuthorization(
    message,
    await (request.signer ?? OWNER).signTypedData(DOMAIN, REQUEST, message),
  );
}

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

describe("prover: server", () => {
  const folder = useFolder();
  const { data, root, leaves, bytes } = testSegment(9_000, 1);
  const uploadPath = (name: string = root.slice(2), bucket = BUCKET): string =>
    `/v1/vnodes/${VNODE}/buckets/${bucket}/segments/${name}`;
  const readPath = `/v1/buckets/${BUCKET}/segments/${root.slice(2)}`;
  let app: FastifyInstance;
  let chain: FakeChain;
  let store: Store;
  let journal: Journal;
  let compacting: Set<bigint>;
  let status: NodeStatus;

  async function start(limits: { quotaBytes?: number; maxUploads?: number } = {}): Promise<void> {
    const { quotaBytes = 1e6, maxUploads = 8 } = limits;
    const clock = createFakeClock(NOW * 1000);
    const log = pino({ level: "silent" });
    journal = openJournal(folder());
    store = await createStore(
      { folder: folder(), profile, quotaBytes, reserveBytes: 0 },
      { engine: referenceEngine },
    );
    const holdings = createHoldings({ directoryDepth: profile.directoryDepth, fromBlock: 0 }, { chain, log });
    await holdings.update();
    const access = createAccess(NODE, { chain, holdings, journal, clock });
    compacting = new Set();
    status = { ...STARTING, ready: true, problem: undefined, epoch: 1, time: NOW };
    app = await createServer(
      { node: NODE, profile, acceptSeconds: 600, maxUploads, requestsPerMinute: 1000 },
      { chain, access, store, holdings, journal, compacting, status: () => status, clock, log },
    );
  }
  async function stop(): Promise<void> {
    await app.close();
    journal.close();
  }
  beforeEach(async () => {
    chain = createFakeChain();
    await start();
  });
  afterEach(stop);

  const put = async (path: string, body: Uint8Array, signed: Signed = {}): Promise<Answer> => {
    const response = await app.inject({
      ...{ method: "PUT", url: path, payload: Buffer.from(body) },
      headers: {
        "content-type": "application/octet-stream",
        authorization: await authorization({ method: "PUT", path, body, ...signed }),
      },
    });
    const { error } = response.json<{ error?: { code: string; message: string } }>();
    return { status: response.statusCode, code: error?.code ?? "", message: error?.message ?? "" };
  };
  const get = async (path: string, signed: Signed = {}, headers: Record<string, string> = {}) =>
    app.inject({
      ...{ method: "GET", url: path },
      headers: { ...headers, authorization: await authorization({ path, ...signed }) },
    });
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
      chain.vNode = () => Promise.resolve({ cluster: 8n, responsible: NODE });
      expect(await put(uploadPath(), data)).to.include({ status: 400 });
      chain.vNode = () => Promise.resolve({ cluster: 2n, responsible: PEER });
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
      ...["../../etc/passwd", "%2e%2e%2fjournal.sqlite", "..%00", "A".repeat(64), "ab"],
      ...[`${"a".repeat(64)}x`, `${"a".repeat(63)}%0a`, `${"a".repeat(62)}..`, "a".repeat(10_000)],
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

  /** Signed, as JSON. */
  const post = async (path: string, order: object, signed: Signed = {}) => {
    const body = JSON.stringify(order);
    return app.inject({
      ...{ method: "POST", url: path, payload: body },
      headers: {
        "content-type": "application/json",
        authorization: await authorization({ method: "POST", path, body, ...signed }),
      },
    });
  };
  const messageOf = async (answer: ReturnType<typeof post>): Promise<string> =>
    (await answer).json<{ error: { message: string } }>().error.message;

  describe("accepting", () => {
    const accept = (order: object, signed: Signed = {}) =>
      post(`/v1/vnodes/${VNODE}/acceptances`, order, signed);
    const order = (segmentRoot: Hex = root, count = leaves): object => ({
      ...{ bucket: String(BUCKET), segments: [{ root: segmentRoot, leaves: count }], epochs: "5" },
    });
    /** A leaf costs 4 units per epoch. */
    const price = 4n * BigInt(leaves);

    it("signs for what it holds, with a nonce of its own each time, for as long as it is set to", async () => {
      await put(uploadPath(), data);
      const answers = [await accept(order()), await accept(order())].map((response) =>
        response.json<Record<string, string>>(),
      );
      const [rent, deadline] = [String(RENT), String(chain.time + 600)];
      expect(answers[0]).to.include({ bucket: "5", vNode: "7", epochs: "5", rent, deadline });
      expect(answers[0]).to.include({ node: "3", revision: "0" });
      expect(answers[0]?.["nonce"]).to.not.equal(answers[1]?.["nonce"]);
    });

    it("signs after a crash for what was uploaded before it", async () => {
      await put(uploadPath(), data);
      await stop();
      await start();
      expect((await accept(order())).statusCode).to.equal(200);
    });

    it("has the nonce in the journal before it signs", async () => {
      await put(uploadPath(), data);
      let accepted: Hex[] = [];
      chain.signAcceptance = () => {
        accepted = [...journal.acceptedRoots(chain.time)];
        return Promise.reject(new Error("crash"));
      };
      expect((await accept(order())).statusCode).to.equal(500);
      expect(accepted).to.deep.equal([root]);
    });

    it("signs nothing that was not uploaded, or to another bucket, or with another number of leaves", async () => {
      expect((await accept(order())).statusCode).to.equal(404);
      await store.receive(streamOf(data), { root, bytes });
      journal.recordSegment(root, bytes, NOW, BUCKET + 1n);
      expect((await accept(order())).statusCode).to.equal(404);
      await put(uploadPath(), data);
      expect((await accept(order(root, leaves + 1))).statusCode).to.equal(400);
    });

    it("says how much bond, room or deposit is missing", async () => {
      await put(uploadPath(), data);
      // (1 committed + price) * 10 epochs, of which 10 are locked.
      chain.bond = price * 10n - 3n;
      expect(await messageOf(accept(order()))).to.include("bond 3 more");
      chain.bond = price * 10n;
      chain.account = price * 5n - 4n;
      expect(await messageOf(accept(order()))).to.include("deposit 4 more");
      chain.account += 4n;
      chain.capacity = BigInt(leaves) - 1n;
      expect(await messageOf(accept(order()))).to.include("1 are missing");
      chain.capacity += 1n;
      expect((await accept(order())).statusCode).to.equal(200);
    });

    it("signs for the node's revision and at its registered rent, rounded up to the quantum", async () => {
      await put(uploadPath(), data);
      chain.nodeChange = { revision: 3n, rent: 10n ** 18n };
      const terms: Record<string, unknown>[] = [];
      chain.signAcceptance = (signed) => {
        terms.push({ ...signed });
        return Promise.resolve({ segments: "0x", signature: "0x" });
      };
      const rounded = 4n * ((BigInt(leaves) + 3n) / 4n);
      chain.account = rounded * 5n - 1n;
      expect(await messageOf(accept(order()))).to.include("deposit 1 more");
      chain.account++;
      await accept(order());
      expect(terms[0]).to.include({ node: NODE, revision: 3n, rent: 10n ** 18n });
      const consent = storingOf({
        ...{ vNode: VNODE, bucket: BUCKET, root, leaves, perEpoch: rounded, epochs: 5 },
      });
      expect(journal.useConsent(consent, 1)).to.equal(true);
    });

    it("signs no more than may be locked of the bond in an epoch, and says what is left", async () => {
      await put(uploadPath(), data);
      const epoch = chain.epochAt(chain.time);
      chain.nodeChange = { lockPerEpoch: price * 10n + 5n, locked: 6n, lockedEpoch: epoch };
      const answer = await accept(order());
      expect(answer.statusCode).to.equal(402);
      expect(await messageOf(accept(order()))).to.match(/of which \d+ are left.*try again in the next epoch/);
      chain.nodeChange = { ...chain.nodeChange, lockedEpoch: epoch - 1 };
      expect((await accept(order())).statusCode).to.equal(200);
      chain.nodeChange = { lockPerEpoch: price * 10n - 1n };
      expect(await messageOf(accept(order()))).to.match(/raises lockPerEpoch/);
    });

    it("signs nothing while the vNode is handed over", async () => {
      await put(uploadPath(), data);
      chain.handingOver = true;
      const answer = await accept(order());
      expect([answer.statusCode, answer.headers["retry-after"]]).to.deep.equal([409, undefined]);
      expect(await messageOf(accept(order()))).to.match(/handed over/);
    });

    it("signs nothing while the directory is compacted, on chain or about to be, and again when it is given up", async () => {
      await put(uploadPath(), data);
      compacting.add(VNODE);
      expect(await messageOf(accept(order()))).to.match(/being compacted/);
      compacting.delete(VNODE);
      const epoch = chain.epochAt(chain.time);
      for (const [since, status] of [
        [epoch, 409],
        [epoch - 1, 409],
        [epoch - 2, 200],
      ] as const) {
        chain.compaction = () => Promise.resolve({ epoch: since, nextSerial: 0, left: 5 });
        expect((await accept(order())).statusCode, String(since)).to.equal(status);
      }
      chain.compaction = () => Promise.resolve({ epoch, nextSerial: 0, left: 0 });
      expect((await accept(order())).statusCode).to.equal(200);
    });

    it("signs nothing if the directory begins to be compacted while it asks the chain", async () => {
      await put(uploadPath(), data);
      const balance = chain.balance.bind(chain);
      chain.balance = (who) => {
        compacting.add(VNODE);
        return balance(who);
      };
      expect((await accept(order())).statusCode).to.equal(409);
      expect(journal.mayBeUsed(VNODE, 0)).to.equal(false);
    });

    it("signs nothing for a directory that is full", async () => {
      await put(uploadPath(), data);
      chain.directory = () => Promise.resolve({ root: 1n, total: 16, count: 16 });
      expect((await accept(order())).statusCode).to.equal(507);
    });

    it("refuses a stranger, another body and nonsense", async () => {
      await put(uploadPath(), data);
      expect((await accept(order(), { signer: STRANGER })).statusCode).to.equal(403);
      expect((await accept(order(), { body: "{}" })).statusCode).to.equal(401);
      for (const bad of [
        { bucket: "5" },
        { ...order(), epochs: "0" },
        { ...order(), epochs: "-1" },
        { ...order(), segments: [] },
      ])
        expect((await accept(bad)).statusCode).to.equal(400);
    });
  });

  describe("extending", () => {
    const extend = (order: object, signed: Signed = {}) =>
      post(`/v1/vnodes/${VNODE}/extensions`, order, signed);
    let serial: number;
    beforeEach(async () => {
      await put(uploadPath(), data);
      serial = chain.store({ root, leaves });
    });

    it("signs for longer, at the same price, with a nonce of its own", async () => {
      const terms: ExtensionTerms[] = [];
      chain.signExtension = (signed) => {
        terms.push(signed);
        return Promise.resolve("0x12");
      };
      const answer = (await extend({ serial, epochs: "5" })).json<Record<string, unknown>>();
      expect(answer).to.include({ node: "3", revision: "0", vNode: "7", epochs: "5", rent: String(RENT) });
      expect(answer).to.include({ serial: 0, signature: "0x12", deadline: String(chain.time + 600) });
      await extend({ serial, epochs: "5" });
      expect(new Set(terms.map(({ nonce: each }) => each)).size).to.equal(2);
      const consent = extendingOf({ vNode: VNODE, serial, epochs: 5 });
      expect([1, 2, 3].map((nth) => journal.useConsent(consent, nth))).to.deep.equal([true, true, false]);
    });

    it("signs also while the vNode is handed over or compacted, which changes nothing for it", async () => {
      chain.handingOver = true;
      compacting.add(VNODE);
      expect((await extend({ serial, epochs: 5 })).statusCode).to.equal(200);
    });

    it("signs nothing for what a compaction leaves out, on chain or about to begin", async () => {
      const epoch = chain.epochAt(chain.time);
      const status = async (end: number): Promise<number> => {
        chain.reschedule(serial, end);
        return (await extend({ serial, epochs: 5 })).statusCode;
      };
      expect(await status(epoch + 1)).to.equal(200);
      compacting.add(VNODE);
      expect([await status(epoch + 1), await status(epoch + 2)]).to.deep.equal([409, 200]);
      compacting.delete(VNODE);
      for (const [since, ends] of [
        [epoch, [409, 200]],
        [epoch - 1, [200, 200]],
        [epoch - 2, [200, 200]],
      ] as const) {
        chain.compaction = () => Promise.resolve({ epoch: since, nextSerial: 0, left: 5 });
        expect([await status(epoch + 1), await status(epoch + 2)], String(since)).to.deep.equal(ends);
      }
    });

    it("signs at no other price than it asks now, below or above", async () => {
      for (const rent of [RENT / 2n, RENT * 2n]) {
        chain.nodeChange = { rent };
        expect((await extend({ serial, epochs: 5 })).statusCode).to.equal(409);
        expect(await messageOf(extend({ serial, epochs: 5 }))).to.match(/costs 76 .* asks for \d+ now/);
      }
    });

    it("signs nothing that has ended, was never stored, is not on disk, or is a stranger's to write", async () => {
      expect((await extend({ serial: 5, epochs: 5 })).statusCode).to.equal(404);
      expect((await extend({ serial, epochs: 5 }, { signer: STRANGER })).statusCode).to.equal(403);
      await store.remove(root);
      expect((await extend({ serial, epochs: 5 })).statusCode).to.equal(404);
      await put(uploadPath(), data);
      chain.reschedule(serial, chain.epochAt(chain.time));
      expect((await extend({ serial, epochs: 5 })).statusCode).to.equal(409);
    });

    it("says how much bond or deposit is missing", async () => {
      chain.stateChange = { committed: 76n, locked: 700n };
      chain.bond = 59n;
      expect(await messageOf(extend({ serial, epochs: 5 }))).to.include("bond 1 more");
      chain.bond = 60n;
      chain.nodeChange = { lockPerEpoch: 59n };
      expect(await messageOf(extend({ serial, epochs: 5 }))).to.include("raises lockPerEpoch");
      chain.nodeChange = {};
      chain.account = 76n * 5n - 1n;
      expect(await messageOf(extend({ serial, epochs: 5 }))).to.include("deposit 1 more");
    });

    it("refuses nonsense", async () => {
      for (const bad of [{ serial }, { epochs: 5 }, { serial: -1, epochs: 5 }, { serial, epochs: 0 }])
        expect((await extend(bad)).statusCode).to.equal(400);
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
      journal.recordSegment(other.root, 700, NOW, BUCKET + 1n);
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

    it("says that a segment is gone, and tells nothing of what broke inside", async () => {
      await store.remove(root);
      expect((await get(readPath)).statusCode).to.equal(404);
      chain.bucket = () => Promise.reject(new Error("down"));
      expect((await get(readPath)).json()).to.deep.equal({
        error: { code: "io", message: "the node has a problem", details: {} },
      });
    });
  });

  it("tells anybody who it is and how it does", async () => {
    expect((await app.inject("/v1/node")).json()).to.deep.equal({
      ...{ node: "3", provider: STRANGER.address, chainId: "31337", registry: chain.registry },
      ...{ profile: "tiny", rent: String(RENT), revision: "0", freeLeaves: "1000" },
    });
    for (const path of ["/healthz", "/readyz", "/status"])
      expect((await app.inject(path)).statusCode).to.equal(200);
    expect((await app.inject("/metrics")).statusCode).to.equal(404);
  });

  it("is not well while somebody else has its key", async () => {
    const foreign = { consent: "x", vNode: VNODE, serial: 1, time: NOW, operator: "0x" };
    status = { ...status, alarm: { advice: "do this", foreign: [foreign] } };
    const answer = await app.inject("/status");
    expect(answer.statusCode).to.equal(503);
    expect(answer.json<{ alarm: { advice: string } }>().alarm.advice).to.equal("do this");
  });
});
