/**
 * Arguments of Registry.retire and Registry.compact that open entries of a vNode's directory.
 */
import type { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import { present } from "./present.ts";

/** Opens the entries of these serials. Before the first compaction their indices are the serials. */
export function openingsOf(directory: Directory, serials: readonly number[], indices = serials) {
  const openings = serials.map((serial, i) => {
    const { start, root } = present(directory.entries[present(indices[i])]);
    return { serial, start, root: toHex32(root) };
  });
  return [openings, directory.multiPath(indices).map(toHex32)] as const;
}
