/**
 * What Registry.retire and Registry.compact take to open entries of a vNode's directory.
 */
import type { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import { present } from "./present.ts";

/** Entries of these segments, which are at these places of the tree: those of their serials until it is compacted. */
export function openingsOf(directory: Directory, serials: readonly number[], indices = serials) {
  const openings = serials.map((serial, i) => {
    const { start, root } = present(directory.entries[present(indices[i])]);
    return { serial, start, root: toHex32(root) };
  });
  return [openings, directory.multiPath(indices).map(toHex32)] as const;
}
