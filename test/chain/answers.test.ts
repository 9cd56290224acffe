// Answers that answer nothing: of a server that lacks a block, or has failed within.
import { expect } from "chai";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { FIRST_HEAD, refusal, useEndpoints } from "../helpers/fake-endpoints.ts";

const ACCOUNT = `0x${"11".repeat(20)}`;

describe("chain: answers", () => {
  const { bench, all, stateOf } = useEndpoints();

  describe("a block that not every server has", () => {
    const WORDS: readonly (readonly [string, number, string])[] = [
      ["geth", -32_000, "header not found"],
      ["geth, by hash", -32_000, "header for hash not found"],
      ["geth, its state", -32_000, "missing trie node 0xab (path ) state 0xcd is not available, not found"],
      ["geth, its state", -32_000, "historical state 0xcd is not available"],
      ["Nethermind", -32_001, "Block 0x3e8 could not be found"],
      ["Nethermind, its state", -32_002, "No state available for block 1000 (0xab...cd)"],
      ["Erigon", -32_000, "block not found: 1000"],
      ["Besu", -32_000, "Unknown block"],
      ["Besu", -32_000, "Block not found"],
      ["Besu, its state", -32_000, "World state unavailable"],
      ["reth", -32_001, "block not found: 0x3e8"],
      ["reth, its state", 4444, "state at block #1000 is pruned"],
      ["anvil", -32_602, "BlockOutOfRangeError: block height is 999 but requested was 1000"],
      ["Hardhat", -32_000, "Received invalid block tag 1000. Latest block number is 999"],
    ];
    for (const [client, code, words] of WORDS)
      it(`is asked for again until one has it: ${client}: ${words}`, async () => {
        const [only] = all();
        const endpoints = await bench().open([only]);
        await endpoints.getBlockNumber();
        let left = 2;
        only.says = ({ method }) =>
          method === "eth_call" ? (left-- > 0 ? refusal(words, code) : { result: "0x01" }) : undefined;
        expect(await endpoints.call({ to: ACCOUNT, blockTag: FIRST_HEAD })).to.equal("0x01");
        expect(bench().waits).to.deep.equal([250, 500]);
      });

    it("is asked for at the next endpoint; if all lack it, that is no refusal by a contract", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      first.says = ({ method }) => (method === "eth_call" ? refusal("header not found") : undefined);
      second.says = ({ method }) => (method === "eth_call" ? { result: "0x02" } : undefined);
      expect(await endpoints.call({ to: ACCOUNT, blockTag: FIRST_HEAD })).to.equal("0x02");
      expect(stateOf(endpoints), "it may happen").to.deep.equal(["in charge", "standby"]);
      second.says = first.says;
      const error = await holdfastErrorOf(endpoints.call({ to: ACCOUNT, blockTag: FIRST_HEAD }));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include(first.host).and.include("header not found");
    });

    it("is waited for without losing what else was asked", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      await endpoints.getBlockNumber();
      only.says = ({ method }) => {
        if (method !== "eth_call") return undefined;
        only.isDown = true;
        return refusal("header not found");
      };
      const call = endpoints.call({ to: ACCOUNT, blockTag: FIRST_HEAD });
      const [balance] = await Promise.all([endpoints.getBalance(ACCOUNT), holdfastErrorOf(call)]);
      expect(balance).to.equal(7n);
    });

    it("is not waited for when nobody has spoken of it yet", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      await endpoints.getBlockNumber();
      const error = await holdfastErrorOf(endpoints.getBalance(ACCOUNT, FIRST_HEAD + 1));
      expect(error.code).to.equal("unreachable");
      expect(await endpoints.getBlock(FIRST_HEAD + 1)).to.equal(null);
      expect(bench().waits).to.deep.equal([]);
    });

    it("is not gone because one says so", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      await endpoints.getBlockNumber();
      let left = 1;
      only.says = ({ method }) =>
        method === "eth_getBlockByNumber" && left-- > 0 ? { result: null } : undefined;
      expect(await endpoints.send("eth_getBlockByNumber", ["0x3e8", false])).to.include({ number: "0x3e8" });
      only.says = ({ method }) => (method === "eth_getBlockByNumber" ? { result: null } : undefined);
      expect(await endpoints.getBlock(FIRST_HEAD), "gone for good").to.equal(null);
    });

    it("has logs to wait for, and no smaller range would help", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      await endpoints.getBlockNumber();
      let left = 1;
      only.says = ({ method }) =>
        method !== "eth_getLogs"
          ? undefined
          : left-- > 0
            ? refusal("block range extends beyond current head block", -32_602)
            : { result: [] };
      expect(await endpoints.getLogs({ fromBlock: 1, toBlock: FIRST_HEAD })).to.deep.equal([]);
      expect(bench().waits).to.deep.equal([250]);
    });

    for (const refused of [
      refusal("execution reverted: header not found", 3, "0x08c379a0"),
      refusal("VM Exception while processing transaction: reverted with a custom error", -32_603, {
        data: "0x",
      }),
      refusal("execution reverted"),
    ])
      it(`is not confused with a contract's refusal: ${refused.error.message}`, async () => {
        const [only] = all();
        const endpoints = await bench().open([only]);
        only.says = () => refused;
        const error: unknown = await endpoints.call({ to: ACCOUNT }).catch((reason: unknown) => reason);
        expect(error).to.include({ code: "CALL_EXCEPTION" });
        expect(bench().waits).to.deep.equal([]);
      });
  });
});
