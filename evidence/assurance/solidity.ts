/**
 * The hashes and the directory in Solidity agree with those in TypeScript. Runs on its own chain.
 */
import { network } from "hardhat";
import { Directory, type Entry } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import { compress4, permute4 } from "../../protocol/poseidon2.ts";
import type { DirectoryHarness, Poseidon2T4Harness } from "../../types/ethers/index.js";
import { createRandom, type Random } from "./random.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";

type Words4 = [bigint, bigint, bigint, bigint];

const HASHES = 6_000;
const DIRECTORIES = 60;
/** Hashes in one call, which takes 7 million gas. */
const BATCH = 400;
const DEPTH = 2;
const EVIDENCE = "Solidity agrees with TypeScript";

export async function* solidity({ vectors }: Pick<Scale, "vectors">): Rows {
  const { ethers } = await network.create({ network: "hardhat" });
  const hasher = await ethers.deployContract("Poseidon2T4Harness");
  const cases = Math.ceil(HASHES * vectors);
  yield await hashes("permute4", cases, (states) => hasher.permuteAll(states), permute4);
  yield await hashes("compress4", cases, (inputs) => hasher.compressAll(inputs), compress4);

  const random = createRandom("directories");
  const outcomes: Outcome[] = [];
  for (let i = 0; i < Math.ceil(DIRECTORIES * vectors); i++) {
    const contract = await ethers.deployContract("DirectoryHarness", [DEPTH]);
    outcomes.push(await liveDirectory(contract, random));
  }
  const changes = outcomes.reduce((sum, outcome) => sum + outcome.changes, 0);
  yield row("Directory", changes, outcomes.flatMap(({ wrong }) => wrong ?? []).at(0));
}

async function hashes(
  name: string,
  cases: number,
  onChain: (
    inputs: Words4[],
  ) => ReturnType<Poseidon2T4Harness["permuteAll"] | Poseidon2T4Harness["compressAll"]>,
  reference: (input: Words4) => bigint | bigint[],
): Promise<EvidenceRow> {
  const random = createRandom(`solidity ${name}`);
  let wrong: string | undefined;
  for (let done = 0; done < cases; done += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, cases - done) }, () => random.elements(4) as Words4);
    const answers = await onChain(inputs);
    const at = inputs.findIndex((input, i) => String(answers[i]) !== String(reference(input)));
    if (at >= 0) wrong ??= `another hash of ${String(inputs[at])}`;
  }
  return row(name, cases, wrong);
}

interface Outcome {
  /** Number of roots that were compared. */
  readonly changes: number;
  readonly wrong?: string;
}

/**
 * Fills a directory with one to three segments per call, and now and then retires one to three. Compares the root after each
 * call, and the root of each multi-path before it is used.
 */
async function liveDirectory(contract: DirectoryHarness, random: Random): Promise<Outcome> {
  const directory = new Directory(DEPTH);
  const room = 4 ** DEPTH;
  for (let changes = 1; ; changes++) {
    const { entries } = directory;
    const live = entries.flatMap(({ root }, i) => (root === 0n ? [] : [i]));
    if (live.length > 0 && random.below(3) === 0) {
      const indices = pick(live, 1 + random.below(Math.min(3, live.length)), random);
      const opened = indices.map((i) => entries[i] as Entry);
      const siblings = directory.multiPath(indices).map(toHex32);
      if ((await contract.rootOf(opened, indices, siblings)) !== directory.root)
        return { changes, wrong: `another root by the multi-path of ${String(indices)}` };
      await contract.bury(opened, indices, siblings);
      for (const index of indices) directory.retire(index);
    } else if (entries.length < room) {
      const count = Math.min(1 + random.below(3), room - entries.length);
      const appended = Array.from({ length: count }, () =>
        directory.append({
          root: random.element() || 1n,
          weight: 1 + random.below(2 ** 36),
          leaves: 1 + random.below(2 ** 24),
        }),
      );
      await contract.append(appended);
    } else if (live.length === 0 || random.below(4) === 0) {
      return { changes };
    }
    if ((await contract.root()) !== directory.root)
      return { changes, wrong: `another root after ${changes} changes` };
  }
}

/** Picks `count` of the values at random, in their order. */
function pick(values: readonly number[], count: number, random: Random): number[] {
  const left = [...values];
  while (left.length > count) left.splice(random.below(left.length), 1);
  return left;
}

function row(subject: string, cases: number, wrong: string | undefined): EvidenceRow {
  return { evidence: EVIDENCE, subject, cases, holds: wrong === undefined, detail: wrong ?? "" };
}
