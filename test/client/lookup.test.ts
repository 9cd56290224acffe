// What an application finds out before it stores: the node, the price, and whether anything can be stored.
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { createApp } from "../../client/app.ts";
import type { Chain } from "../../client/chain.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

const UNIT = 10n ** 18n;

describe("client: the plan of a file", () => {
  const folder = useFolder();
  const answers: Record<string, unknown> = {};
  const chain = {
    account: () => "0x",
    read: (_contract: string, method: string) => Promise.resolve(answers[method]),
  } as unknown as Chain;
  const plan = async (bytes = 496 * 16) => {
    const path = join(folder(), "file");
    await writeFile(path, randomBytes(bytes));
    return createApp({ chain, engine: referenceEngine }).plan({ path, bucket: 1n, vNodes: [2n], epochs: 10 });
  };
  beforeEach(() => {
    Object.assign(answers, {
      bucket: { owner: "0x1", cluster: 1n },
      cluster: { profile: 0n, quantumBits: 3n },
      profiles: { samples: 2n, dataDepth: 2n, directoryDepth: 2n },
      vNode: { cluster: 1n },
      outlook: { node: 4n, successor: 0n, handingOver: false, epoch: 9n },
      compaction: { left: 0n, epoch: 0n },
      node: { url: "http://node", operator: "0x2", rent: UNIT, revision: 3n },
      balanceOf: 5n,
    });
  });

  it("shows the price with what is rounded up to the quantum, before anything is paid", async () => {
    const { price, targets } = await plan();
    expect(price).to.deep.include({ perEpoch: 24n, rounding: 7n, quantum: 8n, total: 240n, balance: 5n });
    expect(targets[0]).to.deep.include({ rent: UNIT, revision: 3n, operator: "0x2" });
  });

  it("is not made while a node takes over what is there", async () => {
    answers["outlook"] = { node: 4n, successor: 5n, handingOver: true, epoch: 9n };
    const error = await holdfastErrorOf(plan());
    expect(error.code).to.equal("busy");
    expect(error.message).to.match(/vNode 2 is being handed over.*: use another vNode, or wait/);
  });

  it("is not made while the directory is compacted, but after that was given up", async () => {
    answers["compaction"] = { left: 5n, epoch: 8n };
    const error = await holdfastErrorOf(plan());
    expect(error.code).to.equal("busy");
    expect(error.message).to.match(/the directory of vNode 2 is being compacted.*until epoch 10 at most/);
    answers["compaction"] = { left: 5n, epoch: 7n };
    expect((await plan()).targets).to.have.length(1);
  });

  it("is not made for a vNode that nobody will be responsible for", async () => {
    answers["outlook"] = { node: 0n, successor: 0n, handingOver: false, epoch: 9n };
    expect((await holdfastErrorOf(plan())).message).to.match(/vNode 2 has no node/);
  });
});
