/**
 * The key of the account that a command acts for: what contracts/accounts.ts reads, with words for what else can be wrong.
 */
import { stat } from "node:fs/promises";
import { readKeyFile } from "../contracts/accounts.ts";
import { HoldfastError } from "../protocol/errors.ts";

/** Order of secp256k1: keys are between zero and this. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const OTHERS = 0o077;

/** Hex. Throws "key" for what is no key, for one that no account has, and for files that others can read. */
export async function readAccountKey(path: string, passwordFile?: string): Promise<string> {
  // Before the password is tried: that it is the wrong one is something else.
  if (passwordFile !== undefined) await checkSecret(passwordFile);
  const key = await readKeyFile(path, passwordFile);
  const value = BigInt(key);
  if (value > 0n && value < ORDER) return key;
  const message = `the number in ${path} is no private key: it is zero, or too large`;
  throw new HoldfastError("key", message, { path });
}

async function checkSecret(path: string): Promise<void> {
  let found;
  try {
    found = await stat(path);
  } catch (cause) {
    throw new HoldfastError("key", `the file ${path} cannot be read`, { path }, { cause });
  }
  if (found.isDirectory()) throw new HoldfastError("key", `${path} is a folder: name a file`, { path });
  if ((found.mode & OTHERS) !== 0)
    throw new HoldfastError("key", `others can read ${path}: run \`chmod 600 ${path}\``, { path });
}
