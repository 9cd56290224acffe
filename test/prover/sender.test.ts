// Transactions: one per key and nonce, through every failure and every stop of the node.
import { expect } from "chai";
import { pino } from "pino";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Call } from "../../prover/chain.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createSender, type Sender } from "../../prover/sender.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { createFakeChain, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: sender", () => {
  const folder = useFolder();
  const proof = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n] as const;
  const call = (epoch: number): Call => ({ kind: "prove", vNode: VNODE, epoch, proof: [...proof] });
  let chain: FakeChain;
  let clock: FakeClock;
  let journal: Journal;
  let ending: AbortController;
  let sender: Sender;

  const start = (confirmations = 0): void => {
    ending = new AbortController();
    journal = openJournal(folder());
    const options = { confirmations, bumpAfterMs: 1000, pollMs: 100, signal: ending.signal };
    sender = createSender(options, { chain, journal, clock, log: pino({ level: "silent" }) });
  };
  const restart = (): void => {
    ending.abort();
    journal.close();
    start();
  };
  beforeEach(() => {
    [chain, clock] = [createFakeChain(), createFakeClock()];
    start();
  });
  afterEach(() => {
    ending.abort();
    journal.close();
  });

  it("sends a call once, however often it is asked to", async () => {
    const [one, two] = await Promise.all([sender.send("a", call(1)), sender.send("a", call(1))]);
    expect(one).to.deep.equal({ hash: "hash-1", gasUsed: 21_000 });
    expect(two).to.deep.equal(one);
    expect(await sender.send("a", call(1))).to.deep.equal(one);
    restart();
    expect(await sender.send("a", call(1))).to.deep.equal(one);
    expect(chain.signed).to.have.lengthOf(1);
  });

  it("gives nonces in turn, without a gap, to calls that come together", async () => {
    await Promise.all([1, 2, 3].map((epoch) => sender.send(`k${epoch}`, call(epoch))));
    expect(chain.signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1, 2]);
  });

  it("uses no nonce for a call that would fail", async () => {
    chain.refuse = ({ kind }) => (kind === "prove" ? new HoldfastError("chain", "no") : undefined);
    expect(await errorOf(sender.send("a", call(1)))).to.include({ message: "no" });
    expect(chain.signed).to.deep.equal([]);
  });

  it("has signed bytes in the journal before they leave", async () => {
    chain.broadcast = (transaction) => {
      expect(journal.transaction("a")).to.deep.include({ state: "signed", attempts: [transaction] });
      throw new HoldfastError("unreachable", "crash");
    };
    clock.meanwhile.push(() => ending.abort());
    await errorOf(sender.send("a", call(1)));
    expect(journal.openTransactions()).to.have.lengthOf(1);
  });

  it("sends the same bytes after a stop before they left, and signs nothing new", async () => {
    chain.refuseBroadcast = true;
    clock.meanwhile.push(() => ending.abort());
    expect(await holdfastErrorOf(sender.send("a", call(1)))).to.include({ code: "aborted" });
    chain.refuseBroadcast = false;
    restart();
    await sender.resume();
    expect(chain.broadcasts).to.deep.equal([{ raw: "raw-1", hash: "hash-1" }]);
    expect(chain.signed).to.have.lengthOf(1);
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
  });

  it("finds what was mined while the node was down", async () => {
    chain.autoMine = false;
    clock.meanwhile.push(() => ending.abort());
    await errorOf(sender.send("a", call(1)));
    chain.mine();
    restart();
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    expect([chain.signed.length, chain.mined.length]).to.deep.equal([1, 1]);
  });

  it("gives a new call the nonce after one that is signed and never left", async () => {
    chain.refuseBroadcast = true;
    clock.meanwhile.push(() => ending.abort());
    await errorOf(sender.send("a", call(1)));
    restart();
    const sending = sender.send("b", call(2));
    clock.meanwhile.push(() => (chain.refuseBroadcast = false));
    await Promise.all([sending, sender.resume()]);
    expect(chain.signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
    expect(chain.mined.map((each) => each.kind === "prove" && each.epoch)).to.deep.equal([1, 2]);
  });

  it("raises the fees of a waiting transaction, and accepts the attempt that is mined", async () => {
    chain.autoMine = false;
    for (let i = 0; i < 25; i++) clock.meanwhile.push(() => undefined);
    clock.meanwhile.push(() => chain.mine());
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1++" });
    expect(journal.transaction("a")?.attempts.map(({ raw }) => raw)).to.deep.equal([
      "raw-1",
      "raw-1+",
      "raw-1++",
    ]);
  });

  it("raises what waits for others only when it offers too little by now", async () => {
    chain.autoMine = false;
    const all = ["a", "b", "c"].map((key, i) => sender.send(key, call(i)));
    let isShort = false;
    chain.isShort = ({ hash }) => Promise.resolve(isShort && hash.startsWith("hash-3"));
    const attempts = (): number[] =>
      ["a", "b", "c"].map((key) => journal.transaction(key)?.attempts.length ?? 0);
    const seen: number[][] = [];
    const wait = (times: number): void => {
      for (let i = 0; i < times; i++) clock.meanwhile.push(() => undefined);
    };
    wait(12);
    clock.meanwhile.push(() => (seen.push(attempts()), (isShort = true)));
    wait(10);
    clock.meanwhile.push(() => {
      seen.push(attempts());
      chain.mine();
    });
    await Promise.all(all);
    expect(seen).to.deep.equal([
      [2, 1, 1],
      [3, 1, 2],
    ]);
  });

  it("asks the chain no more for many that wait than for one", async () => {
    chain.autoMine = false;
    let asked = 0;
    const nonces = chain.nonces.bind(chain);
    const receipt = chain.receipt.bind(chain);
    const all = Promise.all(Array.from({ length: 50 }, (_, i) => sender.send(`k${i}`, call(i))));
    let looks = 0;
    const next = (): void => {
      if (journal.openTransactions().length === 50) looks++;
      if (looks === 2) {
        chain.nonces = () => (asked++, nonces());
        chain.receipt = (hash) => (asked++, receipt(hash));
      }
      if (looks < 7) clock.meanwhile.push(next);
      else chain.mine();
    };
    next();
    await all.finally(() => (chain.nonces = nonces));
    expect(asked, "5 looks, and what was mined").to.be.at.most(5 + 1 + 50);
  });

  it("tells what has been open for long", async () => {
    chain.autoMine = false;
    const sending = sender.send("a", call(1));
    const seen: string[][] = [];
    for (let i = 0; i < 3; i++) clock.meanwhile.push(() => seen.push(sender.openFor(200)));
    clock.meanwhile.push(() => chain.mine());
    await sending;
    expect([...seen, sender.openFor(0)]).to.deep.equal([[], [], ["a"], []]);
  });

  it("waits for confirmations, and goes on if a reorganization takes the transaction out", async () => {
    ending.abort();
    journal.close();
    start(2);
    const receipt = chain.receipt.bind(chain);
    let gone = false;
    chain.receipt = (hash) => (gone ? Promise.resolve(undefined) : receipt(hash));
    chain.nonces = () => Promise.resolve({ mined: gone ? 0 : chain.signed.length, pending: 0 });
    clock.meanwhile.push(
      () => (gone = true),
      () => (gone = false),
      () => chain.time++,
      () => void chain.block().then(() => chain.time++),
    );
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    expect(clock.meanwhile).to.deep.equal([]);
  });

  it("gives up a transaction whose nonce another one took, and sends anew when asked again", async () => {
    chain.autoMine = false;
    clock.meanwhile.push(() => (chain.minedNonce = 1));
    expect((await holdfastErrorOf(sender.send("a", call(1)))).message).to.include("second node");
    chain.autoMine = true;
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-2" });
    expect(chain.signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
  });

  it("does not pay for a failing call more than three times", async () => {
    chain.estimate = () => Promise.resolve(1n);
    chain.refuse = () => new Error("reverted");
    for (let i = 0; i < 3; i++)
      expect((await errorOf(sender.send("a", call(1)))).message).to.include("failed");
    expect((await errorOf(sender.send("a", call(1)))).message).to.include("not sent again");
    expect(chain.signed).to.have.lengthOf(3);
  });

  describe("if an endpoint is wrong or behind", () => {
    const never = new Promise<never>(() => undefined);

    it("delivers what was signed and never left, when nobody needs it any more, before what follows it", async () => {
      chain.refuseBroadcast = true;
      clock.meanwhile.push(() => ending.abort());
      await errorOf(sender.send("a", call(1)));
      restart();
      clock.meanwhile.push(() => (chain.refuseBroadcast = false));
      await sender.send("b", call(2));
      expect(chain.mined.map((each) => each.kind === "prove" && each.epoch)).to.deep.equal([1, 2]);
      expect(journal.openTransactions()).to.deep.equal([]);
    });

    it("goes on with the others when one cannot be looked after", async () => {
      const receipt = chain.receipt.bind(chain);
      chain.receipt = (hash) =>
        hash.startsWith("hash-1") ? Promise.reject(new HoldfastError("unreachable", "no")) : receipt(hash);
      const first = sender.send("a", call(1));
      await sender.send("b", call(2));
      chain.receipt = receipt;
      expect(await first).to.include({ hash: "hash-1" });
    });

    it("waits while the chain cannot be reached", async () => {
      const nonces = chain.nonces.bind(chain);
      const sending = sender.send("a", call(1));
      clock.meanwhile.push(
        () => (chain.nonces = () => Promise.reject(new HoldfastError("unreachable", "no"))),
        () => undefined,
        () => (chain.nonces = nonces),
      );
      expect(await sending).to.include({ hash: "hash-1" });
    });

    it("ends with the node while an endpoint says nothing", async () => {
      chain.receipt = () => never;
      const sending = sender.send("a", call(1));
      await new Promise(setImmediate);
      ending.abort();
      expect(await holdfastErrorOf(sending)).to.include({ code: "aborted" });
    });

    it("uses up a nonce whose transaction was not ours and has vanished", async () => {
      const nonces = chain.nonces.bind(chain);
      chain.nonces = () => Promise.resolve({ mined: 0, pending: 1 });
      clock.meanwhile.push(() => (chain.nonces = nonces));
      expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
      expect(chain.signed.map(({ nonce, call: { kind } }) => [nonce, kind])).to.deep.equal([
        [1, "prove"],
        [0, "nothing"],
      ]);
    });

    it("gives no nonce twice when its counts are behind", async () => {
      await sender.send("a", call(1));
      const nonces = chain.nonces.bind(chain);
      chain.nonces = () => Promise.resolve({ mined: 0, pending: 0 });
      clock.meanwhile.push(() => (chain.nonces = nonces));
      await sender.send("b", call(2));
      expect(chain.signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
      expect(chain.mined).to.have.lengthOf(2);
    });

    it("sends the same bytes again after a reorganization took them out, also after a restart", async () => {
      await sender.send("a", call(1));
      for (const begin of [() => undefined, restart]) {
        begin();
        chain.reorganizeTransactions();
        expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
        expect(chain.provenEpochs.has(1)).to.equal(true);
      }
      expect(chain.signed).to.have.lengthOf(1);
    });

    it("sends again what a reorganization took out from below what waits", async () => {
      await sender.send("a", call(1));
      chain.reorganizeTransactions();
      await sender.send("b", call(2));
      expect(chain.signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
      expect([...chain.provenEpochs]).to.deep.equal([1, 2]);
    });

    it("sends anew what the contract still takes, whatever receipt there is", async () => {
      await sender.send("a", call(1));
      chain.provenEpochs.clear();
      chain.time++;
      expect(await sender.send("a", call(1)), "it may be a block behind").to.include({ hash: "hash-1" });
      for (let block = 0; block < 3; block++) {
        await chain.block();
        chain.time++;
      }
      expect(await sender.send("a", call(1))).to.include({ hash: "hash-2" });
      expect(chain.provenEpochs.has(1)).to.equal(true);
    });
  });
});
