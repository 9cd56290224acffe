// What delivery tells its people, when it sends the same bytes again, and when it offers more for them.
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { createDelivery, untilAborted } from "../../chain/delivery.ts";
import type { TransactionState } from "../../chain/transactions.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Call } from "../../prover/chain-model.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createSender, type Sender } from "../../prover/sender.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { createFakeChain, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";

const BUMP = 1000;
const POLL = 100;

describe("chain: delivery", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let clock: FakeClock;
  let journal: Journal;
  let ending: AbortController;
  let logs: Logs;
  let sender: Sender;

  const start = (confirmations = 0): void => {
    [ending, logs] = [new AbortController(), createLogs()];
    journal = openJournal(folder());
    const options = { confirmations, bumpAfterMs: BUMP, pollMs: POLL, signal: ending.signal };
    sender = createSender(options, { chain, journal, clock, log: logs.log });
  };
  const stop = (): void => {
    ending.abort();
    journal.close();
  };
  beforeEach(() => {
    [chain, clock] = [createFakeChain(), createFakeClock()];
    start();
  });
  afterEach(stop);

  const call = (epoch: number): Call => ({
    ...{ kind: "prove", vNode: VNODE, epoch },
    proof: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n],
  });
  const said = () =>
    logs.lines.map((line) =>
      Object.fromEntries(Object.entries(line).filter(([name]) => name !== "level" && name !== "time")),
    );
  const messages = (): unknown[] => logs.lines.map(({ msg }) => msg);
  const keep = (key: string, nonce: number, state: TransactionState): void =>
    journal.setTransaction({ key, nonce, state, attempts: [{ raw: `${key}!`, hash: `0x${key}` }], tries: 1 });
  /** During so many waits, one after the other. */
  const waits = (times: number, work: () => unknown = () => undefined): void => {
    for (let i = 0; i < times; i++) clock.meanwhile.push(work);
  };

  it("says what became of a transaction that nobody waits for", async () => {
    const receipt = chain.receipt.bind(chain);
    keep("good", 0, "sent");
    keep("bad", 1, "sent");
    chain.minedNonce = 2;
    chain.receipt = (hash) =>
      hash === "0xgood" || hash === "0xbad"
        ? Promise.resolve({ hash, block: 0, succeeded: hash === "0xgood", gasUsed: 5 })
        : receipt(hash);
    expect(await sender.send("mine", call(1))).to.include({ hash: "hash-1" });
    expect(journal.transaction("good")).to.deep.include({
      state: "mined",
      mined: { hash: "0xgood", gasUsed: 5 },
    });
    expect(journal.transaction("bad")).to.deep.include({ state: "reverted" });
    expect(said()[0]).to.deep.equal({ key: "good", tx: "0xgood", msg: "delivered" });
    expect(said()[1]).to.deep.include({ key: "bad", msg: "transaction failed" });
    expect((said()[1]?.["err"] as Error).message).to.equal(
      "the transaction bad was mined but failed: look up its hash to see why",
    );
    expect(said(), "who waits is told, and nobody else").to.have.lengthOf(2);
  });

  it("tells who waits why it failed, and does not log that", async () => {
    chain.estimate = () => Promise.resolve(1n);
    chain.refuse = () => new Error("reverted");
    const error = await holdfastErrorOf(sender.send("a", call(1)));
    expect(error).to.include({
      code: "chain",
      message: "the transaction a was mined but failed: look up its hash to see why",
    });
    expect(error.details).to.deep.equal({ key: "a", hash: "hash-1" });
    expect(messages()).to.deep.equal([]);
  });

  it("says once, for each reason, that a transaction is not taken, and sends it until it is", async () => {
    const { broadcast } = chain;
    const reasons = ["no", "no", "full", "full", "no"];
    let tries = 0;
    chain.broadcast = (transaction) => {
      const reason = reasons[tries++];
      expect(journal.transaction("a")?.state).to.equal("signed");
      return reason === undefined
        ? broadcast.call(chain, transaction)
        : Promise.reject(new HoldfastError("unreachable", reason));
    };
    await sender.send("a", call(1));
    expect(tries).to.equal(6);
    expect(messages()).to.deep.equal(Array(3).fill("the endpoint refused a transaction; will try again"));
    expect(said().map(({ key, err }) => [key, (err as Error).message])).to.deep.equal([
      ["a", "no"],
      ["a", "full"],
      ["a", "no"],
    ]);
  });

  it("sends what has left once, until it has waited for long, and again after a restart", async () => {
    chain.autoMine = false;
    waits(9, () => {
      expect(journal.transaction("a")?.state).to.equal("sent");
      expect(chain.broadcasts.map(({ raw }) => raw)).to.deep.equal(["raw-1"]);
    });
    waits(1, () => ending.abort());
    await errorOf(sender.send("a", call(1)));
    stop();
    start();
    waits(1, () => expect(chain.broadcasts.map(({ raw }) => raw)).to.deep.equal(["raw-1", "raw-1"]));
    waits(1, () => chain.mine());
    await sender.resume();
    expect(said()).to.deep.equal([{ key: "a", tx: "hash-1", msg: "delivered after a restart" }]);
  });

  it("offers more once the time is over, to the millisecond", async () => {
    chain.autoMine = false;
    const raws: string[][] = [];
    waits(BUMP / POLL, () => raws.push(chain.broadcasts.map(({ raw }) => raw)));
    waits(1, () => {
      expect(chain.broadcasts.map(({ raw }) => raw)).to.deep.equal(["raw-1", "raw-1+"]);
      chain.mine();
    });
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1+" });
    expect(raws.every((each) => each.length === 1)).to.equal(true);
    expect(said()).to.deep.equal([{ key: "a", tx: "hash-1+", msg: "fee raised" }]);
  });

  it("sends the same again where more would be above the limit, and says so", async () => {
    chain.autoMine = false;
    chain.raiseFees = () => Promise.resolve(undefined);
    waits(BUMP / POLL + 1);
    waits(1, () => chain.mine());
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    expect(chain.broadcasts.map(({ raw }) => raw)).to.deep.equal(["raw-1", "raw-1"]);
    expect(journal.transaction("a")?.attempts).to.have.lengthOf(1);
    const msg = "a transaction waits at the highest allowed fee: allow a higher one if it takes too long";
    expect(said()).to.deep.equal([{ key: "a", msg }]);
  });

  it("says which nonce nobody uses, waits as long as for any, and takes its own for what it is", async () => {
    const nonces = chain.nonces.bind(chain);
    chain.nonces = () => Promise.resolve({ mined: 0, pending: 1 });
    waits(1, () => (chain.nonces = nonces));
    waits(BUMP / POLL - 1, () => expect(chain.signed).to.have.lengthOf(1));
    waits(1, () => expect(chain.signed, "to the millisecond").to.have.lengthOf(2));
    await sender.send("a", call(1));
    const msg = "an unused nonce holds up transactions: filling it with an empty one";
    expect(said()).to.deep.include({ nonce: 0, waits: "a", msg });
    expect(messages()).not.to.include("the chain has lost a mined transaction: sending it again");
    expect(journal.transaction("nothing/0")).to.deep.include({ nonce: 0, tries: 1 });
  });

  it("says what a reorganization took out", async () => {
    await sender.send("a", call(1));
    chain.reorganizeTransactions();
    await sender.send("a", call(1));
    expect(said()[0]).to.deep.equal({
      ...{ key: "a", nonce: 0 },
      msg: "the chain has lost a mined transaction: sending it again",
    });
  });

  it("believes that a nonce is another's at the fourth look, and not if a receipt was there between", async () => {
    const receipt = chain.receipt.bind(chain);
    stop();
    start(1);
    let looks = 0;
    chain.receipt = (hash) => {
      looks++;
      // Three times it is not there; then it is, once, in a block that has none on top; then it is gone for good.
      return looks === 4 ? receipt(hash) : Promise.resolve(undefined);
    };
    const error = await holdfastErrorOf(sender.send("a", call(1)));
    expect(looks).to.equal(8);
    expect(error.code).to.equal("chain");
    expect(error.message).to.equal(
      "another transaction of the same key took the nonce of a: does a second node or auditor use it?",
    );
    expect(error.details).to.deep.equal({ key: "a", nonce: 0 });
    expect(journal.transaction("a")?.state).to.equal("dead");
  });

  it("says once, for each reason, that it cannot look after transactions, and nothing when it ends", async () => {
    const minedCount = chain.minedCount.bind(chain);
    const reasons = ["no", "no", "down", "down", undefined, "down"];
    chain.autoMine = false;
    waits(3);
    let looks = 0;
    chain.minedCount = () => {
      const reason = reasons[looks++];
      if (looks > reasons.length) chain.mine();
      return reason === undefined ? minedCount() : Promise.reject(new HoldfastError("unreachable", reason));
    };
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    const msg = "cannot look after the open transactions; will try again";
    expect(messages()).to.deep.equal(Array(3).fill(msg));
    expect(said().map(({ err }) => (err as Error).message)).to.deep.equal(["no", "down", "down"]);
    chain.minedCount = () => {
      ending.abort();
      return Promise.reject(new HoldfastError("unreachable", "at the end"));
    };
    expect(await holdfastErrorOf(sender.send("b", call(2)))).to.include({ code: "aborted" });
    expect(messages()).to.have.lengthOf(3);
  });

  it("says what failed of what it resumes, and that nothing is resumed of what is over", async () => {
    keep("good", 0, "sent");
    keep("bad", 1, "sent");
    keep("over", 2, "mined");
    chain.minedNonce = 2;
    chain.receipt = (hash) => Promise.resolve({ hash, block: 0, succeeded: hash === "0xgood", gasUsed: 5 });
    await sender.resume();
    expect(messages()).to.deep.equal(["delivered after a restart", "transaction failed"]);
    expect(said()[1]).to.deep.include({ key: "bad" });
    expect(journal.openTransactions()).to.deep.equal([]);
  });

  it("finishes what begins with a prefix, failed or not, and leaves the rest", async () => {
    keep("prove/1", 0, "sent");
    keep("prove/2", 1, "sent");
    keep("answer/1", 2, "sent");
    chain.minedNonce = 2;
    chain.receipt = (hash) =>
      Promise.resolve(
        hash.startsWith("0xprove")
          ? { hash, block: 0, succeeded: hash === "0xprove/1", gasUsed: 5 }
          : undefined,
      );
    await sender.finish("prove/");
    expect(journal.openTransactions().map(({ key }) => key)).to.deep.equal(["answer/1"]);
    ending.abort(); // it would go on with the rest for ever
    expect(messages(), "who has waited knows").to.deep.equal([]);
  });

  it("finds whichever attempt was mined", async () => {
    const attempts = ["first", "second"].map((hash) => ({ raw: hash, hash }));
    journal.setTransaction({ key: "a", nonce: 0, state: "sent", attempts, tries: 1 });
    chain.minedNonce = 1;
    chain.receipt = (hash) =>
      Promise.resolve(hash === "first" ? { hash, block: 0, succeeded: true, gasUsed: 5 } : undefined);
    expect(await sender.send("a", call(1))).to.deep.equal({ hash: "first", gasUsed: 5 });
  });

  it("takes nothing for lost while its receipt is there and only the count is behind", async () => {
    await sender.send("a", call(1));
    const minedCount = chain.minedCount.bind(chain);
    chain.minedCount = () => Promise.resolve(0);
    waits(3);
    waits(1, () => (chain.minedCount = minedCount));
    await sender.send("b", call(2));
    expect(messages()).to.deep.equal([]);
    expect(chain.signed).to.have.lengthOf(2);
  });

  it("goes on with what is signed and has not left, when it is asked for it after a restart", async () => {
    chain.refuseBroadcast = true;
    waits(1, () => ending.abort());
    await errorOf(sender.send("a", call(1)));
    chain.refuseBroadcast = false;
    stop();
    start();
    expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    expect(chain.signed).to.have.lengthOf(1);
  });

  it("ends what it resumes with the node, and says nothing of it", async () => {
    keep("a", 0, "sent");
    chain.autoMine = false;
    waits(2);
    waits(1, () => ending.abort());
    await sender.resume();
    expect(messages()).to.deep.equal([]);
    expect(journal.transaction("a")?.state).to.equal("sent");
  });

  describe("of what a contract takes once", () => {
    /** Mined in a block with so many on top. */
    const mined = async (above: number): Promise<void> => {
      await sender.send("a", call(1));
      const receipt = await chain.receipt("hash-1");
      chain.block = () => Promise.resolve({ number: (receipt?.block ?? 0) + above } as never);
    };

    it("sends nothing again while the contract refuses it a second time", async () => {
      await mined(5);
      chain.estimate = () => Promise.reject(new HoldfastError("chain", "it has it"));
      expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
      expect(chain.signed).to.have.lengthOf(1);
      expect(messages()).to.deep.equal([]);
    });

    it("sends it anew where the contract still takes it two blocks later, and says so", async () => {
      await mined(2);
      chain.estimate = () => Promise.resolve(1n);
      expect(await sender.send("a", call(1))).to.include({ hash: "hash-2" });
      const msg = "the contract does not know a transaction that was mined: sending a new one";
      expect(said()).to.deep.equal([{ key: "a", msg }]);
    });

    it("waits for those two blocks", async () => {
      await mined(1);
      chain.estimate = () => Promise.resolve(1n);
      expect(await sender.send("a", call(1))).to.include({ hash: "hash-1" });
    });

    it("gives up after three that failed, and says of which", async () => {
      chain.estimate = () => Promise.resolve(1n);
      chain.refuse = () => new Error("reverted");
      for (let i = 0; i < 3; i++) await errorOf(sender.send("a", call(1)));
      const error = await holdfastErrorOf(sender.send("a", call(1)));
      expect(error).to.deep.include({ code: "chain", details: { key: "a" } });
    });
  });

  it("says what became of a transaction that is over, to whoever asks later", async () => {
    const options = { confirmations: 0, bumpAfterMs: BUMP, pollMs: POLL, signal: ending.signal };
    const delivery = createDelivery(options, { chain, journal, clock, log: logs.log });
    journal.setTransaction({
      ...{ key: "good", nonce: 0, state: "mined", attempts: [], tries: 1 },
      mined: { hash: "0xgood", gasUsed: 5 },
    });
    for (const [nonce, state] of [
      [1, "reverted"],
      [2, "dead"],
    ] as const)
      keep(state, nonce, state);
    expect(await delivery.outcome("good")).to.deep.equal({ hash: "0xgood", gasUsed: 5 });
    expect((await errorOf(delivery.outcome("reverted"))).message).to.include("was mined but failed");
    expect((await errorOf(delivery.outcome("dead"))).message).to.include("took the nonce of dead");
    const error = await errorOf(delivery.outcome("none"));
    expect(error).to.be.an.instanceOf(RangeError);
    expect(error.message).to.equal('"key" expected one of a transaction, got none');
  });

  it("ends at once for a signal that was there before, and hears none later", async () => {
    const gone = new AbortController();
    gone.abort();
    const never = new Promise<never>(() => undefined);
    const error = await holdfastErrorOf(untilAborted(never, gone.signal));
    expect(error).to.include({ code: "aborted", message: "stopped before it was done" });
    const later = new AbortController();
    expect(await untilAborted(Promise.resolve(5), later.signal)).to.equal(5);
    expect(getEventListeners(later.signal, "abort")).to.deep.equal([]);
  });
});
