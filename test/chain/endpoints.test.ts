// Several endpoints of one chain, of which some lag, lie, fail or are of another chain.
import { expect } from "chai";
import type { JsonRpcProvider } from "ethers";
import type { EndpointHealth, Endpoints } from "../../chain/endpoints.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import {
  createEndpointsBench,
  FIRST_HEAD,
  refusal,
  startFakeEndpoint,
  type EndpointsBench,
  type FakeEndpoint,
} from "../helpers/fake-endpoints.ts";

const ACCOUNT = `0x${"11".repeat(20)}`;
const LEFT_ASIDE = "an endpoint of the chain is left aside";
const IS_BACK = "an endpoint of the chain is back";

describe("chain: several endpoints", () => {
  let [a, b, c]: FakeEndpoint[] = [];
  let bench: EndpointsBench;

  beforeEach(async () => {
    [a, b, c] = await Promise.all([startFakeEndpoint(), startFakeEndpoint(), startFakeEndpoint()]);
    bench = createEndpointsBench();
  });
  afterEach(() => {
    bench.end();
    for (const fake of all()) fake.close();
  });

  const all = (): [FakeEndpoint, FakeEndpoint, FakeEndpoint] =>
    [a, b, c] as [FakeEndpoint, FakeEndpoint, FakeEndpoint];
  const stateOf = (endpoints: Endpoints): EndpointHealth["state"][] =>
    endpoints.health().map(({ state }) => state);
  const asked = (method: string): number[] =>
    all().map(({ heard }) => heard.filter((each) => each === method).length);
  const pass = (blocks: number): void => all().forEach((fake) => (fake.head += blocks));
  const forget = (): void => all().forEach((fake) => (fake.heard = []));

  describe("at the start", () => {
    it("costs one question where there is one", async () => {
      const [only] = all();
      const endpoints = await bench.open([only]);
      expect(only.heard).to.deep.equal(["eth_chainId"]);
      expect(endpoints.health()).to.deep.equal([{ endpoint: only.host, state: "in charge" }]);
    });

    it("takes the first into its service, and holds the others ready", async () => {
      const endpoints = await bench.open(all());
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
      expect((await endpoints.getNetwork()).chainId).to.equal(1n);
      forget();
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD);
      expect(asked("eth_blockNumber")).to.deep.equal([1, 0, 0]);
    });

    it("refuses one of another chain than is expected, and says which", async () => {
      const [, second] = all();
      second.chainId = 5;
      const error = await holdfastErrorOf(bench.open(all(), 1n));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${second.host} has the id 5, not 1`);
    });

    it("refuses endpoints of different chains where none is expected", async () => {
      const [first, second] = all();
      second.chainId = 5;
      const error = await holdfastErrorOf(bench.open([first, second]));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${first.host} has the id 1, ${second.host} has the id 5`);
    });

    it("leaves one aside that does not answer, and says so", async () => {
      const [first] = all();
      first.isDown = true;
      const endpoints = await bench.open(all(), 1n);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench.lines).to.have.lengthOf(1);
      expect(bench.lines[0]).to.include({ endpoint: first.host, message: LEFT_ASIDE });
      expect(bench.lines[0]?.why).to.include("503");
    });

    it("is not there unless one answers", async () => {
      for (const fake of all()) fake.isDown = true;
      const error = await holdfastErrorOf(bench.open(all()));
      expect(error.code).to.equal("unreachable");
      for (const { host } of all()) expect(error.message).to.include(host);
    });

    it("refuses two that have different blocks some way below their heads, and names both", async () => {
      const [first, second] = all();
      second.fork = 500;
      const error = await holdfastErrorOf(bench.open([first, second]));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${first.host} and ${second.host} disagree about the block`);
    });

    it("takes two for the same that differ in their last blocks only, as in a reorganization", async () => {
      const [first, second] = all();
      second.fork = FIRST_HEAD - 32;
      expect(stateOf(await bench.open([first, second]))).to.deep.equal(["in charge", "standby"]);
    });

    it("compares the first block of a young chain", async () => {
      for (const fake of all()) fake.head = 3;
      const [first, second] = all();
      expect(stateOf(await bench.open([first, second]))).to.deep.equal(["in charge", "standby"]);
      second.fork = 0;
      expect(await holdfastErrorOf(bench.open([first, second]))).to.include({ code: "chain" });
    });

    it("says nothing of an address but the host, whatever the endpoint repeats of it", async () => {
      const [first, second] = all();
      second.url = `http://user-secret:pass-secret@${second.host}/v3/path-secret?key=query-secret`;
      second.says = () => refusal("path-secret or query-secret of user-secret may not ask that", -32_001);
      const endpoints = await bench.open([first, second]);
      expect(bench.lines).to.have.lengthOf(1);
      expect(JSON.stringify([bench.lines, endpoints.health()]))
        .to.include(second.host)
        .and.not.include("secret");
    });
  });

  describe("while it runs", () => {
    let endpoints: Endpoints;
    beforeEach(async () => {
      endpoints = await bench.open(all());
      forget();
    });

    it("asks the next one where the first does not answer, and the first no more", async () => {
      const [first] = all();
      first.isDown = true;
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD);
      expect(asked("eth_blockNumber"), "tried twice, not four times").to.deep.equal([2, 1, 0]);
      await endpoints.getBlockNumber();
      expect(asked("eth_blockNumber")).to.deep.equal([2, 2, 0]);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench.lines.map(({ endpoint, message }) => [endpoint, message])).to.deep.equal([
        [first.host, LEFT_ASIDE],
      ]);
    });

    it("asks the next one what the first has failed at, and no more than that", async () => {
      const [first] = all();
      first.says = ({ method }) =>
        method === "eth_getBalance" ? refusal("internal error", -32_603) : undefined;
      const [balance, number] = await Promise.all([
        endpoints.getBalance(ACCOUNT),
        endpoints.getBlockNumber(),
      ]);
      expect([balance, number]).to.deep.equal([7n, FIRST_HEAD]);
      expect(asked("eth_blockNumber")).to.deep.equal([1, 0, 0]);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
    });

    it("leaves nobody aside for what all fail at", async () => {
      for (const fake of all())
        fake.says = ({ method }) =>
          method === "eth_getBalance" ? refusal("internal error", -32_603) : undefined;
      expect(await holdfastErrorOf(endpoints.getBalance(ACCOUNT))).to.include({ code: "unreachable" });
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
    });

    it("asks those that have failed when all have, and goes on with whichever answers", async () => {
      for (const fake of all()) fake.isDown = true;
      const error = await holdfastErrorOf(endpoints.getBlockNumber());
      expect(error.code).to.equal("unreachable");
      for (const { host } of all()) expect(error.message).to.include(host);
      const [, second] = all();
      second.isDown = false;
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "aside"]);
      expect(bench.lines.at(-1)).to.include({ endpoint: second.host, message: IS_BACK });
    });

    it("takes one back that is in order again, tries it ever more seldom, and says each once", async () => {
      const [first] = all();
      first.isDown = true;
      await endpoints.getBlockNumber();
      const tries: number[] = [];
      for (let minute = 1; minute <= 16; minute++) {
        first.heard = [];
        await bench.look();
        if (first.heard.length > 0) tries.push(minute);
      }
      expect(tries).to.deep.equal([1, 3, 7, 15]);
      expect(bench.lines).to.have.lengthOf(1);
      first.isDown = false;
      await bench.look(16);
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
      expect(bench.lines.slice(1).map(({ endpoint, message }) => [endpoint, message])).to.deep.equal([
        [first.host, IS_BACK],
      ]);
    });

    it("counts many failures within a minute as one", async () => {
      for (const fake of all()) fake.isDown = true;
      for (let i = 0; i < 5; i++) await holdfastErrorOf(endpoints.getBlockNumber());
      for (const fake of all()) fake.isDown = false;
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
    });

    it("looks once a minute, at the head and one block of each, whatever is asked meanwhile", async () => {
      for (let second = 0; second < 180; second += 5) {
        bench.time += 5000;
        await endpoints.getBlockNumber();
      }
      await endpoints.look(); // ends with the one that is under way
      expect(asked("eth_getBlockByNumber").map((count) => count <= 8)).to.deep.equal([true, true, true]);
      expect(asked("eth_blockNumber")).to.deep.equal([36, 0, 0]);
    });

    it("leaves the first aside when it is stuck, for which it is given a minute", async () => {
      const [first, second, third] = all();
      second.head = third.head = FIRST_HEAD + 5;
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench.lines[0]?.why).to.include("5 blocks and 60 s behind");
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD + 5);
      first.head = FIRST_HEAD + 10;
      second.head = third.head = FIRST_HEAD + 10;
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
    });

    it("bears with one that is a block behind, or two for once, and not with one that stays there", async () => {
      const [first, second, third] = all();
      second.head = third.head = FIRST_HEAD + 1;
      await bench.look();
      expect(stateOf(endpoints)[0]).to.equal("in charge");
      first.head = FIRST_HEAD + 1;
      second.head = third.head = FIRST_HEAD + 3;
      await bench.look();
      expect(stateOf(endpoints)[0], "moved").to.equal("in charge");
      second.head = third.head = FIRST_HEAD + 3;
      await bench.look();
      expect(stateOf(endpoints)[0], "did not move").to.equal("aside");
      expect(bench.lines[0]?.why).to.include(`still ${FIRST_HEAD + 1}`);
    });

    it("believes no head from the future, and who has one is left aside instead of the others", async () => {
      const [first] = all();
      first.head = FIRST_HEAD + 1_000;
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench.lines.map(({ endpoint }) => endpoint)).to.deep.equal([first.host]);
    });

    it("leaves the one aside that has another block than most, and asks it nothing", async () => {
      const [first] = all();
      first.fork = 500;
      pass(5);
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench.lines[0]?.why).to.include("another than most have");
      const [, second, third] = all();
      second.isDown = third.isDown = true;
      forget();
      expect(await holdfastErrorOf(endpoints.getBlockNumber())).to.include({ code: "unreachable" });
      expect(asked("eth_blockNumber")[0]).to.equal(0);
    });

    it("leaves one aside that turns out to be of another chain when it answers at last", async () => {
      const [first] = all();
      first.isDown = true;
      const late = await bench.open(all());
      [first.isDown, first.chainId] = [false, 5];
      await bench.look();
      expect(stateOf(late)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(late.health()[0]?.why).to.include("is of the chain 5, not 1");
      first.chainId = 1;
      await bench.look(2);
      expect(stateOf(late)).to.deep.equal(["in charge", "standby", "standby"]);
    });
  });

  describe("of two", () => {
    let endpoints: Endpoints;
    beforeEach(async () => {
      const [first, second] = all();
      endpoints = await bench.open([first, second]);
    });

    it("leaves the one aside that has another block than it had before", async () => {
      const [first] = all();
      first.fork = 500;
      pass(5);
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
      expect(bench.lines[0]?.why).to.include("another than it was before");
    });

    it("does not take for what was before what one alone has said", async () => {
      const [first, second] = all();
      second.isDown = true;
      await bench.look();
      first.fork = 500;
      await bench.look();
      second.isDown = false;
      pass(5);
      await bench.look(2);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
    });

    it("keeps to the one that was in order where nothing says which is right", async () => {
      const [first] = all();
      first.isDown = true;
      await endpoints.getBlockNumber();
      first.isDown = false;
      first.fork = FIRST_HEAD;
      pass(100);
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
    });

    it("keeps to the first where nothing says which is right", async () => {
      const [, second] = all();
      second.fork = FIRST_HEAD;
      pass(100);
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "aside"]);
      expect(bench.lines[0]?.why).to.include("nothing says which is right");
    });
  });

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
        const endpoints = await bench.open([only]);
        await endpoints.getBlockNumber();
        let left = 2;
        only.says = ({ method }) =>
          method === "eth_call" ? (left-- > 0 ? refusal(words, code) : { result: "0x01" }) : undefined;
        expect(await endpoints.call({ to: ACCOUNT, blockTag: FIRST_HEAD })).to.equal("0x01");
        expect(bench.waits).to.deep.equal([250, 500]);
      });

    it("is asked for at the next endpoint, and lacked by none of them in the end is no refusal of a contract", async () => {
      const [first, second] = all();
      const endpoints = await bench.open([first, second]);
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
      const endpoints = await bench.open([only]);
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
      const endpoints = await bench.open([only]);
      await endpoints.getBlockNumber();
      const error = await holdfastErrorOf(endpoints.getBalance(ACCOUNT, FIRST_HEAD + 1));
      expect(error.code).to.equal("unreachable");
      expect(await endpoints.getBlock(FIRST_HEAD + 1)).to.equal(null);
      expect(bench.waits).to.deep.equal([]);
    });

    it("is not gone because one says so", async () => {
      const [only] = all();
      const endpoints = await bench.open([only]);
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
      const endpoints = await bench.open([only]);
      await endpoints.getBlockNumber();
      let left = 1;
      only.says = ({ method }) =>
        method !== "eth_getLogs"
          ? undefined
          : left-- > 0
            ? refusal("block range extends beyond current head block", -32_602)
            : { result: [] };
      expect(await endpoints.getLogs({ fromBlock: 1, toBlock: FIRST_HEAD })).to.deep.equal([]);
      expect(bench.waits).to.deep.equal([250]);
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
        const endpoints = await bench.open([only]);
        only.says = () => refused;
        const error: unknown = await endpoints.call({ to: ACCOUNT }).catch((reason: unknown) => reason);
        expect(error).to.include({ code: "CALL_EXCEPTION" });
        expect(bench.waits).to.deep.equal([]);
      });
  });

  describe("what two must say", () => {
    const balance = (endpoint: JsonRpcProvider): Promise<bigint> => endpoint.getBalance(ACCOUNT, FIRST_HEAD);
    const rich = (fake: FakeEndpoint): void => {
      fake.says = ({ method }) => (method === "eth_getBalance" ? { result: "0x64" } : undefined);
    };

    it("is what one says where there is one", async () => {
      const [only] = all();
      const endpoints = await bench.open([only]);
      expect(await endpoints.agreed(balance)).to.equal(7n);
      expect(asked("eth_getBalance")[0]).to.equal(1);
    });

    it("is asked of two, and of no third where they agree", async () => {
      const endpoints = await bench.open(all());
      expect(await endpoints.agreed(async (endpoint) => ({ all: [await balance(endpoint)] }))).to.deep.equal({
        all: [7n],
      });
      expect(asked("eth_getBalance")).to.deep.equal([1, 1, 0]);
    });

    it("is not known where two differ, and both are named with what it is about", async () => {
      const [first, second] = all();
      const endpoints = await bench.open([first, second]);
      rich(second);
      const error = await holdfastErrorOf(endpoints.agreed(balance, "the balance"));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include(`${first.host} and ${second.host} disagree about the balance`);
    });

    it("is what the third and one of the others say where two differ", async () => {
      const endpoints = await bench.open(all());
      const [first] = all();
      rich(first);
      expect(await endpoints.agreed(balance)).to.equal(7n);
    });

    it("is not known where only one answers", async () => {
      const [first, second] = all();
      const endpoints = await bench.open([first, second]);
      second.isDown = true;
      const error = await holdfastErrorOf(endpoints.agreed(balance, "the balance"));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include(`only ${first.host} answers`);
    });

    it("is a refusal where two refuse alike, and not where one does", async () => {
      const [first, second] = all();
      const endpoints = await bench.open([first, second]);
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
      const endpoints = await bench.open([first, second]);
      first.isDown = true;
      await endpoints.getBlockNumber();
      first.isDown = false;
      expect(await endpoints.agreed(balance)).to.equal(7n);
      second.fork = 500;
      pass(5);
      await bench.look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "aside"]);
      expect(await holdfastErrorOf(endpoints.agreed(balance))).to.include({ code: "unreachable" });
    });

    it("is about a block that both have", async () => {
      const [first, second] = all();
      const endpoints = await bench.open([first, second]);
      second.head = FIRST_HEAD - 1;
      expect(await endpoints.sharedBlock()).to.equal(FIRST_HEAD - 1);
      expect(await endpoints.sharedBlock(FIRST_HEAD)).to.equal(FIRST_HEAD);
      second.isDown = true;
      expect(await endpoints.sharedBlock()).to.equal(FIRST_HEAD);
    });
  });
});
