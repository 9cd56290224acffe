// A manager's actions as calldata, in words, and as texts of the command line.
import { expect } from "chai";
import { Interface } from "ethers";
import { wordsOf } from "../../client/commands/action-text.ts";
import {
  ACTIONS,
  decodeAction,
  describeAction,
  encodeAction,
  NOBODY,
  type Action,
} from "../../client/governance/actions.ts";
import { describeCalls, packCalls, unpackCalls } from "../../client/governance/calls.ts";
import { percent, TERMS, type TermValues } from "../../client/governance/terms.ts";
import { durationOf } from "../../client/governance/time.ts";
import { HoldfastError } from "../../protocol/errors.ts";

const SOMEBODY = "0x00000000000000000000000000000000000000AA";
const REGISTRY = "0x00000000000000000000000000000000000000bb";
const PARAMS = Object.fromEntries(TERMS.map(({ name }, i) => [name, BigInt(i + 1)])) as TermValues;

const EACH: Readonly<Record<Action["name"], readonly [Action, RegExp]>> = {
  changeCluster: [
    { name: "changeCluster", cluster: 1n, profile: 2n, beacon: 3n, params: { ...PARAMS, managerFee: 250n } },
    /new terms of cluster 1: profile 2; beacon 3; a vNode is due: in every epoch; .*payment: 2\.5 %;/,
  ],
  describeCluster: [
    { name: "describeCluster", cluster: 1n, metadata: 'a "b"\n' },
    /describe cluster 1 as "a \\"b\\"\\n"/,
  ],
  proposeManager: [
    { name: "proposeManager", cluster: 1n, manager: SOMEBODY },
    /offer cluster 1 to the manager 0x0{38}AA/,
  ],
  acceptManager: [{ name: "acceptManager", cluster: 7n }, /take over cluster 7/],
  addVNodes: [
    { name: "addVNodes", cluster: 1n, tokens: [5n, 2n ** 64n - 1n] },
    /add 2 vNodes to cluster 1, at places 5, 18446744073709551615/,
  ],
  assign: [{ name: "assign", vNode: 3n, node: 4n }, /assign vNode 3 to node 4/],
  addStandby: [{ name: "addStandby", cluster: 1n, node: 4n }, /add node 4 to the standby queue of cluster 1/],
  removeStandby: [{ name: "removeStandby", cluster: 1n, node: 4n }, /remove node 4 from the standby queue/],
};

const refused = (act: () => unknown): HoldfastError => {
  try {
    act();
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("governance: a manager's action", () => {
  for (const name of ACTIONS)
    it(`${name} is the same after it was calldata, and is said in words`, () => {
      const [action, words] = EACH[name];
      expect(decodeAction(encodeAction(action))).to.deep.equal(action);
      expect(describeAction(encodeAction(action))).to.match(words);
    });

  it("that gives a cluster to nobody is the end of an offer", () => {
    const data = encodeAction({ name: "proposeManager", cluster: 1n, manager: NOBODY });
    expect(describeAction(data)).to.equal("withdraw the offer of cluster 1 to another manager");
  });

  it("has no bytes that nobody sees", () => {
    const data = encodeAction({ name: "acceptManager", cluster: 7n });
    expect(refused(() => decodeAction(`${data}00`)).message).to.match(/bytes that its arguments do not show/);
    expect(refused(() => decodeAction(data.slice(0, -2))).message).to.match(/malformed/);
    expect(refused(() => decodeAction("0x12345678")).message).to.match(
      /0x12345678 is not a manager's action/,
    );
  });
});

describe("governance: calls", () => {
  const calls = [
    { to: REGISTRY, data: encodeAction(EACH.assign[0]) },
    { to: SOMEBODY, data: "0x" },
  ];

  it("are the same after they were one transaction", () => {
    expect(unpackCalls(packCalls(calls))).to.deep.equal(calls);
  });

  it("are all in words, those that nobody understands too", () => {
    const [known, unknown] = describeCalls(calls, REGISTRY);
    expect(known).to.equal("assign vNode 3 to node 4");
    expect(unknown).to.match(/^an unknown call to 0x0{38}AA with the data 0x: do not agree/);
    const place = { address: SOMEBODY, name: "the thing", abi: ["function set(uint256 to)"] };
    const data = `0x60fe47b1${"5".padStart(64, "0")}`;
    expect(describeCalls([{ to: SOMEBODY, data }], REGISTRY, [place])).to.deep.equal([
      "set(to 5) on the thing",
    ]);
  });

  it("with bytes that no argument shows are not understood", () => {
    const hidden = `${encodeAction(EACH.assign[0])}00`;
    const place = { address: SOMEBODY, name: "the thing", abi: ["function set(uint256 to)"] };
    const more = `0x60fe47b1${"5".padStart(64, "0")}00`;
    for (const call of [
      { to: REGISTRY, data: hidden },
      { to: SOMEBODY, data: more },
      { to: SOMEBODY, data: more.slice(0, 20) },
    ])
      expect(describeCalls([call], REGISTRY, [place])[0], call.data).to.match(/^an unknown call to/);
    const trust = new Interface(["function trust(address,bool)"]).encodeFunctionData("trust", [
      SOMEBODY,
      true,
    ]);
    expect(describeCalls([{ to: REGISTRY, data: trust }], REGISTRY)[0]).to.match(
      /^trust\(.*true\) on the Registry/,
    );
  });

  it("are refused if one moves value, runs foreign code, has no end, or calls whom MultiSend means by zero", () => {
    const packed = packCalls(calls);
    const spoilt = {
      operation: packed.replace("0x00", "0x01"),
      value: `${packed.slice(0, 2 + 2 * 52)}01${packed.slice(2 + 2 * 53)}`,
      end: packed.slice(0, -2),
      length: packCalls([{ to: SOMEBODY, data: "0x" }]).replace(/.$/, "1"),
      zero: packCalls([{ to: NOBODY, data: "0x" }]),
    };
    for (const [what, bytes] of Object.entries(spoilt))
      expect(refused(() => unpackCalls(bytes)).message, what).to.match(/not a plain call without value/);
  });
});

describe("governance: words", () => {
  it("are between spaces, or in quotes", () => {
    expect(wordsOf(`describe 1 "two  words" it's' 'x y'`)).to.deep.equal([
      "describe",
      "1",
      "two  words",
      "its",
      "x y",
    ]);
    expect(refused(() => wordsOf('describe 1 "two')).message).to.match(/a quote has no end/);
  });

  it("say shares and durations", () => {
    expect([0n, 5n, 200n, 1050n, 10_000n].map(percent)).to.deep.equal([
      "0 %",
      "0.05 %",
      "2 %",
      "10.5 %",
      "100 %",
    ]);
    expect([0n, 59n, 3_601n, 90_000n].map(durationOf)).to.deep.equal([
      "0 seconds",
      "59 seconds",
      "1 hour",
      "1 day 1 hour",
    ]);
  });
});
