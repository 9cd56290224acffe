// Reads that two of several endpoints must answer alike.
import { expect } from "chai";
import type { JsonRpcProvider } from "ethers";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { FIRST_HEAD, refusal, useEndpoints, type FakeEndpoint } from "../helpers/fake-endpoints.ts";

const ACCOUNT = `0x${"11".repeat(20)}`;

describe("chain: several endpoints", () => {
  const { bench, all, stateOf, asked, pass } = useEndpoints();

  describe("what two must say", () => {
    const balance = (endpoint: JsonRpcProvider): Promise<bigint> => endpoint.getBalance(ACCOUNT, FIRST_HEAD);
    const rich = (fake: FakeEndpoint): void => {
      fake.says = ({ method }) => (method === "eth_getBalance" ? { result: "0x64" } : undefined);
    };

    it("is what one says where there is one", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      expect(await endpoints.agreed(balance)).to.equal(7n);
      expect(asked("eth_getBalance")[0]).to.equal(1);
    });

    it("is asked of two, and of no third where they agree", async () => {
      const endpoints = await bench().open(all());
      expect(await endpoints.agreed(async (endpoint) => ({ all: [await balance(endpoint)] }))).to.deep.equal({
        all: [7n],
      });
      expect(asked("eth_getBalance")).to.deep.equal([1, 1, 0]);
    });

    it("is not known where two differ, and both are named with what it is about", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      rich(second);
      const error = await holdfastErrorOf(endpoints.agreed(balance, "the balance"));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include(`${first.host} and ${second.host} disagree about the balance`);
    });

    it("is what the third and one of the others say where two differ", async () => {
      const endpoints = await bench().open(all());
      const [first] = all();
      rich(first);
      expect(await endpoints.agreed(balance)).to.equal(7n);
    });

    it("is not known where only one answers", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      second.isDown = true;
      const error = await holdfastErrorOf(endpoints.agreed(balance, "the balance"));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include(`only ${first.host} answered`);
    });

    it("is a refusal where two refuse alike, and not where one does", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      const refused = refusal("execution reverted", 3, "0x12345678");
      first.says = second.says = ({ method }) => (method === "eth_call" ? refused : undefined);
      const read = (endpoint: JsonRpcProvider): Promise<string> => endpoint.call({ to: ACCOUNT });
      const error: unknown = await endpoints.agreed(read).catch((reason: unknown) => reason);
      expect(error).to.include({ code: "CALL_EXCEPTION", data: "0x12345678" });
      second.says = ({ method }) => (method === "eth_call" ? { result: "0x" } : undefined);
      expect(await holdfastErrorOf(endpoints.agreed(read))).to.include({ code: "unreachable" });
    });

    it("may be said by one that failed a moment ago, and not by one that lies", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      first.isDown = true;
      await endpoints.getBlockNumber();
      first.isDown = false;
      expect(await endpoints.agreed(balance)).to.equal(7n);
      second.fork = 500;
      pass(5);
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "aside"]);
      expect(await holdfastErrorOf(endpoints.agreed(balance))).to.include({ code: "unreachable" });
    });

    it("is about a block that both have", async () => {
      const [first, second] = all();
      const endpoints = await bench().open([first, second]);
      second.head = FIRST_HEAD - 1;
      expect(await endpoints.sharedBlock()).to.equal(FIRST_HEAD - 1);
      expect(await endpoints.sharedBlock(FIRST_HEAD)).to.equal(FIRST_HEAD);
      second.isDown = true;
      expect(await endpoints.sharedBlock()).to.equal(FIRST_HEAD);
    });
  });
});
