/**
 * Keys of accounts: from an encrypted V3 keystore with its password file, from a bare hex key for local networks, and
 * those that every development chain knows.
 */
import { readFile, stat } from "node:fs/promises";
import { HDNodeWallet, Wallet } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/** Order of secp256k1: keys are between zero and this. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const OTHERS = 0o077;

/** The hex private key in a file. Throws "key" for anything that is not one, or that others can read. */
export async function readKeyFile(path: string, passwordFile?: string): Promise<string> {
  const text = await readSecret(path);
  // Before the password is tried: that it is the wrong one is something else.
  const password = passwordFile === undefined ? undefined : await readSecret(passwordFile);
  if (text.startsWith("{")) {
    if (password !== undefined) return openKeystore(text, password, { path, passwordFile });
    const message = `${path} is a keystore: name the file with its password (--password-file)`;
    throw new HoldfastError("key", message, { path });
  }
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text))
    throw new HoldfastError("key", `${path} is neither a keystore nor a hex private key`, { path });
  const key = text.startsWith("0x") ? text : `0x${text}`;
  if (BigInt(key) > 0n && BigInt(key) < ORDER) return key;
  const message = `the number in ${path} is no private key: it is zero, or too large`;
  throw new HoldfastError("key", message, { path });
}

async function openKeystore(
  text: string,
  password: string,
  { path, passwordFile }: { path: string; passwordFile: string | undefined },
): Promise<string> {
  try {
    return (await Wallet.fromEncryptedJson(text, password)).privateKey;
  } catch (cause) {
    const message = `${path} does not open with the password in ${passwordFile}, or is no V3 keystore`;
    throw new HoldfastError("key", message, { path }, { cause });
  }
}

async function readSecret(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    [{ mode }, text] = [await stat(path), await readFile(path, "utf8")];
  } catch (cause) {
    const isFolder = (cause as NodeJS.ErrnoException).code === "EISDIR";
    const message = isFolder ? `${path} is a folder: name a file` : `the file ${path} cannot be read`;
    throw new HoldfastError("key", message, { path }, { cause });
  }
  if ((mode & OTHERS) !== 0)
    throw new HoldfastError("key", `others can read ${path}: run \`chmod 600 ${path}\``, { path });
  return text.trim();
}

export interface DevelopmentAccount {
  readonly address: string;
  readonly privateKey: string;
}

/** Of Hardhat's and Anvil's published mnemonic: everybody has these keys. */
export function developmentAccounts(count: number): DevelopmentAccount[] {
  const mnemonic = "test test test test test test test test test test test junk";
  const parent = HDNodeWallet.fromPhrase(mnemonic, "", "m/44'/60'/0'/0");
  return Array.from({ length: count }, (_, i) => {
    const { address, privateKey } = parent.deriveChild(i);
    return { address, privateKey };
  });
}
