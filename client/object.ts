/**
 * The manifest of a stored object: what its owner needs to find, check and read a file again. It is written before the first
 * payment and completed after each, so that an interrupted put can be resumed.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { parseJson } from "../protocol/json.ts";

const root = z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.int().positive();

const signed = z.string().regex(/^0x([0-9a-f]{2})+$/);

const replica = z.strictObject({
  vNode: id,
  epochs: id,
  /** Serials of the segments that are stored on the vNode, in the object's order. */
  serials: z.array(z.int().nonnegative()),
  /** The signed transaction that stores the next segments, or all its attempts, until its outcome is known. */
  pending: z.union([signed, z.array(signed).min(1)]).optional(),
});

const schema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  bytes: z.int().positive(),
  sha256,
  profile: z.enum(["tiny", "demo", "standard"]),
  chainId: z.string(),
  /** Address of the Audits contract of the deployment. */
  audits: z.string(),
  bucket: id,
  /** In the order of the bytes in the file. */
  segments: z.array(z.strictObject({ root, leaves: id, bytes: id, sha256 })).min(1),
  replicas: z.array(replica).min(1),
});

export type StoredObject = Readonly<z.infer<typeof schema>>;
export type Replica = Readonly<z.infer<typeof replica>>;

/** Whether anything of the replica was paid, or may have been. */
export function isBegun({ serials, pending }: Replica): boolean {
  return serials.length > 0 || pending !== undefined;
}

/** @throws HoldfastError "not-found" or "bad-input" */
export async function readObject(path: string): Promise<StoredObject> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no manifest ${path}: check its name`, { path }, { cause });
  }
  try {
    return schema.parse(parseJson(text));
  } catch (cause) {
    const message = `${path} is not a manifest that \`app put\` has written: name another file`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}
