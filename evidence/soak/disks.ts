/**
 * Disk faults: segments are altered, truncated, lengthened or deleted without the node's knowledge.
 */
import { appendFile, open, rm, stat, truncate } from "node:fs/promises";
import { randomOf } from "../simulation/random.ts";
import type { Diary } from "./diary.ts";
import { hashOnDisk, pathOf, type Owed } from "./holdings.ts";
import type { SoakedNode } from "./network.ts";
import { pause } from "./reorganizations.ts";
import { empty, fill } from "./small-disks.ts";

export interface Disks {
  /** Damages one segment. */
  damage(owed: readonly Owed[]): Promise<void>;
  /** Fills a node's disk for a while, if its disk is a small one. */
  fill(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Notes which damaged segments have been repaired. */
  look(): Promise<void>;
  /** Whether a node's segment is damaged and not repaired yet. */
  isOpen(node: string, root: string): boolean;
  /** The segments that are not repaired although a healthy copy existed. */
  unrepaired(owed: readonly Owed[]): readonly string[];
}

type Damage = "bit flipped" | "cut off" | "lengthened" | "removed" | "tree removed";
const DAMAGES: readonly Damage[] = ["bit flipped", "cut off", "lengthened", "removed", "tree removed"];
/** Share of the attempts on a segment without a copy that are carried out. */
const ALONE_SHARE = 0.15;

interface Open {
  readonly node: SoakedNode;
  readonly root: string;
  readonly copies: number;
  readonly end: () => void;
}

export function createDisks(
  nodes: readonly SoakedNode[],
  { seed, diary, contents }: { seed: number; diary: Diary; contents: ReadonlyMap<string, string> },
): Disks {
  const random = randomOf(seed, "disks");
  const full = randomOf(seed, "full disks");
  const opened = new Map<string, Open>();
  const key = (node: string, root: string): string => `${node}/${root}`;
  const isWhole = async (node: SoakedNode, root: string): Promise<boolean> =>
    (await hashOnDisk(node, root)) === contents.get(root);

  async function copiesOf(root: string, but: SoakedNode, owed: readonly Owed[]): Promise<number> {
    const others = nodes.filter(
      (node) => node !== but && owed.some((each) => each.root === root && node.vNodes.includes(each.vNode)),
    );
    return (await Promise.all(others.map((node) => isWhole(node, root)))).filter(Boolean).length;
  }

  return {
    async damage(owed) {
      const node = nodes[random.between(0, nodes.length - 1)] as SoakedNode;
      const what = DAMAGES[random.between(0, DAMAGES.length - 1)] as Damage;
      const [choice, luck] = [random.next(), random.next()];
      const held = owed.filter(({ vNode }) => node.vNodes.includes(vNode));
      const root = held[Math.floor(choice * held.length)]?.root;
      if (root === undefined || opened.has(key(node.daemon.name, root)) || !(await isWhole(node, root)))
        return;
      const copies = await copiesOf(root, node, owed);
      if (copies === 0 && luck >= ALONE_SHARE && what !== "tree removed") return;
      const path = pathOf(node, root);
      const details = { root, copies: what === "tree removed" ? 1 : copies };
      if (what === "tree removed") {
        await rm(`${path}.tree`, { force: true });
        diary.note("disk", node.daemon.name, what, details);
        return;
      }
      const end = diary.begin("disk", node.daemon.name, what, { outage: false, details });
      opened.set(key(node.daemon.name, root), { node, root, copies, end });
      await DO[what](path, choice);
    },
    async fill(milliseconds, signal) {
      const small = nodes.filter(({ isSmall }) => isSmall);
      const node = small[full.between(0, Math.max(0, small.length - 1))];
      if (!node) return;
      const end = diary.begin("disk", node.daemon.name, "filled", { outage: false, details: { full: true } });
      try {
        await fill(node.dataFolder);
        await pause(milliseconds, signal);
      } finally {
        await empty(node.dataFolder);
        end();
      }
    },
    async look() {
      for (const [name, { node, root, end }] of opened) {
        if (!(await isWhole(node, root))) continue;
        end();
        opened.delete(name);
      }
    },
    isOpen: (node, root) => opened.has(key(node, root)),
    unrepaired: (owed) =>
      [...opened.values()]
        .filter(({ node, root, copies }) => copies > 0 && isOwed(owed, node, root))
        .map(({ node, root }) => `${node.daemon.name}: ${root}`),
  };
}

const isOwed = (owed: readonly Owed[], { vNodes }: SoakedNode, root: string): boolean =>
  owed.some((each) => each.root === root && vNodes.includes(each.vNode));

const DO: Readonly<Record<Exclude<Damage, "tree removed">, (path: string, where: number) => Promise<void>>> =
  {
    async "bit flipped"(path, where) {
      const file = await open(path, "r+");
      try {
        const at = Math.floor(where * (await file.stat()).size);
        const byte = new Uint8Array(1);
        await file.read(byte, 0, 1, at);
        byte[0] = (byte[0] ?? 0) ^ (1 << Math.floor(8 * where));
        await file.write(byte, 0, 1, at);
      } finally {
        await file.close();
      }
    },
    async "cut off"(path, where) {
      await truncate(path, Math.floor(where * (await stat(path)).size));
    },
    lengthened: (path) => appendFile(path, "more"),
    removed: (path) => rm(path),
  };
