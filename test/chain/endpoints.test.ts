// Several endpoints of one chain, of which some lag, lie, fail or are of another chain.
import { expect } from "chai";
import type { Endpoints } from "../../chain/endpoints.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { FIRST_HEAD, refusal, useEndpoints } from "../helpers/fake-endpoints.ts";

const ACCOUNT = `0x${"11".repeat(20)}`;
const LEFT_ASIDE = "an endpoint of the chain is left aside";
const IS_BACK = "an endpoint of the chain is back";

describe("chain: several endpoints", () => {
  const { bench, all, stateOf, asked, pass, forget } = useEndpoints();

  describe("at the start", () => {
    it("costs one question where there is one", async () => {
      const [only] = all();
      const endpoints = await bench().open([only]);
      expect(only.heard).to.deep.equal(["eth_chainId"]);
      expect(endpoints.health()).to.deep.equal([{ endpoint: only.host, state: "in charge" }]);
    });

    it("takes the first into its service, and holds the others ready", async () => {
      const endpoints = await bench().open(all());
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
      expect((await endpoints.getNetwork()).chainId).to.equal(1n);
      forget();
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD);
      expect(asked("eth_blockNumber")).to.deep.equal([1, 0, 0]);
    });

    it("refuses one of another chain than is expected, and says which", async () => {
      const [, second] = all();
      second.chainId = 5;
      const error = await holdfastErrorOf(bench().open(all(), 1n));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${second.host} has the id 5, not 1`);
    });

    it("refuses endpoints of different chains even if no chain id is expected", async () => {
      const [first, second] = all();
      second.chainId = 5;
      const error = await holdfastErrorOf(bench().open([first, second]));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${first.host} has the id 1, ${second.host} has the id 5`);
    });

    it("leaves one aside that does not answer, and says so", async () => {
      const [first] = all();
      first.isDown = true;
      const endpoints = await bench().open(all(), 1n);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench().lines).to.have.lengthOf(1);
      expect(bench().lines[0]).to.include({ endpoint: first.host, message: LEFT_ASIDE });
      expect(bench().lines[0]?.why).to.include("503");
    });

    it("is not there unless one answers", async () => {
      for (const fake of all()) fake.isDown = true;
      const error = await holdfastErrorOf(bench().open(all()));
      expect(error.code).to.equal("unreachable");
      for (const { host } of all()) expect(error.message).to.include(host);
    });

    it("refuses two that have different blocks some way below their heads, and names both", async () => {
      const [first, second] = all();
      second.fork = 500;
      const error = await holdfastErrorOf(bench().open([first, second]));
      expect(error.code).to.equal("chain");
      expect(error.message).to.include(`${first.host} and ${second.host} disagree about the block`);
    });

    it("takes two for the same that differ in their last blocks only, as in a reorganization", async () => {
      const [first, second] = all();
      second.fork = FIRST_HEAD - 32;
      expect(stateOf(await bench().open([first, second]))).to.deep.equal(["in charge", "standby"]);
    });

    it("compares the first block of a young chain", async () => {
      for (const fake of all()) fake.head = 3;
      const [first, second] = all();
      expect(stateOf(await bench().open([first, second]))).to.deep.equal(["in charge", "standby"]);
      second.fork = 0;
      expect(await holdfastErrorOf(bench().open([first, second]))).to.include({ code: "chain" });
    });

    it("says nothing of an address but the host, whatever the endpoint repeats of it", async () => {
      const [first, second] = all();
      second.url = `http://user-secret:pass-secret@${second.host}/v3/path-secret?key=query-secret`;
      second.says = () => refusal("path-secret or query-secret of user-secret may not ask that", -32_001);
      const endpoints = await bench().open([first, second]);
      expect(bench().lines).to.have.lengthOf(1);
      expect(JSON.stringify([bench().lines, endpoints.health()]))
        .to.include(second.host)
        .and.not.include("secret");
    });
  });

  describe("while it runs", () => {
    let endpoints: Endpoints;
    beforeEach(async () => {
      endpoints = await bench().open(all());
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
      expect(bench().lines.map(({ endpoint, message }) => [endpoint, message])).to.deep.equal([
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

    it("asks failed endpoints again when all have failed, and goes on with the one that answers", async () => {
      for (const fake of all()) fake.isDown = true;
      const error = await holdfastErrorOf(endpoints.getBlockNumber());
      expect(error.code).to.equal("unreachable");
      for (const { host } of all()) expect(error.message).to.include(host);
      const [, second] = all();
      second.isDown = false;
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "aside"]);
      expect(bench().lines.at(-1)).to.include({ endpoint: second.host, message: IS_BACK });
    });

    it("takes one back that is in order again, tries it ever more seldom, and says each once", async () => {
      const [first] = all();
      first.isDown = true;
      await endpoints.getBlockNumber();
      const tries: number[] = [];
      for (let minute = 1; minute <= 16; minute++) {
        first.heard = [];
        await bench().look();
        if (first.heard.length > 0) tries.push(minute);
      }
      expect(tries).to.deep.equal([1, 3, 7, 15]);
      expect(bench().lines).to.have.lengthOf(1);
      first.isDown = false;
      await bench().look(16);
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
      expect(
        bench()
          .lines.slice(1)
          .map(({ endpoint, message }) => [endpoint, message]),
      ).to.deep.equal([[first.host, IS_BACK]]);
    });

    it("counts many failures within a minute as one", async () => {
      for (const fake of all()) fake.isDown = true;
      for (let i = 0; i < 5; i++) await holdfastErrorOf(endpoints.getBlockNumber());
      for (const fake of all()) fake.isDown = false;
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
    });

    it("compares the head and one block of each endpoint once a minute, however many requests come", async () => {
      for (let second = 0; second < 180; second += 5) {
        bench().time += 5000;
        await endpoints.getBlockNumber();
      }
      await endpoints.look(); // ends with the one that is under way
      expect(asked("eth_getBlockByNumber").map((count) => count <= 8)).to.deep.equal([true, true, true]);
      expect(asked("eth_blockNumber")).to.deep.equal([36, 0, 0]);
    });

    it("leaves the first aside when it is stuck, for which it is given a minute", async () => {
      const [first, second, third] = all();
      second.head = third.head = FIRST_HEAD + 5;
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench().lines[0]?.why).to.include("5 blocks and 60 s behind");
      expect(await endpoints.getBlockNumber()).to.equal(FIRST_HEAD + 5);
      first.head = FIRST_HEAD + 10;
      second.head = third.head = FIRST_HEAD + 10;
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "standby", "standby"]);
    });

    it("tolerates an endpoint that is a block behind, or once two blocks, but not one that stays behind", async () => {
      const [first, second, third] = all();
      second.head = third.head = FIRST_HEAD + 1;
      await bench().look();
      expect(stateOf(endpoints)[0]).to.equal("in charge");
      first.head = FIRST_HEAD + 1;
      second.head = third.head = FIRST_HEAD + 3;
      await bench().look();
      expect(stateOf(endpoints)[0], "moved").to.equal("in charge");
      second.head = third.head = FIRST_HEAD + 3;
      await bench().look();
      expect(stateOf(endpoints)[0], "did not move").to.equal("aside");
      expect(bench().lines[0]?.why).to.include(`still ${FIRST_HEAD + 1}`);
    });

    it("believes no head from the future, and who has one is left aside instead of the others", async () => {
      const [first] = all();
      first.head = FIRST_HEAD + 1_000;
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench().lines.map(({ endpoint }) => endpoint)).to.deep.equal([first.host]);
    });

    it("leaves the one aside that has another block than most, and asks it nothing", async () => {
      const [first] = all();
      first.fork = 500;
      pass(5);
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(bench().lines[0]?.why).to.include("not the one that most endpoints have");
      const [, second, third] = all();
      second.isDown = third.isDown = true;
      forget();
      expect(await holdfastErrorOf(endpoints.getBlockNumber())).to.include({ code: "unreachable" });
      expect(asked("eth_blockNumber")[0]).to.equal(0);
    });

    it("leaves one aside that turns out to be of another chain when it answers at last", async () => {
      const [first] = all();
      first.isDown = true;
      const late = await bench().open(all());
      [first.isDown, first.chainId] = [false, 5];
      await bench().look();
      expect(stateOf(late)).to.deep.equal(["aside", "in charge", "standby"]);
      expect(late.health()[0]?.why).to.include("belongs to the chain 5, not 1");
      first.chainId = 1;
      await bench().look(2);
      expect(stateOf(late)).to.deep.equal(["in charge", "standby", "standby"]);
    });
  });

  describe("of two", () => {
    let endpoints: Endpoints;
    beforeEach(async () => {
      const [first, second] = all();
      endpoints = await bench().open([first, second]);
    });

    it("leaves the one aside that has another block than it had before", async () => {
      const [first] = all();
      first.fork = 500;
      pass(5);
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
      expect(bench().lines[0]?.why).to.include("not the one that it had before");
    });

    it("does not take for what was before what one alone has said", async () => {
      const [first, second] = all();
      second.isDown = true;
      await bench().look();
      first.fork = 500;
      await bench().look();
      second.isDown = false;
      pass(5);
      await bench().look(2);
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
    });

    it("keeps to the one that was in order where nothing shows which is right", async () => {
      const [first] = all();
      first.isDown = true;
      await endpoints.getBlockNumber();
      first.isDown = false;
      first.fork = FIRST_HEAD;
      pass(100);
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["aside", "in charge"]);
    });

    it("keeps to the first where nothing shows which is right", async () => {
      const [, second] = all();
      second.fork = FIRST_HEAD;
      pass(100);
      await bench().look();
      expect(stateOf(endpoints)).to.deep.equal(["in charge", "aside"]);
      expect(bench().lines[0]?.why).to.include("nothing shows which is right");
    });
  });
});
