/**
 * The segments that nodes must store according to the chain, and those that are on their disks.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChainEvent } from "../../client/chain.ts";
import { select } from "../../client/devnet/history.ts";
import type { SoakedNode } from "./network.ts";

export interface Owed {
  readonly vNode: number;
  readonly serial: number;
  readonly root: string;
  readonly from: number;
  /** The first epoch that is not paid for. */
  readonly end: number;
}

export function segmentsIn(events: readonly ChainEvent[]): Owed[] {
  const number = (value: unknown): number => Number(value);
  const later = [...select(events, "SegmentExtended"), ...select(events, "SegmentEndedEarly")];
  return select(events, "SegmentStored").map(({ args }) => {
    const changes = later.filter(
      ({ args: other }) => other["vNode"] === args["vNode"] && other["serial"] === args["serial"],
    );
    const end = number((changes.at(-1)?.args ?? args)["end"]);
    const [vNode, serial, from] = [args["vNode"], args["serial"], args["from"]].map(number);
    return { vNode: vNode ?? 0, serial: serial ?? 0, from: from ?? 0, end, root: args["root"] as string };
  });
}

export const pathOf = ({ dataFolder }: SoakedNode, root: string): string =>
  join(dataFolder, "segments", root.slice(2));

/** undefined if the file does not exist. */
export async function hashOnDisk(node: SoakedNode, root: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(pathOf(node, root));
    return createHash("sha256").update(bytes).digest("hex");
  } catch {
    return undefined;
  }
}
