/**
 * The coordinator's folder: the circuit, the record of the ceremony so far, and all keys from the first to the last.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { artifactPaths, type ArtifactPaths } from "../../circuits/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { sha256File, writeJson } from "../../system/files.ts";
import { parseDraft, type CeremonyDraft } from "../transcript.ts";

export interface Ceremony {
  readonly dir: string;
  readonly draft: CeremonyDraft;
}

export const initialKey = (dir: string): string => numberedKey(dir, 0);
export const finalKey = (dir: string): string => join(dir, "key_final.zkey");
/** The circuit that was compiled for the ceremony. */
export const circuitOf = (dir: string, profile: ProfileName): ArtifactPaths =>
  artifactPaths(profile, circuitFolder(dir));
export const circuitFolder = (dir: string): string => join(dir, "circuit");

/** The key with so many contributions. */
export function numberedKey(dir: string, contributions: number): string {
  return join(dir, `key_${String(contributions).padStart(4, "0")}.zkey`);
}

/** The key to send to the next contributor. */
export const currentKey = ({ dir, draft }: Ceremony): string => numberedKey(dir, draft.contributions.length);

/**
 * @throws HoldfastError "not-found" if the folder has no ceremony, "corrupt" if its record or its first key was
 *   altered
 */
export async function openCeremony(dir: string): Promise<Ceremony> {
  const path = recordOf(dir);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const message = `there is no ceremony in ${dir}: begin one with \`keys ceremony init\``;
    throw new HoldfastError("not-found", message, { dir }, { cause });
  });
  let draft: CeremonyDraft;
  try {
    draft = parseDraft(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError(
      "corrupt",
      `${path} is not the record of a ceremony: restore it`,
      { path },
      { cause },
    );
  }
  const actual = await sha256File(initialKey(dir)).catch(() => "no file");
  if (actual !== draft.initial) {
    const message = `${initialKey(dir)} is missing or is not the key with which the ceremony began: begin again in another folder`;
    throw new HoldfastError("corrupt", message, { expected: draft.initial, actual });
  }
  return { dir, draft };
}

/** @throws HoldfastError "busy" if the folder has a ceremony already */
export async function claimFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const taken = await readFile(recordOf(dir)).then(
    () => true,
    () => false,
  );
  if (taken) throw new HoldfastError("busy", `${dir} has a ceremony already: choose another folder`, { dir });
}

export async function record(dir: string, draft: CeremonyDraft): Promise<Ceremony> {
  await writeJson(recordOf(dir), parseDraft(draft));
  return { dir, draft };
}

const recordOf = (dir: string): string => join(dir, "ceremony.json");
