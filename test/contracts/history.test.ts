// What is on record of nodes: their services, misses, faults and challenges.
import { expect } from "chai";
import type { World } from "../../evidence/world/world.ts";
import { challengedWorld, challenging, RATE } from "../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: the history of nodes", () => {
  let world: World;
  /** Two leaves on vNode 1; node 1 has proven epoch 1. */
  const fresh = freshWorld(() => challengedWorld());
  const { asManager, asProvider } = shortcuts(() => world);
  const { challenge, proofOf, expire } = challenging(() => world);
  const record = async (node = 1) => {
    const { faults, lost, answered } = await world.challenges.recordOf(node);
    return { faults, lost, answered };
  };
  const service = async (vNode = 1) => {
    const { node, servesSince, servedMisses } = await world.audits.state(vNode);
    return { node, since: servesSince, misses: servedMisses };
  };
  const served = (values: Parameters<typeof named>[2]) => named(world.audits, "Served", values);
  const nothing = { faults: 0n, lost: 0n, answered: 0n };

  beforeEach(async () => {
    world = await fresh();
  });

  it("says who serves, and since when", async () => {
    expect(await service()).to.deep.equal({ node: 1n, since: 1n, misses: 0n });
    expect(await service(2)).to.deep.equal({ node: 0n, since: 0n, misses: 0n });
    expect(await record()).to.deep.equal(nothing);
  });

  it("counts misses, also those that cost nothing, and the fault that they end with", async () => {
    await world.missEach(2, 2);
    await world.settle();
    expect(await service()).to.deep.equal({ node: 1n, since: 1n, misses: 1n });
    await world.begin(3);
    await world.prove(3);
    await world.missEach(4, 6);
    await expect(world.settle())
      .to.emit(world.audits, "Served")
      .withArgs(...served({ vNode: 1, node: 1, since: 1, until: 7, rate: RATE, misses: 4 }));
    expect(await record()).to.deep.equal({ ...nothing, faults: 1n });
    expect(await service()).to.deep.equal({ node: 0n, since: 0n, misses: 0n });
  });

  it("passes a service on with the first proof of the next node", async () => {
    await asManager().assign(1, 2);
    await world.begin(2);
    await world.prove(2);
    expect(await service()).to.deep.equal({ node: 1n, since: 1n, misses: 0n });
    await world.takeOver(2);
    await world.begin(3);
    await expect(world.prove(3))
      .to.emit(world.audits, "Served")
      .withArgs(...served({ vNode: 1, node: 1, since: 1, until: 3, rate: RATE, misses: 0 }));
    expect(await service()).to.deep.equal({ node: 2n, since: 3n, misses: 0n });
    expect([await record(1), await record(2)]).to.deep.equal([nothing, nothing]);
  });

  it("ends a service when the node has left", async () => {
    await asProvider().announceLeave(1);
    await world.proveEach(2, 5);
    await world.toEpoch(7);
    await expect(world.settle())
      .to.emit(world.audits, "Served")
      .withArgs(...served({ vNode: 1, node: 1, since: 1, until: 6, rate: RATE, misses: 0 }));
  });

  it("counts challenges that are answered and those that are lost, which are no faults", async () => {
    await challenge();
    await world.proveEach(2, 2);
    await world.challenges.answer(1, await proofOf(1));
    expect(await record()).to.deep.equal({ ...nothing, answered: 1n });
    await challenge();
    await world.proveEach(3, 4);
    await world.begin(5);
    await expect(expire(2))
      .to.emit(world.audits, "Served")
      .withArgs(...served({ vNode: 1, node: 1, since: 1, until: 5, rate: RATE, misses: 0 }));
    expect(await record()).to.deep.equal({ ...nothing, answered: 1n, lost: 1n });
  });
});
