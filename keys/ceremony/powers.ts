/**
 * Powers-of-tau files: how many powers they have, whether they are prepared for phase 2, and whether they are
 * published.
 */
import { basename } from "node:path";
import { locateSections, readSomeSections, section } from "../../groth16/sections.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { blake2bFile } from "../../system/files.ts";
import { HERMEZ_URL, type PublishedPowers } from "../trust.ts";

export interface Powers {
  /** The published name, or else the name of the file. */
  readonly name: string;
  readonly power: number;
  /** BLAKE2b-512, 128 hex digits. */
  readonly blake2b: string;
  readonly published: boolean;
}

const HEADER = 1;
/** Section with the powers in Lagrange form; only a prepared file has it. */
const LAGRANGE = 12;
/** Before this offset: field size (4 bytes) and prime (32). */
const POWER_AT = 36;

export interface PowersOptions {
  /** The published files. */
  readonly trusted: readonly PublishedPowers[];
  /** The smallest power that suffices. */
  readonly needed: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws HoldfastError "corrupt" for another kind of file, "key" if it has too few powers or is not prepared */
export async function readPowers(path: string, { trusted, needed, signal }: PowersOptions): Promise<Powers> {
  const sections = await readSomeSections(path, "ptau", [HEADER]);
  const header = Buffer.from(section(sections, HEADER, "ptau"));
  if (header.length < POWER_AT + 4)
    throw new HoldfastError("corrupt", `${path} is a broken ptau file: download it again`, { path });
  const power = header.readUInt32LE(POWER_AT);
  if (power < needed) {
    const message = `${path} has 2^${power} powers, but the circuit needs 2^${needed}: use ${hintFor(trusted, needed)}`;
    throw new HoldfastError("key", message, { path, power, needed });
  }
  if (!(await locateSections(path, "ptau")).has(LAGRANGE)) {
    const message = `${path} is not prepared for phase 2: use ${hintFor(trusted, needed)}`;
    throw new HoldfastError("key", message, { path });
  }
  const blake2b = await blake2bFile(path, signal);
  const published = trusted.find((entry) => entry.blake2b === blake2b && entry.power === power);
  return { name: published?.name ?? basename(path), power, blake2b, published: published !== undefined };
}

/** Names a published file that is large enough. */
export function hintFor(trusted: readonly PublishedPowers[], needed: number): string {
  const fit = trusted.find(({ power }) => power >= needed);
  return fit ? `${fit.name} from ${HERMEZ_URL}${fit.name}` : "a larger file";
}
