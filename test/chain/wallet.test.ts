// What a key signs, what it offers for it, and what an endpoint's answer to a transaction means.
import { expect } from "chai";
import { makeError, Transaction, Wallet, type JsonRpcProvider } from "ethers";
import { GWEI } from "../../chain/fees.ts";
import { createWallet } from "../../chain/wallet.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const MAX_FEE = 100n * GWEI;
const TO = `0x${"ab".repeat(20)}`;

/** An endpoint that answers what the test says. */
function createEndpoint() {
  const quote = {
    maxFeePerGas: 20n * GWEI,
    maxPriorityFeePerGas: 2n * GWEI,
    gasPrice: (11n * GWEI) as bigint | null,
  };
  return {
    quote,
    known: undefined as object | undefined,
    refusal: undefined as Error | undefined,
    receipt: null as object | null,
    sent: [] as unknown[],
    estimated: [] as object[],
    getFeeData() {
      return Promise.resolve(quote);
    },
    getBlockNumber: () => Promise.resolve(7),
    getTransactionCount: (_: string, tag: string) => Promise.resolve(tag === "latest" ? 3 : 5),
    estimateGas(transaction: object) {
      this.estimated.push(transaction);
      return Promise.resolve(50_000n);
    },
    send(method: string, params: unknown[]) {
      this.sent.push([method, ...params]);
      return this.refusal ? Promise.reject(this.refusal) : Promise.resolve("0x");
    },
    getTransaction() {
      return Promise.resolve(this.known ?? null);
    },
    getTransactionReceipt() {
      return Promise.resolve(this.receipt);
    },
  };
}

describe("chain: wallet", () => {
  const wallet = new Wallet(`0x${"11".repeat(32)}`);
  let endpoint: ReturnType<typeof createEndpoint>;
  let chain: ReturnType<typeof createWallet<{ readonly kind: "call" }>>;
  beforeEach(() => {
    endpoint = createEndpoint();
    const options = { wallet, chainId: 31337n, maxFeePerGas: MAX_FEE, gasMargin: 120n, errors: [] };
    const transactionOf = () => ({ to: TO, data: "0x1234" });
    chain = createWallet({ ...options, transactionOf, provider: endpoint as unknown as JsonRpcProvider });
  });
  const sign = (gas = 50_000n) => chain.sign({ kind: "call" }, { nonce: 4, gas });

  it("signs a call for its chain, with room for more gas than was estimated", async () => {
    const { raw, hash } = await sign();
    const { from, to, data, nonce, chainId, gasLimit, type } = Transaction.from(raw);
    expect({ from, to: to?.toLowerCase(), data, nonce, chainId, gasLimit, type }).to.deep.equal({
      ...{
        from: wallet.address,
        to: TO,
        data: "0x1234",
        nonce: 4,
        chainId: 31337n,
        gasLimit: 60_000n,
        type: 2,
      },
    });
    expect(hash).to.equal(Transaction.from(raw).hash);
    expect(await chain.estimate({ kind: "call" })).to.equal(50_000n);
    expect(endpoint.estimated).to.deep.equal([{ to: TO, data: "0x1234", from: wallet.address }]);
  });

  it("asks for no more gas than a transaction may have", async () => {
    expect(Transaction.from((await sign(16_777_216n)).raw).gasLimit).to.equal(16_777_216n);
  });

  it("uses up a nonce by sending itself nothing", async () => {
    const { raw } = await chain.sign({ kind: "nothing" }, { nonce: 9, gas: 21_000n });
    const { to, data, value, nonce } = Transaction.from(raw);
    expect({ to, data, value, nonce }).to.deep.equal({ to: wallet.address, data: "0x", value: 0n, nonce: 9 });
  });

  it("raises both fees of the same transaction by enough to replace it", async () => {
    const before = Transaction.from((await sign()).raw);
    const raised = await chain.raiseFees(await sign());
    const after = Transaction.from(raised?.raw ?? "0x");
    for (const name of ["nonce", "to", "data", "gasLimit", "chainId", "type", "from"] as const)
      expect(after[name], name).to.equal(before[name]);
    for (const name of ["maxFeePerGas", "maxPriorityFeePerGas"] as const)
      expect(100n * (after[name] ?? 0n) >= 110n * (before[name] ?? 0n), name).to.equal(true);
    expect(raised?.hash).to.equal(after.hash);
  });

  it("offers what the chain asks by now, and never more than its limit", async () => {
    const first = await sign();
    endpoint.quote.maxFeePerGas = 80n * GWEI;
    const second = await chain.raiseFees(first);
    expect(Transaction.from(second?.raw ?? "0x").maxFeePerGas).to.equal(80n * GWEI);
    endpoint.quote.maxFeePerGas = 500n * GWEI;
    const third = await chain.raiseFees(second ?? first);
    expect(Transaction.from(third?.raw ?? "0x").maxFeePerGas).to.equal(MAX_FEE);
    expect(await chain.raiseFees(third ?? first), "no room for a raise that counts").to.equal(undefined);
  });

  it("tells whether the chain asks for more than a transaction offers", async () => {
    const signed = await sign();
    expect(await chain.isShort(signed)).to.equal(false);
    endpoint.quote.maxFeePerGas = 200n * GWEI;
    expect(await chain.isShort(signed)).to.equal(true);
  });

  it("takes its limit for the price where an endpoint names none", async () => {
    expect(await chain.gasPrice()).to.equal(11n * GWEI);
    endpoint.quote.gasPrice = null;
    expect(await chain.gasPrice()).to.equal(MAX_FEE);
  });

  it("counts what is mined apart from what waits", async () => {
    expect(await chain.minedCount()).to.equal(3);
    expect(await chain.nonces()).to.deep.equal({ mined: 3, pending: 5 });
    expect(await chain.block()).to.deep.equal({ number: 7 });
  });

  describe("when an endpoint refuses a transaction", () => {
    const refusals = {
      expired: makeError("nonce too low", "NONCE_EXPIRED", { transaction: {} }),
      underpriced: makeError("underpriced", "REPLACEMENT_UNDERPRICED", { transaction: {} }),
      poor: makeError("no funds", "INSUFFICIENT_FUNDS", { transaction: {} }),
      down: new Error("ECONNREFUSED"),
    };

    it("is content if the network has it, whatever the reason", async () => {
      endpoint.known = {};
      for (const refusal of Object.values(refusals)) {
        endpoint.refusal = refusal;
        await chain.broadcast({ raw: "0x01", hash: "0x02" });
      }
      expect(endpoint.sent[0]).to.deep.equal(["eth_sendRawTransaction", "0x01"]);
    });

    it("is content if its nonce is used, or held by one that pays as much", async () => {
      for (const refusal of [refusals.expired, refusals.underpriced]) {
        endpoint.refusal = refusal;
        await chain.broadcast({ raw: "0x01", hash: "0x02" });
      }
    });

    it("says what is to be done if the account is empty, and that it was not reached if it was not", async () => {
      endpoint.refusal = refusals.poor;
      const poor = await holdfastErrorOf(chain.broadcast({ raw: "0x01", hash: "0x02" }));
      expect(poor.code).to.equal("funds");
      expect(poor.message).to.match(
        /cannot pay for the gas of a transaction: send it some of the chain's own coin/,
      );
      endpoint.refusal = refusals.down;
      const down = await holdfastErrorOf(chain.broadcast({ raw: "0x01", hash: "0x02" }));
      expect(down).to.include({
        code: "unreachable",
        message: "the chain did not answer a transaction: ECONNREFUSED",
      });
    });
  });

  it("reads from a receipt whether it succeeded, and has none of what is not mined", async () => {
    expect(await chain.receipt("0x02")).to.equal(undefined);
    for (const status of [1, 0]) {
      endpoint.receipt = { blockNumber: 6, status, gasUsed: 21_000n };
      const succeeded = status === 1;
      expect(await chain.receipt("0x02")).to.deep.equal({
        hash: "0x02",
        block: 6,
        succeeded,
        gasUsed: 21_000,
      });
    }
  });
});
