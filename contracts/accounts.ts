/**
 * Keys of accounts: from an encrypted V3 keystore with its password file, from a bare hex key for local networks, and
 * those that every development chain knows.
 */
import { readFile, stat } from "node:fs/promises";
import { HDNodeWallet, Wallet } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/** The hex private key in a file. Throws "key" for anything that is not one, or that others can read. */
export async function readKeyFile(path: string, passwordFile?: string): Promise<string> {
  const text = await readSecret(path);
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return text.startsWith("0x") ? text : `0x${text}`;
  if (!text.startsWith("{")) {
    throw new HoldfastError("key", `${path} is neither a keystore nor a hex private key`, { path });
  }
  if (passwordFile === undefined) {
    throw new HoldfastError(
      "key",
      `${path} is a keystore: name the file with its password (--password-file)`,
      { path },
    );
  }
  try {
    return (await Wallet.fromEncryptedJson(text, await readSecret(passwordFile))).privateKey;
  } catch (cause) {
    const message = `${path} does not open with the password in ${passwordFile}, or is no V3 keystore`;
    throw new HoldfastError("key", message, { path }, { cause });
  }
}

async function readSecret(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    [text, { mode }] = [await readFile(path, "utf8"), await stat(path)];
  } catch (cause) {
    throw new HoldfastError("key", `the file ${path} cannot be read`, { path }, { cause });
  }
  if ((mode & 0o077) !== 0) {
    throw new HoldfastError("key", `others can read ${path}: run \`chmod 600 ${path}\``, { path });
  }
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
