// How often a node asks an endpoint while nothing happens, however much it holds.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import type { NodeChain } from "../../prover/chain-model.ts";
import { createSurveys } from "../../prover/chain-surveys.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { CLUSTER, NODE, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";

const NOW = { number: 0, hash: "", parent: "", timestamp: 0 };
/** Methods that ask no endpoint. */
const LOCAL = ["epochAt", "sourcePoint", "requestSigner", "endpoints", "close"];

describe("prover: calls of the chain", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let asked: string[];
  beforeEach(async () => {
    ({ bench } = await startDutyBench(folder()));
    ({ chain } = bench);
    asked = [];
  });
  afterEach(() => bench.end());

  /** The node's own chain, with each question noted. */
  const listening = (): NodeChain => {
    const counted = new Proxy<NodeChain>(chain, {
      get(target, name: keyof NodeChain) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || LOCAL.includes(name)) return value;
        return (...args: unknown[]) => {
          asked.push(name);
          return (value as (...all: unknown[]) => unknown)(...args);
        };
      },
    });
    const surveys = createSurveys(counted, counted, chain);
    return new Proxy<NodeChain>(counted, {
      get: (target, name): unknown => Reflect.get(name in surveys ? surveys : target, name),
    });
  };
  const emptyVNodes = (count: number): void => {
    const { root } = new Directory(PROFILES.tiny.directoryDepth);
    const empty = { root, total: 0, count: 0 };
    const state = chain.state.bind(chain);
    const duty = chain.duty.bind(chain);
    const directoryAt = chain.directoryAt.bind(chain);
    for (let i = 0n; i < count; i++) {
      chain.emit("VNodeAdded", { vNode: 100n + i, cluster: CLUSTER });
      chain.emit("NodeAssigned", { vNode: 100n + i, node: NODE, fromEpoch: 1n });
    }
    chain.state = async (vNode) => ({ ...(await state(VNODE)), ...(vNode !== VNODE && { committed: 0n }) });
    chain.duty = async (vNode, epoch) => {
      const found = await duty(VNODE, epoch);
      return found && vNode !== VNODE ? { ...found, due: false, total: 0 } : found;
    };
    chain.directoryAt = (vNode, at) => (vNode === VNODE ? directoryAt(vNode, at) : Promise.resolve(empty));
    chain.directory = (vNode) => chain.directoryAt(vNode, NOW);
  };

  for (const others of [0, 100])
    it(`are one at a look and one more at a new block, with ${others} more vNodes`, async () => {
      emptyVNodes(others);
      const node = listening();
      const options = { node: NODE, directoryDepth: PROFILES.tiny.directoryDepth, fromBlock: 0 };
      const holdings = createHoldings(options, { chain: node, log: bench.logs.log });
      const duties = bench.create({}, { chain: node, holdings });
      await bench.lookOnce(duties);
      chain.emit("Proven", { vNode: VNODE, node: NODE, epoch: 5n });
      await bench.lookOnce(duties);
      expect(chain.mined.map(({ kind }) => kind)).to.deep.equal(["prove"]);
      asked.length = 0;
      for (let i = 0; i < 5; i++) await bench.lookOnce(duties);
      expect(asked).to.deep.equal(Array(5).fill("block"));
      asked.length = 0;
      for (let i = 0; i < 5; i++) {
        chain.time++;
        await bench.lookOnce(duties);
      }
      expect(asked).to.deep.equal(Array(5).fill(["block", "events"]).flat());
    });
});
