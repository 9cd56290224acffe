/**
 * The record of a key ceremony: what the key was made from, who contributed, and which beacon ended it.
 */
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const blake2b = z.string().regex(/^[0-9a-f]{128}$/);

const contribution = z.strictObject({
  name: z.string(),
  /** BLAKE2b-512 of the contribution's public key, as snarkjs prints it. */
  hash: blake2b,
});

const announcement = z.strictObject({
  drand: z.strictObject({
    publicKey: z.string().regex(/^[0-9a-f]{256}$/),
    genesis: z.int().positive(),
    period: z.int().positive(),
  }),
  round: z.int().positive(),
  /** The beacon's randomness is hashed 2^iterationsExp times. */
  iterationsExp: z.int().min(10).max(31),
  /** Seconds; before the round was due. */
  announcedAt: z.int().positive(),
});

/** The record while the ceremony runs. */
const draft = z.strictObject({
  format: z.literal("holdfast key ceremony, version 1"),
  profile: z.enum(["tiny", "demo", "standard"]),
  compiler: z.string(),
  circuit: z.strictObject({
    sources: sha256,
    constraints: z.int().positive(),
    wires: z.int().positive(),
    publicInputs: z.int().positive(),
    r1cs: sha256,
    wasm: sha256,
    /** BLAKE2b-512 over the circuit with the powers: snarkjs's circuit hash. */
    hash: blake2b,
  }),
  powers: z.strictObject({ name: z.string(), power: z.int().positive(), blake2b }),
  /** SHA-256 of the key before the first contribution. Repeating the first step gives the same file. */
  initial: sha256,
  /** In order, without the beacon. */
  contributions: z.array(contribution),
  announcement: announcement.optional(),
  beacon: z
    .strictObject({
      signature: z.string().regex(/^[0-9a-f]{128}$/),
      ...contribution.shape,
    })
    .optional(),
});

const transcript = draft.required({ announcement: true, beacon: true }).extend({
  /** True if the powers or the beacon are not public, so that the coordinator could have chosen them. */
  insecure: z.boolean(),
  key: z.strictObject({ zkey: sha256, verificationKey: sha256 }),
});

const signed = z.strictObject({
  transcript,
  /** Address of the account that signed. */
  coordinator: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  /** EIP-191 signature of `transcriptMessage`. */
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

export type CeremonyDraft = Readonly<z.infer<typeof draft>>;
export type Transcript = Readonly<z.infer<typeof transcript>>;
export type SignedTranscript = Readonly<z.infer<typeof signed>>;
export type Contribution = Readonly<z.infer<typeof contribution>>;
export type Announcement = Readonly<z.infer<typeof announcement>>;

export const TRANSCRIPT_FORMAT = "holdfast key ceremony, version 1";

/** @throws ZodError if `value` does not have this form; the next two also do */
export const parseDraft = (value: unknown): CeremonyDraft => draft.parse(value);
export const parseTranscript = (value: unknown): Transcript => transcript.parse(value);
export const parseSignedTranscript = (value: unknown): SignedTranscript => signed.parse(value);

/**
 * The text that the coordinator signs, which a wallet can show. Zod keeps the properties in the order of the schema.
 */
export function transcriptMessage(value: Transcript): string {
  return `I coordinated this key ceremony of Holdfast:\n${JSON.stringify(parseTranscript(value), null, 2)}`;
}
