// A journal whose disk is full: proofs and reads go on, promises are refused, and nothing is lost once there is room.
import { expect } from "chai";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { withRoom } from "../../prover/roomy-journal.ts";
import { createStore } from "../../prover/store.ts";
import { createDutyBench } from "../helpers/duty-bench.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { VNODE } from "../helpers/fake-chain.ts";
import { faultyFiles } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs } from "../helpers/logs.ts";

const WRITES = new Set<string | symbol>([
  "useRequest",
  "recordSegment",
  "recordUpload",
  "settleUpload",
  "forgetSegment",
  "recordAcceptance",
  "useConsent",
  "recordForeign",
  "setProof",
  "setAnswer",
  "setTransaction",
]);

describe("prover: journal without room", () => {
  const folder = useFolder();
  const disk: { code: string | undefined } = { code: undefined };
  let inner: Journal;
  let journal: Journal;
  let logs: ReturnType<typeof createLogs>;

  const failing = (real: Journal): Journal =>
    new Proxy(real, {
      get: (target, name) =>
        WRITES.has(name) && disk.code !== undefined
          ? () => {
              throw Object.assign(new Error("database or disk is full"), { code: disk.code });
            }
          : (Reflect.get(target, name) as unknown),
    });
  /** Methods are looked up when they are called. */
  const late = (real: Journal): Journal =>
    Object.fromEntries(
      Object.keys(real).map((name) => [
        name,
        (...args: unknown[]): unknown =>
          Reflect.apply(Reflect.get(failing(real), name) as () => unknown, real, args),
      ]),
    ) as unknown as Journal;

  beforeEach(() => {
    disk.code = undefined;
    logs = createLogs();
    inner = openJournal(folder());
    journal = withRoom(late(inner), logs.log);
  });
  afterEach(() => {
    disk.code = undefined;
    inner.close();
  });
  const tried = (work: () => unknown): Promise<unknown> => Promise.resolve().then(work);
  const transaction = { key: "prove/7/5", nonce: 3, state: "sent", attempts: [], tries: 1 } as const;

  for (const code of ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_READONLY"])
    it(`keeps what it cannot write, and writes it when it can: ${code}`, () => {
      journal.setProof({ vNode: 7n, epoch: 4, state: "planned" });
      disk.code = code;
      journal.setProof({ vNode: 7n, epoch: 4, state: "mined" });
      journal.setProof({ vNode: 7n, epoch: 5, state: "planned" });
      journal.setAnswer({ challenge: 9n, state: "planned" });
      journal.setTransaction({ ...transaction, state: "signed" });
      journal.setTransaction(transaction);
      expect(journal.proof(7n, 4)?.state).to.equal("mined");
      expect(journal.proof(7n, 5)?.state).to.equal("planned");
      expect(journal.answer(9n)?.state).to.equal("planned");
      expect(journal.transaction(transaction.key)).to.include({ state: "sent", nonce: 3 });
      expect(journal.openTransactions()).to.have.lengthOf(1);
      expect(inner.openTransactions()).to.deep.equal([]);
      disk.code = undefined;
      journal.setProof({ vNode: 7n, epoch: 6, state: "planned" });
      for (const [epoch, state] of [
        [4, "mined"],
        [5, "planned"],
        [6, "planned"],
      ] as const)
        expect(inner.proof(7n, epoch)?.state).to.equal(state);
      expect(inner.answer(9n)?.state).to.equal("planned");
      expect(inner.openTransactions()).to.have.lengthOf(1);
      const said = logs.lines.filter(
        ({ msg }) => msg === "the journal's disk is full: the node goes on in memory; free some space",
      );
      expect(said.map(({ err }) => (err as { code: string }).code)).to.deep.equal([code]);
      inner.setProof({ vNode: 7n, epoch: 5, state: "mined" });
      expect(journal.proof(7n, 5)?.state, "memory has nothing that is written").to.equal("mined");
    });

  it("does not take a transaction that is done for open because the disk says so", () => {
    journal.setTransaction(transaction);
    disk.code = "SQLITE_FULL";
    journal.setTransaction({ ...transaction, state: "mined" });
    expect(journal.openTransactions()).to.deep.equal([]);
  });

  it("gives no nonce twice that only memory knows, and knows whose it is", () => {
    journal.setTransaction(transaction);
    disk.code = "SQLITE_FULL";
    journal.setTransaction({ ...transaction, key: "prove/7/6", nonce: 4 });
    expect(journal.nextNonce()).to.equal(5);
    expect(journal.transactionAt(4)?.key).to.equal("prove/7/6");
    journal.setTransaction({ ...transaction, state: "dead" });
    expect(journal.transactionAt(3), "its nonce is another's").to.equal(undefined);
  });

  it("takes a request once, whether its disk is full before, meanwhile or after", () => {
    expect(journal.useRequest("a", 1n, 100, 50)).to.equal(true);
    disk.code = "SQLITE_FULL";
    expect(journal.useRequest("a", 1n, 100, 50)).to.equal(false);
    expect(journal.useRequest("a", 2n, 100, 50)).to.equal(true);
    expect(journal.useRequest("a", 2n, 100, 50)).to.equal(false);
    disk.code = undefined;
    expect(journal.useRequest("a", 2n, 100, 50)).to.equal(false);
    expect(journal.useRequest("b", 2n, 100, 50)).to.equal(true);
  });

  it("remembers requests until they have expired, and no longer", () => {
    disk.code = "SQLITE_FULL";
    for (let nonce = 0n; nonce < 1024n; nonce++) journal.useRequest("a", nonce, nonce < 2n ? 100 : 500, 50);
    expect(journal.useRequest("a", 0n, 500, 100), "not before").to.equal(false);
    expect(journal.useRequest("b", 0n, 500, 101), "when there are many").to.equal(true);
    expect(journal.useRequest("a", 1n, 500, 101), "not each time").to.equal(false);
    for (let nonce = 1n; nonce < 1024n; nonce++) journal.useRequest("b", nonce, 500, 101);
    expect(journal.useRequest("b", 1024n, 500, 101)).to.equal(true);
    expect(journal.useRequest("a", 0n, 500, 101), "who is forgotten may come again").to.equal(true);
    expect(journal.useRequest("a", 0n, 500, 101)).to.equal(false);
    expect(journal.useRequest("a", 2n, 500, 101), "what has not expired").to.equal(false);
  });

  it("fails a request for any other reason than room", async () => {
    disk.code = "SQLITE_CORRUPT";
    expect(await errorOf(tried(() => journal.useRequest("a", 1n, 100, 50)))).to.include({
      code: "SQLITE_CORRUPT",
    });
    disk.code = undefined;
    expect(journal.useRequest("a", 1n, 100, 50), "it was not taken").to.equal(true);
  });

  it("forgets and settles when there is room again, each as often as it was told to", () => {
    const upload = (bucket: bigint, root: Hex) =>
      ({ account: "0xa", vNode: VNODE, bucket, root, price: 1n }) as const;
    const uploads = [upload(1n, "0x1"), upload(2n, "0x1"), upload(1n, "0x2")];
    for (const each of uploads) journal.recordUpload(each, 1, 1);
    disk.code = "SQLITE_FULL";
    for (const each of uploads.slice(0, 2)) journal.settleUpload(each);
    for (const root of ["0x2", "0x3"] as const) journal.forgetSegment(root);
    expect(inner.unpaid("0xa")).to.have.lengthOf(3);
    disk.code = undefined;
    journal.setAnswer({ challenge: 9n, state: "planned" });
    expect(inner.unpaid("0xa")).to.deep.equal([]);
    expect(inner.storedRoots()).to.deep.equal(["0x1"]);
  });

  it("takes a consent for signed while it cannot note its use, and notes it later", () => {
    const terms = { vNode: VNODE, bucket: 1n, epochs: 1n, rent: 1n, deadline: 9n, segments: [] };
    journal.recordAcceptance({ ...terms, consents: ["x", "x"], payer: "0xa", costs: [2n, 3n] });
    disk.code = "SQLITE_FULL";
    expect([1, 2].map((nth) => journal.useConsent("x", nth))).to.deep.equal([true, true]);
    disk.code = undefined;
    expect(journal.useConsent("y", 1), "which was not signed").to.equal(false);
    expect(inner.unused("0xa")).to.deep.equal({ count: 0, cost: 0n });
  });

  it("says again that it has no room only after there was some", () => {
    const said = (): number =>
      logs.lines.filter(({ msg }) => String(msg).startsWith("the journal's disk is full")).length;
    for (const times of [1, 2]) {
      disk.code = "SQLITE_FULL";
      for (const epoch of [5, 6, 5]) journal.setProof({ vNode: 7n, epoch, state: "planned" });
      expect(said()).to.equal(times);
      disk.code = undefined;
      journal.setProof({ vNode: 7n, epoch: 7, state: "planned" });
      expect([5, 6, 7].map((epoch) => inner.proof(7n, epoch)?.state)).to.deep.equal(Array(3).fill("planned"));
    }
  });

  it("lists open transactions by nonce, whether memory or the disk has them", () => {
    const open = (key: string, nonce: number, state: "signed" | "sent" | "mined" = "sent") =>
      ({ ...transaction, key, nonce, state }) as const;
    journal.setTransaction(open("b", 4));
    journal.setTransaction(open("d", 6, "signed"));
    disk.code = "SQLITE_FULL";
    journal.setTransaction(open("c", 5, "signed"));
    journal.setTransaction(open("a", 3));
    journal.setTransaction(open("d", 6, "mined"));
    const keys = () => journal.openTransactions().map(({ key }) => key);
    expect(keys()).to.deep.equal(["a", "b", "c"]);
    expect(journal.nextNonce()).to.equal(7);
    expect([3, 4, 6, 7].map((nonce) => journal.transactionAt(nonce)?.state)).to.deep.equal([
      ...["sent", "sent", "mined"],
      undefined,
    ]);
    disk.code = undefined;
    journal.setTransaction(open("e", 8));
    expect(inner.openTransactions().map(({ key }) => key)).to.deep.equal(["a", "b", "c", "e"]);
    expect(journal.nextNonce()).to.equal(9);
  });

  it("promises nothing that it cannot write", async () => {
    disk.code = "SQLITE_FULL";
    const segment = await holdfastErrorOf(tried(() => journal.recordSegment("0x1", 1, 1)));
    expect(segment.message).to.include("the node's disk is full");
    expect(segment.cause).to.include({ code: "SQLITE_FULL" });
    const record = { account: "0xa", vNode: VNODE, bucket: 1n, root: "0x1", price: 1n } as const;
    const upload = holdfastErrorOf(tried(() => journal.recordUpload(record, 1, 1)));
    expect((await upload).code).to.equal("disk-full");
    const terms = {
      vNode: VNODE,
      bucket: 1n,
      epochs: 1n,
      rent: 1n,
      deadline: 9n,
      segments: [],
      consents: [],
    };
    const acceptance = holdfastErrorOf(tried(() => journal.recordAcceptance(terms)));
    expect((await acceptance).code).to.equal("disk-full");
    disk.code = "SQLITE_CORRUPT";
    const broken = await errorOf(tried(() => journal.recordSegment("0x1", 1, 1)));
    expect(broken).to.include({ code: "SQLITE_CORRUPT" });
  });

  it("raises the alarm, once, at an acceptance of somebody else, and remembers it", () => {
    const foreign = { consent: "x", vNode: VNODE, serial: 1, time: 9, operator: "0x1" };
    disk.code = "SQLITE_FULL";
    expect(journal.recordForeign(foreign)).to.equal(true);
    expect(journal.recordForeign(foreign)).to.equal(false);
    expect(journal.foreign("0x1")).to.deep.equal([foreign]);
    expect(journal.foreign("0x2")).to.deep.equal([]);
    disk.code = undefined;
    journal.setAnswer({ challenge: 9n, state: "planned" });
    expect(inner.foreign("0x1")).to.deep.equal([foreign]);
    expect(journal.foreign("0x1")).to.deep.equal([foreign]);
    expect(journal.recordForeign(foreign)).to.equal(false);
  });

  it("remembers each of several, while it has no room and when it has", () => {
    const each = [1, 2].map((serial) => ({ consent: "x", vNode: VNODE, serial, time: 9, operator: "0x1" }));
    disk.code = "SQLITE_FULL";
    expect(each.map((foreign) => journal.recordForeign(foreign))).to.deep.equal([true, true]);
    expect(journal.foreign("0x1")).to.have.deep.members(each);
    disk.code = undefined;
    journal.setAnswer({ challenge: 9n, state: "planned" });
    expect(inner.foreign("0x1")).to.have.deep.members(each);
  });

  it("hides no other failure", async () => {
    disk.code = "SQLITE_CORRUPT";
    const error = await errorOf(tried(() => journal.setProof({ vNode: 1n, epoch: 1, state: "planned" })));
    expect(error).to.include({ code: "SQLITE_CORRUPT" });
  });

  it("keeps no proof from being made and sent while the disk takes nothing", async () => {
    inner.close();
    const bench = await createDutyBench(folder());
    const root = await bench.put(1);
    bench.chain.time = 80;
    bench.chain.store({ root, leaves: 5 });
    bench.chain.time = 100;
    const faults = faultyFiles();
    const store = await createStore(
      { folder: folder(), profile: PROFILES.tiny, quotaBytes: 1e6, reserveBytes: 0 },
      { engine: referenceEngine, files: faults },
    );
    disk.code = "SQLITE_FULL";
    faults.fail = { method: "write", code: "ENOSPC" };
    const full = withRoom(late(bench.journal), logs.log);
    const duties = bench.create({}, { store, journal: full });
    await bench.lookOnce(duties);
    expect(bench.chain.mined.map(({ kind }) => kind)).to.deep.equal(["prove"]);
    expect(full.proof(VNODE, 5)?.state).to.equal("mined");
    bench.end();
    inner = openJournal(folder());
  });
});
