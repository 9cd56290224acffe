// What the node signs when it is asked to hold segments, or to hold them for longer.
import { expect } from "chai";
import type { FastifyInstance } from "fastify";
import type { Hex } from "../../protocol/field.ts";
import type { ExtensionMessage } from "../../prover/chain-model.ts";
import { extendingOf, storingOf } from "../../prover/consents.ts";
import type { Journal } from "../../prover/journal.ts";
import type { Store } from "../../prover/store.ts";
import {
  BUCKET,
  createFakeChain,
  NODE,
  RENT,
  STRANGER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";
import {
  bytes,
  data,
  leaves,
  NOW,
  requestsTo,
  root,
  startServer,
  type Limits,
  uploadPath,
  uploadTo,
  type RunningServer,
  type Signed,
} from "../helpers/node-server.ts";
import { streamOf } from "../helpers/segments.ts";

describe("prover: what the server signs", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let server: RunningServer;
  let app: FastifyInstance;
  let store: Store;
  let journal: Journal;
  let compacting: Set<bigint>;

  async function start(limits: Limits = {}): Promise<void> {
    server = await startServer(folder(), chain, limits);
    ({ app, store, journal, compacting } = server);
  }
  const stop = (): Promise<void> => server.stop();
  beforeEach(async () => {
    chain = createFakeChain();
    await start();
  });
  afterEach(stop);
  const { put, post, messageOf } = requestsTo(() => app);

  describe("accepting", () => {
    const accept = (order: object, signed: Signed = {}) =>
      post(`/v1/vnodes/${VNODE}/acceptances`, order, signed);
    const order = (segmentRoot: Hex = root, count = leaves): object => ({
      bucket: String(BUCKET),
      segments: [{ root: segmentRoot, leaves: count }],
      epochs: "5",
    });
    /** A leaf costs 4 units per epoch. */
    const price = 4n * BigInt(leaves);

    it("signs for segments on disk, with a new nonce each time, for as long as the setting says", async () => {
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
      journal.recordUpload(uploadTo(BUCKET + 1n), bytes, NOW);
      expect((await accept(order())).statusCode).to.equal(404);
      await put(uploadPath(), data);
      expect((await accept(order(root, leaves + 1))).statusCode).to.equal(400);
    });

    it("says how much bond, room or deposit is missing", async () => {
      await put(uploadPath(), data);
      // (1 committed + price) * 10 epochs, and 10 are locked already.
      chain.bond = price * 10n - 3n;
      expect(await messageOf(accept(order()))).to.include("bond 3 more");
      chain.bond = price * 10n;
      chain.account = price * 5n - 4n;
      expect(await messageOf(accept(order()))).to.include("deposit 4 more");
      chain.account += 4n;
      chain.capacity = BigInt(leaves) - 1n;
      expect(await messageOf(accept(order()))).to.include("ask for 1 fewer");
      chain.capacity += 1n;
      expect((await accept(order())).statusCode).to.equal(200);
    });

    it("signs for no rent below what it was set to, whatever the chain says", async () => {
      await put(uploadPath(), data);
      await stop();
      await start({ minRent: 11n });
      chain.nodeChange = { rent: 10n };
      expect(await messageOf(accept(order()))).to.include("a rent of at least 11");
      chain.nodeChange = { rent: 11n };
      await accept(order());
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
        vNode: VNODE,
        bucket: BUCKET,
        root,
        leaves,
        perEpoch: rounded,
        epochs: 5,
      });
      expect(journal.useConsent(consent, 1)).to.equal(true);
    });

    it("signs no more than may be locked of the bond in an epoch, and says what is left", async () => {
      await put(uploadPath(), data);
      const epoch = chain.epochAt(chain.time);
      chain.nodeChange = { lockPerEpoch: price * 10n + 5n, locked: 6n, lockedEpoch: epoch };
      const answer = await accept(order());
      expect(answer.statusCode).to.equal(402);
      expect(await messageOf(accept(order()))).to.match(/has \d+ left.*try again in the next epoch/);
      chain.nodeChange = { ...chain.nodeChange, lockedEpoch: epoch - 1 };
      expect((await accept(order())).statusCode).to.equal(200);
      chain.nodeChange = { lockPerEpoch: price * 10n - 1n };
      expect(await messageOf(accept(order()))).to.match(/raise lockPerEpoch/);
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
      const terms: ExtensionMessage[] = [];
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

    it("signs nothing for what ends with this epoch", async () => {
      const epoch = chain.epochAt(chain.time);
      const status = async (end: number): Promise<number> => {
        chain.reschedule(serial, end);
        return (await extend({ serial, epochs: 5 })).statusCode;
      };
      expect([await status(epoch + 1), await status(epoch + 2)]).to.deep.equal([409, 200]);
    });

    it("signs at no other price than it asks now, below or above", async () => {
      for (const rent of [RENT / 2n, RENT * 2n]) {
        chain.nodeChange = { rent };
        expect((await extend({ serial, epochs: 5 })).statusCode).to.equal(409);
        expect(await messageOf(extend({ serial, epochs: 5 }))).to.match(/costs 76 .* now asks \d+/);
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
      expect(await messageOf(extend({ serial, epochs: 5 }))).to.include("raise lockPerEpoch");
      chain.nodeChange = {};
      chain.account = 76n * 5n - 1n;
      expect(await messageOf(extend({ serial, epochs: 5 }))).to.include("deposit 1 more");
    });

    it("refuses nonsense", async () => {
      for (const bad of [{ serial }, { epochs: 5 }, { serial: -1, epochs: 5 }, { serial, epochs: 0 }])
        expect((await extend(bad)).statusCode).to.equal(400);
    });
  });
});
