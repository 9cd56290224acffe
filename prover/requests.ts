/**
 * What requests to the node have in common: who asks, and of which form what they say is.
 */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { P, type Hex } from "../protocol/field.ts";
import type { Access, Authorization } from "./auth.ts";

/** In one acceptance: the contract's transaction has to fit them. */
const MAX_SEGMENTS = 256;

/** As many bits as the contracts give it. */
const id = (bits: number): z.ZodType<bigint> =>
  z
    .string()
    .regex(/^[1-9]\d{0,12}$/)
    .transform(BigInt)
    .refine((value) => value < 2n ** BigInt(bits), `expected less than 2^${bits}`);
export const vNodeId = id(32);
export const bucketId = id(40);
const isElement = (root: Hex): boolean => BigInt(root) < P;
const NO_ROOT = "a root is below the field's order";
export const rootName = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((name): Hex => `0x${name}`)
  .refine(isElement, NO_ROOT);
const root = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex)
  .refine(isElement, NO_ROOT);
const uint32 = z
  .union([z.string().regex(/^\d{1,10}$/), z.int().nonnegative()])
  .transform(Number)
  .refine((value) => value < 2 ** 32, "expected less than 2^32");
export const orderSchema = z.strictObject({
  bucket: z.preprocess((value) => (typeof value === "number" ? String(value) : value), bucketId),
  segments: z
    .array(z.strictObject({ root, leaves: uint32 }))
    .min(1)
    .max(MAX_SEGMENTS),
  epochs: uint32.refine((epochs) => epochs >= 1).transform(BigInt),
});
export const extensionSchema = orderSchema.pick({ epochs: true }).extend({ serial: uint32 });

/** Throws "bad-input" with what is wrong. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HoldfastError("bad-input", `${what} is wrong: ${problems.join("; ")}`, { problems });
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new HoldfastError("bad-input", "the body is not JSON", {}, { cause });
  }
}

const known = new WeakMap<FastifyRequest, Authorization>();

/** Who signed a request, before any of its body is read. Throws "unauthorized". */
export function authorize(access: Access, request: FastifyRequest): Authorization {
  const before = known.get(request);
  if (before) return before;
  const authorization = access.authorize({
    method: request.method,
    path: request.url,
    header: request.headers.authorization,
  });
  known.set(request, authorization);
  return authorization;
}

/** undefined unless the request was authorized. */
export const knownSigner = (request: FastifyRequest): string | undefined => known.get(request)?.signer;
