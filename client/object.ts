/**
 * The manifest of a stored object: what an owner keeps to find, check and read a file again.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";

const root = z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.int().positive();

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
  /** Each holds all segments; serials are those of the segments in the vNode's directory. */
  replicas: z
    .array(z.strictObject({ vNode: id, epochs: id, serials: z.array(z.int().nonnegative()) }))
    .min(1),
});

export type StoredObject = Readonly<z.infer<typeof schema>>;

/** Throws "not-found" or "bad-input". */
export async function readObject(path: string): Promise<StoredObject> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no object manifest ${path}`, { path }, { cause });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${path} is not an object manifest: give the file that \`app put\` wrote`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}
