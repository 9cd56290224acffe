/**
 * Short names for tests of a ReputationManager's members and seats.
 */
import { expect } from "chai";
import type { ReputationWorld } from "../../evidence/world/reputation.ts";
import type { Order } from "../../evidence/world/world.ts";

/**
 * @param world the one of the running test
 * @param clock its epoch, which these functions move on
 */
export function reputing(world: () => ReputationWorld, clock: { epoch: number }) {
  const store = (options: Order = {}) => world().store({ epochs: 300, ...options });
  const refuses = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world().manager, error)
      .withArgs(...args);
  const standing = async (node: number) => (await world().manager.entryOf(node)).standing;
  const members = async () => (await world().manager.memberNodes()).map(Number);
  const review = (node: number) => world().manager.connect(world().people.stranger).review(node);
  const place = (vNode: number) => world().manager.connect(world().people.stranger).place(vNode);
  /** Begins the next epoch and proves these vNodes. */
  const next = async (vNodes: readonly number[], drawn?: number) => {
    await world().begin(++clock.epoch, world().drawing(drawn ?? 1, drawn !== undefined, 1000 * clock.epoch));
    for (const vNode of vNodes) await world().prove(clock.epoch, vNode);
  };
  /** Epochs in which these vNodes are proven, until one more would be `end`. */
  const proveUntil = async (end: number, vNodes: readonly number[]) => {
    while (clock.epoch + 1 < end) await next(vNodes);
  };
  /** Proves and samples a vNode `times` times. */
  const earn = async (node: number, vNode: number, times: number, others: readonly number[] = []) => {
    for (let i = 0; i < times; i++) {
      await next([vNode, ...others], vNode);
      const { nextSerial } = await world().registry.directory(vNode);
      await world()
        .by(node)
        .sample(
          vNode,
          Array.from({ length: Number(nextSerial) }, (_, serial) => serial),
        );
    }
  };
  /** Two leaves of two owners are on vNode 1, which is sampled twice. */
  const serve = async () => {
    await store();
    await store({ bucket: 2 });
    await next([1]);
    await world().manager.lookAt(1);
    await earn(1, 1, 2);
  };
  /** The same, and node 1 is the founding member. */
  const found = async () => {
    await serve();
    await review(1);
  };
  /** Node 2 is a candidate on vNode 2, with a leaf of each owner. */
  const try2 = async () => {
    await world().by(2).join(2);
    await place(2);
    await next([1]);
    await store({ vNode: 2, node: 2 });
    await store({ vNode: 2, node: 2, bucket: 2 });
    await next([1, 2]);
    await world().manager.lookAt(2);
  };

  return { store, refuses, standing, members, review, place, next, proveUntil, earn, serve, found, try2 };
}
