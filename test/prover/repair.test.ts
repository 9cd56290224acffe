// Segments fetched from other nodes: from one that really has them, and never from inside our own network.
import { once } from "node:events";
import { appendFile, readdir, truncate } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { createHoldings, type Holdings } from "../../prover/holdings.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createOpenPeer, isPrivate } from "../../prover/peer.ts";
import { createRepair, type Repair, type RepairOptions } from "../../prover/repair.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import {
  BUCKET,
  CLUSTER,
  createFakeChain,
  NODE,
  PEER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: repair", () => {
  const folder = useFolder();
  const { data, root, bytes, leaves } = testSegment(5_000, 1);
  const holding = { bucket: BUCKET, root, leaves };
  let chain: FakeChain;
  let holdings: Holdings;
  let store: Store;
  let journal: Journal;
  let ending: AbortController;
  const servers: Server[] = [];

  beforeEach(async () => {
    chain = createFakeChain();
    for (const vNode of [8n, 9n]) chain.emit("VNodeAdded", { vNode, cluster: CLUSTER });
    chain.store({ root, leaves });
    chain.store({ root, leaves, vNode: 8n });
    chain.store({ root, leaves, vNode: 9n });
    const log = pino({ level: "silent" });
    holdings = createHoldings(
      { node: NODE, directoryDepth: profile.directoryDepth, fromBlock: 0 },
      { chain, log },
    );
    await holdings.update();
    journal = openJournal(folder());
    ending = new AbortController();
    store = await createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0 },
      { engine: referenceEngine },
    );
  });
  afterEach(() => {
    journal.close();
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  const create = (allowPrivate = true, options: Partial<RepairOptions> = {}): Repair =>
    createRepair(
      { node: NODE, signal: ending.signal, ...options },
      {
        chain,
        holdings,
        store,
        journal,
        clock: createFakeClock(),
        log: pino({ level: "silent" }),
        openPeer: createOpenPeer({ allowPrivate }),
      },
    );
  /** Each of the vNodes 8, 9, ... has its own node: 8, 9, ... */
  async function peers(...listeners: RequestListener[]): Promise<void> {
    const urls: string[] = [];
    for (const listener of listeners) {
      const server = createServer(listener).listen(0, "127.0.0.1");
      servers.push(server);
      await once(server, "listening");
      urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    const [state, node] = [chain.state.bind(chain), chain.node.bind(chain)];
    chain.state = async (vNode) => ({ ...(await state(vNode)), responsible: vNode === VNODE ? NODE : vNode });
    chain.node = async (id) => ({ ...(await node(id)), url: urls[Number(id) - 8] ?? "http://127.0.0.1:1" });
  }
  const serve =
    (body: Uint8Array): RequestListener =>
    (_request, response) =>
      void response.writeHead(200, { "content-length": body.length }).end(body);
  const expectNothing = async (): Promise<void> => {
    expect(await readdir(join(folder(), "segments"))).to.deep.equal([]);
    expect(await readdir(join(folder(), "incoming"))).to.deep.equal([]);
  };

  it("asks another node, as itself, for exactly this segment, and keeps it", async () => {
    const asked: string[] = [];
    await peers((request, response) => {
      const text = Buffer.from((request.headers.authorization ?? "").slice(9), "base64url").toString();
      const { signature, ...message } = JSON.parse(text) as Record<string, string>;
      const values = {
        ...message,
        node: 8n,
        expiry: BigInt(message["expiry"] ?? 0),
        nonce: BigInt(message["nonce"] ?? 0),
      };
      asked.push(request.url ?? "", chain.requestSigner(values as never, signature ?? "") ?? "");
      serve(data)(request, response);
    });
    await create()(VNODE, holding);
    expect(asked).to.deep.equal([`/v1/buckets/${BUCKET}/segments/${root.slice(2)}`, chain.operator]);
    expect(await store.find(root)).to.deep.equal({ root, bytes, leaves });
    expect(journal.storedAt(root)).to.equal(100);
  });

  it("asks who has left a vNode that it takes over, if nobody else has the data", async () => {
    await peers(serve(data));
    chain.state = async (vNode) => ({
      ...(await createFakeChain().state(vNode)),
      responsible: 0n,
      nextNode: NODE,
    });
    expect((await holdfastErrorOf(create()(VNODE, holding))).code).to.equal("unreachable");
    chain.emit("NodeSwitched", { vNode: VNODE, node: 8n, fromEpoch: 5n });
    chain.emit("Left", { vNode: VNODE, node: 8n, epoch: 6n });
    await holdings.update();
    await create()(VNODE, holding);
    expect(await store.find(root)).to.deep.equal({ root, bytes, leaves });
  });

  it("asks whose directory names it no more, if nobody else has the data", async () => {
    await peers(serve(data));
    for (const vNode of [8n, 9n]) chain.emit("SegmentRetired", { vNode, serial: 0n });
    await holdings.update();
    expect(holdings.holdersOf(BUCKET, root)).to.deep.equal([VNODE]);
    await create()(VNODE, holding);
    expect(await store.find(root)).to.deep.equal({ root, bytes, leaves });
  });

  for (const [what, damage] of [
    ["a bit has flipped", (path: string) => flip(path, 4_000)],
    ["it was cut", (path: string) => truncate(path, 3_000)],
    ["it has grown", (path: string) => appendFile(path, "more")],
  ] as const)
    it(`fetches again what is damaged: ${what}`, async () => {
      await store.receive(streamOf(data), { root, bytes });
      await damage(join(folder(), "segments", root.slice(2)));
      expect(await store.check(root)).to.equal("damaged");
      await peers(serve(data));
      await create()(VNODE, holding);
      expect(await store.check(root)).to.equal("whole");
      expect([store.damaged.size, store.uploads.size]).to.deep.equal([0, 0]);
    });

  it("goes on to the next when one refuses, lies about the length, sends other bytes or breaks off", async () => {
    const liars: RequestListener[] = [
      (_request, response) => void response.writeHead(404).end(),
      serve(data.subarray(1)),
      (_request, response) => response.writeHead(200, { "content-length": 50_000 }).flushHeaders(),
      serve(testSegment(5_000, 2).data),
      (_request, response) => {
        response.writeHead(200, { "content-length": bytes });
        response.write(data.subarray(0, 100), () => response.destroy());
      },
      (_request, response) => void response.writeHead(302, { location: "/other" }).end(),
    ];
    for (const liar of liars) {
      await peers(liar, serve(data));
      await create()(VNODE, holding);
      expect(await store.find(root)).to.include({ bytes });
      await store.remove(root);
    }
    await expectNothing();
  });

  /** Sends one byte at a time, until the connection ends. */
  const drip: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": bytes });
    const timer = setInterval(() => response.write("x"), 5);
    response.on("close", () => clearInterval(timer));
  };

  it("asks the next one while one drips, and while many do", async () => {
    await peers(drip, drip, drip, drip, drip, serve(data));
    for (const vNode of [10n, 11n, 12n, 13n]) {
      chain.emit("VNodeAdded", { vNode, cluster: CLUSTER });
      chain.store({ root, leaves, vNode });
    }
    await holdings.update();
    // No peer is given up because it is slow.
    await create(true, { lookMs: 10 })(VNODE, holding);
    expect(await store.find(root)).to.include({ bytes });
    expect((await readdir(join(folder(), "incoming"))).length).to.equal(0);
  });

  it("gives up who is too slow, and who does not end", async () => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": bytes }).write(data.subarray(0, 4_999));
    };
    await peers(drip, endless);
    const pace = { bytesPerSecond: 1e6, graceMs: 50 };
    const error = await holdfastErrorOf(create(true, { pace })(VNODE, holding));
    expect(error.message).to.match(/node 8: .*too slow.*; node 9: .*too slow/);
    await expectNothing();
  });

  it("takes the segment from its owner while a peer is slow", async () => {
    const asked = Promise.withResolvers<undefined>();
    await peers((request, response) => {
      asked.resolve(undefined);
      drip(request, response);
    });
    const repairing = holdfastErrorOf(create()(VNODE, holding));
    await asked.promise;
    await store.receive(streamOf(data), { root, bytes });
    expect(await store.check(root)).to.equal("whole");
    ending.abort();
    expect((await repairing).code).to.equal("aborted");
    expect(await store.check(root)).to.equal("whole");
  });

  it("says of each node why it could not deliver", async () => {
    await peers((_request, response) => void response.writeHead(403).end());
    const error = await holdfastErrorOf(create()(VNODE, holding));
    expect(error).to.include({ code: "unreachable" });
    expect(error.message).to.match(/node 8: .*status 403; node 9: /);
    await expectNothing();
  });

  it("does not go into our own network unless it is told to", async () => {
    let asked = 0;
    await peers(() => asked++);
    const error = await holdfastErrorOf(create(false)(VNODE, holding));
    expect(error.message).to.include("private address");
    expect(asked).to.equal(0);
  });

  it("asks no node without a usable URL", async () => {
    chain.state = async (vNode) => ({
      ...(await createFakeChain().state(vNode)),
      responsible: vNode === VNODE ? NODE : PEER,
    });
    for (const url of ["", "file:///etc/passwd", "ftp://a.example", "http://[::1]:1", "http://localhost:1"]) {
      chain.node = async (id) => ({ ...(await createFakeChain().node(id)), url });
      expect((await holdfastErrorOf(create(false)(VNODE, holding))).code, url).to.equal("unreachable");
    }
  });

  it("takes addresses of the public internet for public, and no others", () => {
    const inside = [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
      "198.18.0.1",
      "::1",
      "::",
      "fe80::1",
      "fc00::1",
      "fd12::1",
      "ff02::1",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001::1",
      "2001:db8::1",
      "x",
      "",
    ];
    for (const address of inside) expect(isPrivate(address), address).to.equal(true);
    for (const address of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])
      expect(isPrivate(address), address).to.equal(false);
  });

  it("ends at once when the node stops", async () => {
    const asked = Promise.withResolvers<undefined>();
    await peers(() => asked.resolve(undefined));
    const repairing = holdfastErrorOf(create()(VNODE, holding));
    await asked.promise;
    ending.abort();
    expect((await repairing).code).to.be.oneOf(["aborted", "unreachable"]);
    await expectNothing();
  });
});
