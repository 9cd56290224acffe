/**
 * The customer: stores segments of all sizes and lives, on both nodes or on one, and reads them back.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { createApp } from "../../client/app.ts";
import { fund } from "../../client/devnet/network.ts";
import type { StoredObject } from "../../client/object.ts";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { randomOf, type Random } from "../simulation/random.ts";
import type { Diary } from "./diary.ts";
import type { Network } from "./network.ts";

export interface Customer {
  /** SHA-256 of the segment with each root. */
  readonly contents: ReadonlyMap<string, string>;
  readonly counts: { stored: number; refused: number; read: number; unread: number };
  /** Reads that did not return what was stored. */
  readonly wrong: readonly string[];
  /** Stores or reads something. */
  act(): Promise<void>;
}

const LIVES = [2, 12] as const;
const STORE_SHARE = 0.5;
/** Share of the objects that are stored on one node only. */
const SINGLE_SHARE = 0.2;
const SIZES = [1, 31, 496, 5_000, 60_000, maxBytes(PROFILES.tiny)] as const;
const REMEMBERED = 24;

export async function createCustomer(
  { chain, roles, nodes, bucket }: Network,
  { seed, folder, diary, signal }: { seed: number; folder: string; diary: Diary; signal: AbortSignal },
): Promise<Customer> {
  const random = randomOf(seed, "customer");
  const own = chain.as(roles.app.privateKey);
  await fund(own, 10n ** 24n);
  const engine = await loadHashEngine();
  const app = createApp({ chain: own, engine, signal, allowPrivateNodes: true, answerMs: 5_000 });
  const files = join(folder, "customer");
  await mkdir(files);
  const contents = new Map<string, string>();
  const objects: StoredObject[] = [];
  const wrong: string[] = [];
  const counts = { stored: 0, refused: 0, read: 0, unread: 0 };
  let made = 0;

  async function store(): Promise<void> {
    const isSingle = random.next() < SINGLE_SHARE;
    const holders = isSingle ? [nodes[random.between(0, nodes.length - 1)]] : nodes;
    const vNodes = holders.map((node) => BigInt(pick(random, node?.vNodes ?? [])));
    const bytes = bytesOf(random, pick(random, SIZES));
    const epochs = random.between(...LIVES);
    const path = join(files, `${made++}`);
    await writeFile(path, bytes);
    try {
      const plan = await app.plan({ path, bucket, epochs, vNodes });
      for (const { root, sha256 } of plan.file.segments) contents.set(root, sha256);
      objects.push(await app.put(plan));
      if (objects.length > REMEMBERED) objects.shift();
      counts.stored++;
      diary.note("customer", vNodes.join(), "stored", { bytes: bytes.length, epochs });
    } catch (error) {
      counts.refused++;
      diary.note("customer", vNodes.join(), "not stored", { why: (error as Error).message });
    }
  }

  async function read(object: StoredObject): Promise<void> {
    const out = join(files, "read");
    await rm(out, { force: true });
    try {
      await app.get(object, out);
    } catch (error) {
      counts.unread++;
      diary.note("customer", object.name, "not read", { why: (error as Error).message });
      return;
    }
    counts.read++;
    const found = createHash("sha256")
      .update(await readFile(out))
      .digest("hex");
    if (found !== object.sha256) wrong.push(`${object.name}: SHA-256 ${found}, not ${object.sha256}`);
  }

  return {
    contents,
    counts,
    wrong,
    async act() {
      const object = objects[random.between(0, Math.max(0, objects.length - 1))];
      await (!object || random.next() < STORE_SHARE ? store() : read(object));
    },
  };
}

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[random.between(0, values.length - 1)] as T;

function bytesOf(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = random.between(0, 255);
  return bytes;
}
