// What a node remembers across a crash, and that only one node uses a journal.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32 } from "../../protocol/field.ts";
import { openJournal, type Journal, type TransactionRecord, type Upload } from "../../prover/journal.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: journal", () => {
  const folder = useFolder();
  let journal: Journal;
  beforeEach(() => (journal = openJournal(folder())));
  afterEach(() => journal.close());
  const reopen = (): void => {
    journal.close();
    journal = openJournal(folder());
  };
  const [root, other] = [toHex32(9n), toHex32(10n)];
  const terms = {
    vNode: 1n,
    bucket: 2n,
    epochs: 3n,
    rent: 4n,
    deadline: 500n,
    segments: [{ root, leaves: 2 }],
    consents: ["one"],
  };

  const tried = (work: () => unknown): Promise<unknown> => Promise.resolve().then(work);

  it("refuses a second node on its folder, and takes one once the first is gone", async () => {
    const error = await holdfastErrorOf(tried(() => openJournal(folder())));
    expect(error.message).to.include(`another node is using the data folder ${folder()}`);
    expect(error).to.deep.include({ code: "locked", details: { folder: folder() } });
    expect(error.cause).to.have.property("code", "SQLITE_BUSY");
    reopen();
  });

  it("says why it cannot be opened: no folder, or a file of something else", async () => {
    const missing = join(folder(), "missing");
    const error = await holdfastErrorOf(tried(() => openJournal(missing)));
    expect(error.message).to.match(/the journal in .*missing cannot be opened: .*directory does not exist/);
    expect(error).to.deep.include({ code: "io", details: { folder: missing } });
    expect(error.cause).to.be.an.instanceOf(TypeError);
    const [other, file] = [join(folder(), "other"), join(folder(), "other", "journal.sqlite")];
    await mkdir(other);
    await writeFile(file, "no database ".repeat(100));
    const wrong = await holdfastErrorOf(tried(() => openJournal(other)));
    expect(wrong.code).to.equal("io");
    expect(wrong.message).to.include("file is not a database");
    await rm(file); // nobody has it open
    openJournal(other).close();
  });

  it("finds what an earlier version has kept of itself, by name", () => {
    journal.beganAt(100);
    journal.claim({ chainId: 1n, registry: "0xa", node: 1n });
    journal.close();
    const db = new Database(join(folder(), "journal.sqlite"));
    expect(db.prepare("SELECT key FROM meta ORDER BY key").pluck().all()).to.deep.equal([
      ...["began", "nonces", "owner"],
    ]);
    db.close();
    journal = openJournal(folder());
  });

  it("writes ahead, so that a crash in the middle of a commit loses nothing", () => {
    journal.close();
    const db = new Database(join(folder(), "journal.sqlite"));
    expect(db.pragma("journal_mode", { simple: true })).to.equal("wal");
    db.close();
    journal = openJournal(folder());
  });

  it("refuses another node, chain or deployment on its folder", () => {
    const own = { chainId: 1n, registry: "0xa", node: 1n };
    expect(journal.isClaimed).to.equal(false);
    journal.claim(own);
    reopen();
    expect(journal.isClaimed).to.equal(true);
    journal.claim(own);
    const details = { folder: folder(), owner: "node 1 of 0xa on chain 1" };
    for (const change of [{ chainId: 2n }, { registry: "0xb" }, { node: 2n }])
      expect(() => journal.claim({ ...own, ...change }))
        .to.throw(HoldfastError, /belongs to node 1 of 0xa on chain 1, but this is node \d of/)
        .with.deep.include({ code: "bad-input", details });
  });

  it("takes a request's nonce once per signer, also after a restart, until it has expired", () => {
    expect(journal.useRequest("0xa", 1n, 200, 100)).to.equal(true);
    expect(journal.useRequest("0xa", 1n, 200, 100)).to.equal(false);
    expect(journal.useRequest("0xb", 1n, 200, 100)).to.equal(true);
    reopen();
    expect(journal.useRequest("0xa", 1n, 200, 200)).to.equal(false);
    expect(journal.useRequest("0xa", 1n, 300, 201)).to.equal(true);
  });

  it("never gives an acceptance's nonce twice: after a restart, or with a new journal", () => {
    const nonces = [journal.recordAcceptance(terms), journal.recordAcceptance(terms)];
    reopen();
    nonces.push(journal.recordAcceptance(terms));
    const [first = 0n] = nonces;
    expect(nonces, "words of 256 are filled").to.deep.equal([first, first + 1n, first + 2n]);
    expect(nonces.every((nonce) => nonce > 2n ** 40n && nonce < 2n ** 256n)).to.equal(true);
  });

  it("names accepted roots until their acceptance has expired", () => {
    journal.recordAcceptance(terms);
    reopen();
    expect([...journal.acceptedRoots(500)]).to.deep.equal([root]);
    expect([...journal.acceptedRoots(501)]).to.deep.equal([]);
  });

  it("keeps an acceptance for a week after its deadline, for people to look at", () => {
    const WEEK = 7n * 24n * 3600n;
    journal.recordAcceptance(terms);
    journal.recordAcceptance({ ...terms, segments: [{ root: other, leaves: 2 }], deadline: 500n + WEEK });
    expect([...journal.acceptedRoots(0)]).to.deep.equal([root, other]);
    journal.recordAcceptance({ ...terms, segments: [], deadline: 501n + WEEK });
    expect([...journal.acceptedRoots(0)]).to.deep.equal([other]);
  });

  it("knows a consent as often as it was signed, the used ones for ever, the others until they are long over", () => {
    journal.recordAcceptance(terms);
    journal.recordAcceptance({ ...terms, consents: ["one", "two"] });
    expect(journal.useConsent("one", 1)).to.equal(true);
    reopen();
    expect(["one", "two", "three"].map((consent) => journal.useConsent(consent, 1))).to.deep.equal([
      true,
      true,
      false,
    ]);
    journal.recordAcceptance({ ...terms, deadline: 500n + 8n * 24n * 3600n, consents: [] });
    expect([1, 2].map((nth) => journal.useConsent("one", nth))).to.deep.equal([true, false]);
    expect(journal.useConsent("two", 1)).to.equal(true);
  });

  it("tells whether a directory may still grow by what was signed", () => {
    journal.recordAcceptance({ ...terms, vNode: 2n, segments: [] });
    expect(journal.mayBeUsed(2n, 500), "a segment only goes on").to.equal(false);
    journal.recordAcceptance(terms);
    expect([journal.mayBeUsed(1n, 500), journal.mayBeUsed(1n, 501)]).to.deep.equal([true, false]);
    expect(journal.mayBeUsed(3n, 500)).to.equal(false);
  });

  it("keeps when it began, and each foreign acceptance once", () => {
    expect(journal.beganAt(100)).to.equal(100);
    const record = { consent: "x", vNode: 1n, serial: 2, time: 300, operator: "0xa" };
    expect(journal.recordForeign(record)).to.equal(true);
    reopen();
    expect(journal.beganAt(200)).to.equal(100);
    expect(journal.recordForeign(record)).to.equal(false);
    expect(journal.foreign("0xa")).to.deep.equal([record]);
    expect(journal.foreign("0xb")).to.deep.equal([]);
  });

  it("lists foreign acceptances in the order of time", () => {
    const record = { consent: "x", vNode: 1n, serial: 2, operator: "0xa" };
    for (const time of [300, 100, 200]) journal.recordForeign({ ...record, time });
    expect(journal.foreign("0xa").map(({ time }) => time)).to.deep.equal([100, 200, 300]);
  });

  const upload = (bucket: bigint): Upload => ({ account: "0xa", vNode: 1n, bucket, root, price: 5n });

  it("tells for which bucket a segment was uploaded, and when", () => {
    journal.recordUpload(upload(2n), 100, 1000);
    journal.recordSegment(other, 100, 1000);
    reopen();
    expect(journal.isUploaded(root, 2n)).to.equal(true);
    expect(journal.isUploaded(root, 3n)).to.equal(false);
    expect(journal.isUploaded(other, 2n)).to.equal(false);
    journal.recordUpload(upload(3n), 100, 2000);
    expect(journal.storedAt(root)).to.equal(2000);
    journal.forgetSegment(root);
    expect(journal.isUploaded(root, 2n)).to.equal(false);
    expect(journal.storedAt(root)).to.equal(undefined);
    expect(journal.storedRoots()).to.deep.equal([other]);
  });

  it("knows what of an account's uploads is not paid for, until that is gone or paid", () => {
    for (const bucket of [2n, 2n, 3n]) journal.recordUpload(upload(bucket), 100, 1000);
    reopen();
    expect(journal.unpaid("0xa")).to.deep.equal([upload(2n), upload(3n)]);
    expect(journal.unpaid("0xb")).to.deep.equal([]);
    journal.settleUpload(upload(2n));
    expect(journal.unpaid("0xa")).to.deep.equal([upload(3n)]);
    journal.forgetSegment(root);
    expect(journal.unpaid("0xa")).to.deep.equal([]);
  });

  it("lets nobody keep what is not paid for by uploading it again and again", () => {
    journal.recordUpload(upload(2n), 100, 1000);
    journal.recordUpload(upload(2n), 100, 1000 + 24 * 3600 - 1);
    expect(journal.storedAt(root)).to.equal(1000 + 24 * 3600 - 1);
    for (const days of [1, 1.9]) journal.recordUpload(upload(2n), 100, 1000 + days * 24 * 3600);
    expect(journal.storedAt(root)).to.equal(1000 + 24 * 3600 - 1);
    journal.recordUpload(upload(2n), 100, 1000 + 2 * 24 * 3600); // others have kept it meanwhile
    expect(journal.storedAt(root)).to.equal(1000 + 2 * 24 * 3600);
  });

  it("counts what a payer has not used, lapsed or not, and forgets it after a day", () => {
    const terms = {
      bucket: 2n,
      vNode: 1n,
      segments: [{ root, leaves: 1 }],
      epochs: 1n,
      rent: 1n,
      consents: ["x", "y"],
      payer: "0xa",
      costs: [3n, 10n ** 30n],
    };
    journal.recordAcceptance({ ...terms, deadline: 1000n });
    reopen();
    expect(journal.unused("0xa")).to.deep.equal({ count: 2, cost: 3n + 10n ** 30n });
    expect(journal.unused("0xb")).to.deep.equal({ count: 0, cost: 0n });
    journal.useConsent("y", 1);
    expect(journal.unused("0xa")).to.deep.equal({ count: 1, cost: 3n });
    journal.recordAcceptance({ ...terms, payer: "0xb", deadline: 1000n + 24n * 3600n });
    expect(journal.unused("0xa").count, "just a day").to.equal(1);
    journal.recordAcceptance({ ...terms, payer: "0xb", deadline: 1001n + 24n * 3600n });
    expect(journal.unused("0xa")).to.deep.equal({ count: 0, cost: 0n });
    expect(journal.useConsent("y", 1)).to.equal(true); // what is used is never forgotten
  });

  it("counts a consent that costs nothing", () => {
    journal.recordAcceptance({ ...terms, payer: "0xa" });
    expect(journal.unused("0xa")).to.deep.equal({ count: 1, cost: 0n });
  });

  it("goes on with a journal that does not say who asked for what", () => {
    journal.close();
    const old = new Database(join(folder(), "journal.sqlite"));
    old.exec(
      `DROP INDEX unused_by_payer; ALTER TABLE consents DROP COLUMN payer; ALTER TABLE consents DROP COLUMN cost;
       INSERT INTO consents (consent, deadline) VALUES ('x', 1000)`,
    );
    old.close();
    journal = openJournal(folder());
    expect(journal.useConsent("x", 1)).to.equal(true);
    expect(journal.unused("0xa").count).to.equal(0);
  });

  it("has a proof again after a restart", () => {
    const result = {
      proof: { pi_a: ["1"], pi_b: [["2"]], pi_c: ["3"], protocol: "groth16", curve: "bn128" },
      publicSignals: ["4"],
      witnessMs: 5,
      proveMs: 6,
    };
    journal.setProof({ vNode: 1n, epoch: 5, state: "planned" });
    expect(journal.proof(1n, 5)).to.deep.equal({ vNode: 1n, epoch: 5, state: "planned", result: undefined });
    journal.setProof({ vNode: 1n, epoch: 5, state: "proved", result });
    reopen();
    expect(journal.proof(1n, 5)).to.deep.equal({ vNode: 1n, epoch: 5, state: "proved", result });
    expect(journal.proof(1n, 6)).to.equal(undefined);
  });

  it("has a challenge's answer again after a restart, and the 1,024 newest that are over", () => {
    journal.setAnswer({ challenge: 1n, state: "planned" });
    journal.setAnswer({ challenge: 2n, state: "mined" });
    journal.close();
    const db = new Database(join(folder(), "journal.sqlite"));
    // In one commit.
    db.exec(`WITH RECURSIVE ids (id) AS (SELECT 10 UNION ALL SELECT id + 1 FROM ids WHERE id < 1033)
             INSERT INTO answers (challenge, state) SELECT id, 'mined' FROM ids`);
    db.close();
    journal = openJournal(folder());
    expect(journal.answer(2n)).to.deep.equal({ challenge: 2n, state: "mined", result: undefined });
    journal.setAnswer({ challenge: 5000n, state: "planned" });
    expect(journal.answer(1n)?.state, "it is still owed").to.equal("planned");
    expect(journal.answer(2n)).to.equal(undefined);
    expect(journal.answer(10n)?.state).to.equal("mined");
    const result = {
      proof: { pi_a: ["1"], pi_b: [["2"]], pi_c: ["3"], protocol: "groth16", curve: "bn128" },
      ...{ publicSignals: ["4"], witnessMs: 5, proveMs: 6 },
    };
    journal.setAnswer({ challenge: 5000n, state: "proved", result });
    expect(journal.answer(5000n)).to.deep.equal({ challenge: 5000n, state: "proved", result });
  });

  it("forgets what has long been over, and nothing that is not", () => {
    const attempts = [{ raw: "0x01", hash: "0x02" }];
    const base = { attempts, tries: 1, mined: undefined };
    journal.setTransaction({ ...base, key: "open", nonce: 0, state: "sent" });
    journal.setTransaction({ ...base, key: "over", nonce: 1, state: "mined" });
    journal.setProof({ vNode: 1n, epoch: 5, state: "mined" });
    journal.setTransaction({ ...base, key: "later", nonce: 1025, state: "mined" });
    journal.setProof({ vNode: 1n, epoch: 69, state: "mined" });
    expect([journal.transaction("over")?.state, journal.proof(1n, 5)?.state]).to.deep.equal([
      "mined",
      "mined",
    ]);
    journal.setTransaction({ ...base, key: "last", nonce: 1026, state: "mined" });
    journal.setProof({ vNode: 1n, epoch: 70, state: "mined" });
    expect([journal.transaction("over"), journal.proof(1n, 5)]).to.deep.equal([undefined, undefined]);
    expect(journal.transaction("open")?.state).to.equal("sent");
  });

  it("lists what is signed or sent by nonce, and nothing that is final", () => {
    const base = { attempts: [{ raw: "0x01", hash: "0x02" }], tries: 1, mined: undefined };
    const record = (key: string, nonce: number, state: TransactionRecord["state"]): TransactionRecord => ({
      ...base,
      key,
      nonce,
      state,
    });
    for (const each of [record("b", 2, "sent"), record("a", 1, "signed")]) journal.setTransaction(each);
    for (const [i, state] of (["mined", "reverted", "dead"] as const).entries())
      journal.setTransaction(record(state, i, state));
    reopen();
    expect(journal.openTransactions()).to.deep.equal([record("a", 1, "signed"), record("b", 2, "sent")]);
    journal.setTransaction({ ...record("a", 1, "mined"), mined: { hash: "0x02", gasUsed: 7 } });
    expect(journal.transaction("a")?.mined).to.deep.equal({ hash: "0x02", gasUsed: 7 });
  });

  it("gives no nonce twice, and knows who had one and did not lose it", () => {
    expect(journal.nextNonce()).to.equal(0);
    const base = { attempts: [], tries: 1, mined: undefined };
    journal.setTransaction({ ...base, key: "a", nonce: 4, state: "dead" });
    journal.setTransaction({ ...base, key: "b", nonce: 3, state: "mined" });
    expect(journal.nextNonce()).to.equal(5);
    expect([3, 4, 5].map((nonce) => journal.transactionAt(nonce)?.key)).to.deep.equal([
      "b",
      undefined,
      undefined,
    ]);
  });
});
