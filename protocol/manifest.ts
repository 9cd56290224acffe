/**
 * The manifest of a profile: hashes of its compiled circuit and its key, checked whenever those files are loaded
 * (protocol.md, section 8).
 */
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  profile: z.enum(["tiny", "demo", "standard"]),
  compiler: z.string(),
  /** SHA-256 over all sources. */
  sources: sha256,
  constraints: z.int().positive(),
  wires: z.int().positive(),
  publicInputs: z.int().positive(),
  hashes: z.strictObject({ r1cs: sha256, wasm: sha256 }),
  key: z
    .strictObject({
      /** True if somebody who took part in making the key could forge proofs. */
      insecure: z.boolean(),
      /** Contributions to phase 2 of the ceremony. */
      contributions: z.int().nonnegative(),
      zkey: sha256,
      verificationKey: sha256,
      /**
       * Only for a ceremony's key: the record of who contributed and what the key was made from (keys/transcript.ts).
       */
      transcript: sha256.optional(),
    })
    .optional(),
});

export type CircuitManifest = Readonly<z.infer<typeof schema>>;

/** @throws ZodError if `value` is not a manifest */
export const parseCircuitManifest = (value: unknown): CircuitManifest => schema.parse(value);
