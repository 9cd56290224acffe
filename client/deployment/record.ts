/**
 * The record that `deployment create` writes, with which commands find a deployment.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseJson } from "../../protocol/json.ts";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits");
const schema = z.object({ chainId: z.int().min(1), audits: address, token: address, lens: address });

export type DeploymentRecord = Readonly<z.infer<typeof schema>>;

/** @throws HoldfastError "bad-input" if the file is not such a record */
export function readRecord(path: string): DeploymentRecord {
  try {
    return schema.parse(parseJson(readFileSync(path, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    const message = `${path} is not the record of a deployment, give the deployment.json of its folder: ${reason}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}
