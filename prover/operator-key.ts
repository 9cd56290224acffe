/**
 * The operator's private key, from a file that nobody else can read.
 */
import { readFile, stat } from "node:fs/promises";
import { Wallet } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/**
 * The operator's private key: from a V3 keystore with its password, or bare hex for local networks.
 *
 * @throws HoldfastError "key" for anything else, and for a file that others can read
 */
export async function readOperatorKey(keyFile: string, passwordFile?: string): Promise<string> {
  const text = await readSecret(keyFile);
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return text.startsWith("0x") ? text : `0x${text}`;
  if (passwordFile === undefined) {
    const message = `${keyFile} is no hex private key; if it is a keystore, name the file with its password`;
    throw new HoldfastError("key", message, { keyFile });
  }
  const password = await readSecret(passwordFile);
  try {
    return (await Wallet.fromEncryptedJson(text, password)).privateKey;
  } catch (cause) {
    const message = `${keyFile} does not open with the password in ${passwordFile}, or is no V3 keystore`;
    throw new HoldfastError("key", message, { keyFile }, { cause });
  }
}

async function readSecret(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    [text, { mode }] = [await readFile(path, "utf8"), await stat(path)];
  } catch (cause) {
    throw new HoldfastError("key", `${path} cannot be read`, { path }, { cause });
  }
  if ((mode & 0o077) !== 0)
    throw new HoldfastError("key", `others can read ${path}: run \`chmod 600 ${path}\``, { path });
  return text.trim();
}
