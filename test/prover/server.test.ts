// The node's HTTP interface, asked by owners, strangers and attackers.
import { expect } from "chai";
import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { Wallet } from "ethers";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { REQUEST } from "../../protocol/typed-data.ts";
import { createAccess } from "../../prover/auth.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createServer } from "../../prover/server.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { patternBytes } from "../helpers/bytes.ts";
import {
  BUCKET,
  createFakeChain,
  DOMAIN,
  NODE,
  OWNER,
  STRANGER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";

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
  const signature = await (request.signer ?? OWNER).signTypedData(DOMAIN, REQUEST, message);
  const text = JSON.stringify({ ...message, signature }, (_, x: unknown) =>
    typeof x === "bigint" ? String(x) : x,
  );
  return `Holdfast ${Buffer.from(text).toString("base64url")}`;
}

describe("prover: server", () => {
  const folder = useFolder();
  let app: FastifyInstance;
  let chain: FakeChain;
  let store: Store;
  let journal: Journal;
  const data = patternBytes(9_000, 1);
  const { root: rootValue, leaves } = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(data)
    .finish();
  const root = toHex32(rootValue);
  const uploadPath = (name: string = root.slice(2), bucket = BUCKET): string =>
    `/v1/vnodes/${VNODE}/buckets/${bucket}/segments/${name}`;
  const readPath = `/v1/buckets/${BUCKET}/segments/${root.slice(2)}`;

  async function start(): Promise<void> {
    journal = openJournal(folder());
    store = await createStore({ folder: folder(), profile, quotaBytes: 1e6 }, { engine: referenceEngine });
    const now = (): number => NOW;
    const access = createAccess({ node: NODE, chain, journal, now });
    const status = () => ({ ready: true, problem: undefined, epoch: 1, vNodes: [] });
    app = await createServer({ node: NODE, profile: "tiny" }, { chain, access, store, journal, status, now });
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

  const put = async (
    path: string,
    body: Uint8Array,
    signed: Signed = {},
  ): Promise<{ status: number; code: string }> => {
    const response = await app.inject({
      ...{ method: "PUT", url: path, payload: Buffer.from(body) },
      headers: {
        "content-type": "application/octet-stream",
        authorization: await authorization({ method: "PUT", path, body, ...signed }),
      },
    });
    return {
      status: response.statusCode,
      code: response.json<{ error?: { code: string } }>().error?.code ?? "",
    };
  };
  const get = async (path: string, signed: Signed = {}, headers: Record<string, string> = {}) =>
    app.inject({
      method: "GET",
      url: path,
      headers: { ...headers, authorization: await authorization({ path, ...signed }) },
    });

  describe("uploading", () => {
    it("stores an owner's segment, and says so again the second time", async () => {
      expect(await put(uploadPath(), data)).to.include({ status: 201 });
      expect(await put(uploadPath(), data)).to.include({ status: 200 });
      expect(await store.find(root)).to.deep.equal({ root, bytes: 9_000, leaves });
    });

    const refusals: Record<string, [Signed, number]> = {
      "a stranger": [{ signer: STRANGER }, 401],
      "another node's authorization": [{ node: 9n }, 401],
      "another method's": [{ method: "GET" }, 401],
      "another path's": [{ path: "/v1/vnodes/7" }, 401],
      "an expired one": [{ expiry: BigInt(NOW - 1) }, 401],
      "one that is valid for too long": [{ expiry: BigInt(NOW + 301) }, 401],
      "another body's": [{ body: "other" }, 422],
    };
    for (const [what, [signed, status]] of Object.entries(refusals)) {
      it(`refuses ${what} and keeps nothing`, async () => {
        expect((await put(uploadPath(), data, signed)).status).to.equal(status);
        expect(await store.list()).to.deep.equal([]);
      });
    }

    it("takes an authorization once, also after a restart", async () => {
      const signed = { nonce: 424242n };
      expect((await put(uploadPath(), data, signed)).status).to.equal(201);
      expect((await put(uploadPath(), data, signed)).status).to.equal(401);
      await stop();
      await start();
      expect((await put(uploadPath(), data, signed)).status).to.equal(401);
    });

    it("refuses data that does not have the announced root", async () => {
      expect(await put(uploadPath("0".repeat(63) + "1"), data)).to.deep.equal({
        status: 422,
        code: "corrupt",
      });
      expect(await store.list()).to.deep.equal([]);
    });

    it("refuses a bucket that does not exist and a vNode of another node", async () => {
      expect((await put(uploadPath(undefined, 99n), data)).status).to.equal(404);
      chain.vNodes = () => Promise.resolve([]);
      expect((await put(uploadPath(), data)).status).to.equal(404);
    });

    for (const name of [
      "../../etc/passwd",
      "%2e%2e%2fjournal.sqlite",
      "..%00",
      "A".repeat(64),
      "ab",
      `${"a".repeat(64)}x`,
    ]) {
      it(`takes no name like ${name.slice(0, 24)}`, async () => {
        const { status } = await put(uploadPath(name), data);
        expect(status).to.be.oneOf([400, 404]);
        expect(await store.list()).to.deep.equal([]);
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
  });

  describe("accepting", () => {
    const path = `/v1/vnodes/${VNODE}/acceptances`;
    const accept = async (order: object, signed: Signed = {}) => {
      const body = JSON.stringify(order);
      return app.inject({
        ...{ method: "POST", url: path, payload: body },
        headers: {
          "content-type": "application/json",
          authorization: await authorization({ method: "POST", path, body, ...signed }),
        },
      });
    };
    const order = (segmentRoot: Hex = root, count = leaves): object => ({
      ...{ bucket: String(BUCKET), segments: [{ root: segmentRoot, leaves: count }], epochs: "5" },
    });

    it("signs for what it holds, with a nonce of its own each time", async () => {
      await put(uploadPath(), data);
      const answers = [await accept(order()), await accept(order())].map((response) =>
        response.json<Record<string, string>>(),
      );
      expect(answers[0]).to.include({
        bucket: "5",
        vNode: "7",
        epochs: "5",
        rent: String(10n ** 18n),
        signature: "0x01",
      });
      expect(answers[0]?.["nonce"]).to.not.equal(answers[1]?.["nonce"]);
    });

    it("signs nothing that was not uploaded, or with another number of leaves", async () => {
      expect((await accept(order())).statusCode).to.equal(404);
      await put(uploadPath(), data);
      expect((await accept(order(root, leaves + 1))).statusCode).to.equal(400);
    });

    it("says how much bond and how much room is missing", async () => {
      await put(uploadPath(), data);
      chain.bond = BigInt(leaves) * 10n - 3n;
      expect((await accept(order())).json())
        .to.have.nested.property("error.message")
        .that.includes("bond 3 more");
      chain.capacity = BigInt(leaves) - 1n;
      expect((await accept(order())).statusCode).to.equal(507);
    });

    it("refuses a stranger, another body and nonsense", async () => {
      await put(uploadPath(), data);
      expect((await accept(order(), { signer: STRANGER })).statusCode).to.equal(401);
      expect((await accept(order(), { body: "{}" })).statusCode).to.equal(401);
      expect((await accept({ bucket: "5" })).statusCode).to.equal(400);
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
        ["bytes=8999-99999", 8_999, 9_000],
      ] as const) {
        const response = await get(readPath, {}, { range });
        expect(response.statusCode).to.equal(206);
        expect(response.rawPayload.equals(data.subarray(from, to)), range).to.equal(true);
      }
    });

    it("refuses ranges outside the segment", async () => {
      for (const range of ["bytes=9000-", "bytes=5-4", "bytes=-", "bytes=a-b", "bytes=0-1,5-6"]) {
        expect((await get(readPath, {}, { range })).statusCode, range).to.equal(416);
      }
    });

    it("serves a member of the cluster and no stranger", async () => {
      expect((await get(readPath, { signer: STRANGER })).statusCode).to.equal(401);
      chain.isMember = (_cluster, who) => Promise.resolve(who === STRANGER.address);
      expect((await get(readPath, { signer: STRANGER })).statusCode).to.equal(200);
    });

    it("opens a leaf and none beyond the last", async () => {
      const opening = (await get(`${readPath}/leaves/3`)).json<{
        elements: string[];
        siblings: string[][];
      }>();
      expect(opening.elements).to.have.lengthOf(16);
      expect(opening.siblings.map((level) => level.length)).to.deep.equal([15, 15]);
      expect((await get(`${readPath}/leaves/${leaves}`)).statusCode).to.equal(404);
    });
  });
});
