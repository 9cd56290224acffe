/**
 * A vNode whose directory is compacted, and the tree that it should have.
 */
import { expect } from "chai";
import { openingsOf } from "../../evidence/world/openings.ts";
import { present } from "../../evidence/world/present.ts";
import { createWorld, SHAPE, type World } from "../../evidence/world/world.ts";
import { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";

/** A leaf's weight, in quanta. */
export const WEIGHT = 125;

/** A vNode's tree with the serials of its entries. */
export class Tree {
  readonly directory = new Directory(SHAPE.directoryDepth);
  readonly serials: number[] = [];

  append(serial: number, root: bigint, leaves: number): void {
    this.directory.append({ root, weight: WEIGHT * leaves, leaves });
    this.serials.push(serial);
  }

  indexOf(serial: number): number {
    return this.serials.indexOf(serial);
  }

  openings(...serials: number[]) {
    return openingsOf(
      this.directory,
      serials,
      serials.map((serial) => this.indexOf(serial)),
    );
  }

  retire(...serials: number[]): void {
    for (const serial of serials) this.directory.retire(this.indexOf(serial));
  }

  /** The tree of these entries alone. */
  of(...serials: number[]): Tree {
    const fresh = new Tree();
    for (const serial of serials) {
      const { root, leaves } = present(this.directory.entries[this.indexOf(serial)]);
      fresh.append(serial, root, leaves);
    }
    return fresh;
  }
}

interface Compacting {
  readonly world: World;
  readonly tree: Tree;
}

/** Makes a world with six segments at the first call, and restores it at each further one. */
export function compactingWorld(): () => Promise<Compacting> {
  let made: (Compacting & { restore: () => Promise<void> }) | undefined;
  return async () => {
    if (made) await made.restore();
    else {
      const [world, tree] = [await createWorld(), new Tree()];
      const { store } = compactingShortcuts(() => ({ world, tree }));
      // Serials 0, 2 and 4 end with epoch 1, 1 and 3 go on, and 5 ends with epoch 2.
      for (const [leaves, epochs] of [
        [3, 1],
        [2, 20],
        [2, 1],
        [2, 20],
        [4, 1],
        [1, 2],
      ] as const) {
        await store(leaves, epochs);
      }
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      made = { world, tree, restore: () => snapshot.restore() };
    }
    return { world: made.world, tree: made.tree.of(...made.tree.serials) };
  };
}

/** @param running what the running test has */
export function compactingShortcuts(running: () => Compacting) {
  const registry = () => running().world.registry;
  const people = () => running().world.people;
  const operator = (node = 1) => registry().connect(present(people().operators[node - 1]));
  return {
    operator,
    provider: (node = 1) => registry().connect(present(people().providers[node - 1])),
    left: async () => (await registry().compaction(1)).left,
    compact: (...serials: number[]) => operator().compact(1, ...running().tree.openings(...serials)),

    /** Stores a segment on the vNode, and in the tree. */
    store: async (leaves: number, epochs = 20, root?: bigint, node = 1): Promise<void> => {
      const { world, tree } = running();
      const serial = Number((await registry().directory(1)).nextSerial);
      root ??= BigInt(1000 + serial);
      await world.store({ leaves: [leaves], roots: [toHex32(root)], epochs, node });
      tree.append(serial, root, leaves);
    },

    /** Checks that the contract's directory is the tree. */
    expectSame: async (expected = running().tree): Promise<void> => {
      const { root, total, count } = await registry().directory(1);
      const { directory, serials } = expected;
      expect([root, total, count]).to.deep.equal([
        toHex32(directory.root),
        BigInt(directory.total),
        BigInt(serials.length),
      ]);
    },
  };
}
