/**
 * Assignments that break a single link between parts: a part gets another value than the one before it gives, and everything
 * after it agrees with that value.
 */
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheat.ts";
import { bytesOf } from "./plans.ts";
import { statement } from "./statements.ts";

const FILE = "sample_draws.circom";
const ELEMENT = "random[e \\ 4][e % 4]";
const SAMPLES = [0, 1];
/** Bits of an element that two samples use. */
const USED_BITS = 168;

const link = (claim: string, start: number, patch: Patch): Cheat => ({
  main: "SampleDraws(2)",
  claim,
  patches: [patch],
  input: () => ({ seed: 5n, start: BigInt(start), length: 1000n }),
});

export const LINKS: readonly Cheat[] = [
  // The program takes the number of the bit from `start`, so that one program serves for all bits.
  ...Array.from({ length: USED_BITS }, (_, i) =>
    link(`bit ${i} is handed on negated`, i, [
      FILE,
      `bit[e] <== CanonicalBits()(${ELEMENT});`,
      `{
        _ <== CanonicalBits()(${ELEMENT});
        for (var i = 0; i < 254; i++) bit[e][i] <-- ((${ELEMENT} >> i) & 1) ^ (i == start);
      }`,
    ] as const),
  ),
  ...SAMPLES.flatMap((j) => [
    link(`sample ${j} is scaled to another length`, 0, [
      FILE,
      "Scale(50, 40)(u, length)",
      `Scale(50, 40)(u, length + (j == ${j} ? 1 : 0))`,
    ] as const),
    link(`sample ${j} scales another window`, 0, [
      FILE,
      "Scale(50, 40)(u, length)",
      `Scale(50, 40)(u + (j == ${j} ? 1 : 0), length)`,
    ] as const),
  ]),
  ...["start", "length - 1", "start + length - 1"].map((checked): Cheat => ({
    main: "StorageAudit(2, 2, 2)",
    claim: `another ${checked} is checked`,
    input: (engine) => statement({ seed: 12345n, sizes: [bytesOf(7)] }, engine),
    patches: [["storage_audit.circom", `RangeCheck(40)(${checked})`, "RangeCheck(40)(9)"]],
  })),
];
