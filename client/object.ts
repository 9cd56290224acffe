/**
 * The manifest of a stored object: what an owner keeps to find, check and read a file again. It is written before the
 * first payment and completed after each, so that a put which broke off can go on.
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
  /** Of the segments in the vNode's directory, in the object's order: all of them once the put is complete. */
  serials: z.array(z.int().nonnegative()),
  /** The signed transaction that stores the next ones, or its attempts, until it is known what became of it. */
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
  /** In the order of the file's bytes. */
  segments: z.array(z.strictObject({ root, leaves: id, bytes: id, sha256 })).min(1),
  replicas: z.array(replica).min(1),
});

export type StoredObject = Readonly<z.infer<typeof schema>>;
export type Replica = Readonly<z.infer<typeof replica>>;

/** Whether anything was paid for it, or may have been. */
export function isBegun({ serials, pending }: Replica): boolean {
  return serials.length > 0 || pending !== undefined;
}

/** Throws "not-found" or "bad-input". */
export async function readObject(path: string): Promise<StoredObject> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no object manifest ${path}`, { path }, { cause });
  }
  try {
    return schema.parse(parseJson(text));
  } catch (cause) {
    const message = `${path} is not an object manifest, as \`app put\` writes it: name another file`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}
