// A vNode as it is shown to people: its nodes, its pay, and its coverage.
import { expect } from "chai";
import type { Chain } from "../../client/chain.ts";
import {
  describeVNode,
  standingOf,
  vNodeInWords,
  type Standing,
  type VNodeItem,
} from "../../client/commands/explore-vnodes.ts";

const chain = { decimals: 2, symbol: "HFT" } as Chain;
const item: VNodeItem = {
  id: 2n,
  info: { cluster: 1n, token: 10n, held: 41n, node: 4n, successor: 0n },
  state: {
    node: 4n,
    settled: 7n,
    misses: 0n,
    syncLeft: 0n,
    rate: 150n,
    committed: 150n,
    nextNode: 0n,
    nextSince: 0n,
    nextUntil: 0n,
    locked: 0n,
    nextLocked: 0n,
    short: false,
    deferredSince: 0n,
    deferred: 0n,
  },
  directory: { root: "0x", total: 150n, count: 3n, live: 3n, nextSerial: 3n },
  duty: { due: true, proven: false, node: 4n, successor: 0n, rate: 150n, asked: 150n },
};
const quiet: Standing = { epoch: 8n, leavesAt: null, pause: null, compacting: false };

interface Changes {
  readonly info?: Partial<VNodeItem["info"]>;
  readonly state?: Partial<VNodeItem["state"]>;
  readonly directory?: Partial<VNodeItem["directory"]>;
  readonly duty?: Partial<VNodeItem["duty"]>;
  readonly standing?: Partial<Standing>;
}

function words(changes: Changes = {}): Record<string, unknown> {
  const { info, state, directory, duty, standing } = changes;
  const changed = {
    id: item.id,
    info: { ...item.info, ...info },
    state: { ...item.state, ...state },
    directory: { ...item.directory, ...directory },
    duty: { ...item.duty, ...duty },
  };
  return vNodeInWords(describeVNode(changed, { ...quiet, ...standing }), chain);
}

describe("client: a vNode in words", () => {
  it("is in order, with what it holds and is paid", () => {
    expect(words()).to.deep.equal({
      vNode: 2n,
      cluster: 1n,
      node: "4",
      holds: "3 segments, 41 leaves",
      "paid per epoch": "1.5 HFT",
      coverage: "100.0 % of a weight of 150",
      state: "in order; settled until epoch 7",
      "this epoch": "due",
    });
    expect(words({ duty: { proven: true } })["this epoch"]).to.equal("proven");
    expect(words({ duty: { due: false } })["this epoch"]).to.equal("not due");
  });

  it("says who takes over, and until when it may", () => {
    const waits = { info: { successor: 5n }, state: { nextNode: 5n, nextSince: 9n, nextUntil: 12n } };
    expect(words(waits)["node"]).to.equal("4; 5 takes over with its first proof, before epoch 12");
    expect(words({ info: { node: 5n } })["node"]).to.equal("4; 5 from the next epoch on");
    expect(words({ info: { node: 0n } })["node"]).to.equal("4; nobody from the next epoch on");
  });

  it("says how much is paid of what is audited", () => {
    expect(words({ duty: { rate: 120n } })["coverage"]).to.equal("80.0 % of a weight of 150");
    const half = { duty: { rate: 75n }, directory: { live: 2n } };
    expect(words(half)["coverage"]).to.equal(
      "50.0 % of a weight of 150, 1 of 3 entries are retired: 66.7 % of the rate is paid",
    );
    expect(words({ duty: { asked: 0n } })["coverage"]).to.equal("nothing is audited");
  });

  for (const [what, changes, text] of [
    ["misses", { state: { misses: 2n } }, "2 misses in a row"],
    ["a first proof to come", { state: { syncLeft: 3n } }, "3 audits left for the node's first proof"],
    ["a bond that is gone", { state: { short: true } }, "its node is paid nothing until it tops its bond up"],
    [
      "what waits",
      { state: { deferredSince: 6n, deferred: 300n } },
      "3 HFT since epoch 6 await the next proof",
    ],
    ["leaving", { standing: { leavesAt: 13n } }, "leaves with epoch 13"],
    ["a pause", { standing: { pause: { from: 10n, end: 12n } } }, "paused from epoch 10 until 12"],
    ["a compaction", { standing: { compacting: true } }, "its directory is being compacted"],
  ] as const) {
    it(`tells of ${what}`, () => {
      expect(words(changes)["state"]).to.equal(`${text}; settled until epoch 7`);
    });
  }
});

describe("client: what the lens does not tell of a vNode", () => {
  const look = (answers: Record<string, unknown>): Promise<Standing> =>
    standingOf(
      { read: (_contract: string, method: string) => Promise.resolve(answers[method]) } as unknown as Chain,
      item,
    );
  const nothing = {
    currentEpoch: 8n,
    leaveOf: { node: 0n, epoch: 0n },
    pauseOf: { from: 0n, end: 0n, used: 0n },
    compaction: { left: 0n, epoch: 0n },
  };

  it("is nothing as a rule", async () => {
    expect(await look(nothing)).to.deep.equal(quiet);
  });

  it("is who leaves, if it is the node that is there", async () => {
    expect((await look({ ...nothing, leaveOf: { node: 4n, epoch: 13n } })).leavesAt).to.equal(13n);
    expect((await look({ ...nothing, leaveOf: { node: 5n, epoch: 13n } })).leavesAt).to.equal(null);
  });

  it("is a pause that is not over, and a compaction that was not given up", async () => {
    expect((await look({ ...nothing, pauseOf: { from: 5n, end: 9n } })).pause).to.deep.equal({
      from: 5n,
      end: 9n,
    });
    expect((await look({ ...nothing, pauseOf: { from: 5n, end: 8n } })).pause).to.equal(null);
    expect((await look({ ...nothing, compaction: { left: 3n, epoch: 7n } })).compacting).to.equal(true);
    expect((await look({ ...nothing, compaction: { left: 3n, epoch: 6n } })).compacting).to.equal(false);
  });
});
