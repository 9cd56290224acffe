/**
 * JSON files that a command is given.
 */
import { readFile } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { parseJson } from "../protocol/json.ts";

/** @throws HoldfastError "not-found" or "bad-input" */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw new HoldfastError("bad-input", `${path} is not JSON`, { path }, { cause });
  }
}
