/**
 * What is recorded of a profile's compiled circuit and key, and checked whenever they are loaded (protocol.md, section 8).
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
      /** Whoever made the key could forge proofs. */
      insecure: z.boolean(),
      /** To phase 2 of the ceremony. */
      contributions: z.int().nonnegative(),
      zkey: sha256,
      verificationKey: sha256,
      /** Of a ceremony: who contributed, and all that the key was made from (keys/transcript.ts). */
      transcript: sha256.optional(),
    })
    .optional(),
});

export type CircuitManifest = Readonly<z.infer<typeof schema>>;

/** Throws ZodError if `value` is not a manifest. */
export const parseManifest = (value: unknown): CircuitManifest => schema.parse(value);
