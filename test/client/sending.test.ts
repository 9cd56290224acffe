// Transactions of commands: while they wait they are named, raised and sent again. A command that is run again pays nothing twice.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Transaction, Wallet, type Provider } from "ethers";
import { GWEI } from "../../chain/fees.ts";
import { openPending } from "../../client/pending.ts";
import { deliver, isOpen, raised, type Order } from "../../client/sending.ts";
import { createVirtualClock, type VirtualClock } from "../../evidence/world/virtual-clock.ts";
import { errorIn, holdfast, startHoldfast } from "../helpers/cli.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { makeFolder, useFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";

describe("client: a transaction on its way", () => {
  const MAX_FEE = 100n * GWEI;
  const wallet = new Wallet(`0x${"11".repeat(32)}`);
  let clock: VirtualClock;
  let ending: AbortController;
  let sent: string[];
  let told: string[];
  /** Hashes of the mined transactions. */
  let mined: string[];
  let used: number;
  /** Whether the endpoint passes transactions on, and whether it answers. */
  let endpoint: { refuses?: Error; isDown?: boolean };
  beforeEach(() => {
    [clock, ending] = [createVirtualClock(0), new AbortController()];
    [sent, told, mined, used, endpoint] = [[], [], [], 0, {}];
  });
  const reach = <T>(value: T): Promise<T> =>
    endpoint.isDown === true ? Promise.reject(new Error("no connection")) : Promise.resolve(value);
  const provider = {
    broadcastTransaction(raw: string) {
      sent.push(raw);
      return endpoint.refuses ? Promise.reject(endpoint.refuses) : reach({});
    },
    getTransaction: () => Promise.resolve(null),
    getTransactionCount: () => reach(used),
    getTransactionReceipt: (hash: string) => reach(mined.includes(hash) ? { hash, status: 1 } : null),
    getFeeData: () => reach({ maxFeePerGas: 3n * GWEI, maxPriorityFeePerGas: GWEI, gasPrice: 2n * GWEI }),
  } as unknown as Provider;
  const hashOf = (raw = ""): string => Transaction.from(raw).hash ?? "";
  const signed = (): Promise<string> =>
    wallet.signTransaction({
      type: 2,
      chainId: 1n,
      nonce: 0,
      to: wallet.address,
      gasLimit: 21_000n,
      maxFeePerGas: 3n * GWEI,
      maxPriorityFeePerGas: GWEI,
    });
  const raise = async (raw: string): Promise<string | undefined> => {
    const order = await raised(provider, raw, MAX_FEE);
    return order && wallet.signTransaction(order);
  };
  const send = async (order: Partial<Order> = {}) => {
    const waiting = {
      signal: ending.signal,
      patienceMs: 600_000,
      clock,
      tell: (line: string) => told.push(line),
    };
    return deliver(provider, { what: "bond", attempts: [await signed()], ...order }, waiting);
  };

  it("is named when it has waited for two seconds", async () => {
    const sending = send();
    await clock.runUntil(1_500);
    expect(told).to.deep.equal([]);
    await clock.runUntil(2_500);
    expect(told).to.deep.equal([`bond: waits for the transaction ${hashOf(sent[0])}`]);
    mined.push(hashOf(sent[0]));
    await clock.runUntil(3_000);
    expect((await sending)?.status).to.equal(1);
  });

  it("is raised and sent again every half minute, each attempt kept before it leaves, and may be mined as any of them", async () => {
    const kept: number[] = [];
    const keep = (attempts: readonly string[]): Promise<void> => {
      expect(sent).to.not.include(attempts.at(-1));
      kept.push(attempts.length);
      return Promise.resolve();
    };
    const sending = send({ raise, keep });
    await clock.runUntil(65_000);
    expect(kept).to.deep.equal([2, 3]);
    const fees = sent.map((raw) => Transaction.from(raw).maxFeePerGas ?? 0n);
    expect(fees).to.deep.equal(fees.toSorted((a, b) => Number(a - b)));
    expect(new Set(sent.map((raw) => Transaction.from(raw).nonce)).size).to.equal(1);
    mined.push(hashOf(sent[1]));
    await clock.runUntil(66_000);
    expect((await sending)?.hash).to.equal(hashOf(sent[1]));
  });

  it("is never raised above the highest fee", async () => {
    const error = holdfastErrorOf(send({ raise }));
    await clock.runUntil(590_000);
    for (const raw of sent) expect((Transaction.from(raw).maxFeePerGas ?? 0n) <= MAX_FEE).to.equal(true);
    ending.abort();
    await clock.runUntil(591_000);
    expect((await error).code).to.equal("aborted");
  });

  it("is waited for while an endpoint fails", async () => {
    const sending = send();
    await clock.runUntil(1_000);
    endpoint.isDown = true;
    await clock.runUntil(100_000);
    endpoint.isDown = false;
    mined.push(hashOf(sent[0]));
    await clock.runUntil(101_000);
    expect((await sending)?.status).to.equal(1);
  });

  it("is not waited for if it is refused at once", async () => {
    endpoint.refuses = new Error("intrinsic gas too low");
    const error = await holdfastErrorOf(send());
    expect(error.message).to.include("intrinsic gas too low");
    expect(isOpen(error)).to.equal(false);
  });

  it("is given up when another transaction has its nonce", async () => {
    const sending = send();
    used = 1;
    await clock.runUntil(5_000);
    expect(await sending).to.equal(undefined);
  });

  it("ends with the time for it, and says its hash and what to do", async () => {
    const sending = send();
    const error = holdfastErrorOf(sending);
    await clock.runUntil(601_000);
    const { code, message, details } = await error;
    expect([code, details["transaction"]]).to.deep.equal(["chain", hashOf(sent[0])]);
    expect(message).to.include(hashOf(sent[0])).and.include("Run the same command again");
    expect(isOpen(await error)).to.equal(true);
  });

  it("ends at once when the command is stopped, and says the same", async () => {
    const error = holdfastErrorOf(send());
    await clock.runUntil(1_000);
    ending.abort();
    await clock.runUntil(1_000);
    const { code, message } = await error;
    expect(code).to.equal("aborted");
    expect(message).to.include(hashOf(sent[0]));
  });
});

describe("client: what a command leaves", () => {
  const folder = useFolder();
  it("is on disk, by nonce, until it is forgotten", () => {
    const left = openPending(join(folder(), "a"));
    expect(left.all()).to.deep.equal([]);
    const [ten, nine] = [10, 9].map((nonce) => ({ nonce, what: "bond", attempts: ["0x01"] }));
    for (const one of [ten, nine]) if (one) left.keep(one);
    expect(openPending(join(folder(), "a")).all()).to.deep.equal([nine, ten]);
    left.forget(9);
    left.forget(8);
    expect(left.all()).to.deep.equal([ten]);
  });
});

describe("client: a command that is run again", function () {
  this.timeout(60_000);
  let live: LiveChain;
  let proxy: RpcProxy;
  let keys: string;
  before(async () => {
    live = await startLiveChain();
    proxy = await startRpcProxy(live.rpcUrl);
    keys = await makeFolder();
    await writeFile(join(keys, "app"), live.appKey, { mode: 0o600 });
  });
  after(async () => {
    proxy.close();
    await live.close();
    await rm(keys, { recursive: true });
  });
  beforeEach(() => (proxy.swallows = true));
  const createBucket = (...more: string[]): string[] => {
    const where = ["--rpc", proxy.url, "--audits", live.deployment.audits, "--key", join(keys, "app")];
    return ["app", "create-bucket", "1", "--yes", "--json", ...where, ...more];
  };
  const buckets = async (): Promise<number> =>
    (await live.app.events(0)).filter(({ name }) => name === "BucketCreated").length;

  for (const signal of ["SIGINT", "SIGTERM"] as const)
    it(`pays once, if ${signal} stopped it while its transaction was swallowed`, async () => {
      const before = await buckets();
      const first = startHoldfast(...createBucket());
      await first.said("waits for the transaction 0x");
      const told = performance.now();
      first.kill(signal);
      const stopped = await first.done;
      expect(performance.now() - told).to.be.below(10_000);
      expect(stopped.code).to.equal(130);
      expect(errorIn(stopped).message).to.match(/0x[0-9a-f]{64}/);
      proxy.swallows = false;
      const again = await holdfast(...createBucket());
      expect(again.code, again.stderr).to.equal(0);
      expect((await buckets()) - before).to.equal(1);
    });

  it("pays once, if what the first one sent was mined after it had ended", async () => {
    const before = await buckets();
    proxy.swallows = false;
    await live.provider.send("evm_setAutomine", [false]);
    expect((await holdfast(...createBucket("--wait", "1"))).code).to.equal(1);
    await live.provider.send("evm_mine", []);
    await live.provider.send("evm_setAutomine", [true]);
    const again = await holdfast(...createBucket());
    expect(again.code, again.stderr).to.equal(0);
    expect(again.stderr).to.include("an earlier command left the transaction");
    expect((await buckets()) - before).to.equal(1);
  });

  it("pays once, if its time was over", async () => {
    const before = await buckets();
    const late = await holdfast(...createBucket("--wait", "1"));
    expect(late.code).to.equal(1);
    expect(errorIn(late).message).to.match(/not mined after 1 seconds: the transaction 0x[0-9a-f]{64}/);
    proxy.swallows = false;
    expect((await holdfast(...createBucket())).code).to.equal(0);
    expect((await buckets()) - before).to.equal(1);
    expect((await holdfast(...createBucket())).code, "and once more, when it is done").to.equal(0);
    expect((await buckets()) - before).to.equal(2);
  });

  it("does nothing else before what another one left, and then asks to look again", async () => {
    const before = await buckets();
    await holdfast(...createBucket("--wait", "1"));
    proxy.swallows = false;
    const other = await holdfast(...createBucket("--public"));
    expect(other.code).to.equal(1);
    expect(errorIn(other).message).to.include("of an earlier command is mined now");
    expect((await buckets()) - before).to.equal(1);
    expect((await holdfast(...createBucket("--public"))).code).to.equal(0);
    expect((await buckets()) - before).to.equal(2);
  });
});
