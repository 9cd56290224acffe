/**
 * Parts that all requests to the node share: the signer's authorization, and the forms of parameters and bodies.
 */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { P, type Hex } from "../protocol/field.ts";
import type { Access, Authorization } from "./auth.ts";

/** The most segments in one acceptance: they must fit into one transaction. */
const MAX_SEGMENTS = 256;

/** An id with as many bits as the contracts give it. */
const id = (bits: number): z.ZodType<bigint> =>
  z
    .string()
    .regex(/^[1-9]\d{0,12}$/)
    .transform(BigInt)
    .refine((value) => value < 2n ** BigInt(bits), `expected less than 2^${bits}`);
export const vNodeId = id(32);
export const bucketId = id(40);
const isElement = (root: Hex): boolean => BigInt(root) < P;
const NO_ROOT = "expected a root below the field's order";
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

/** @throws HoldfastError "bad-input" that lists what is wrong */
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
    throw new HoldfastError("bad-input", "the body is not JSON: send JSON", {}, { cause });
  }
}

const known = new WeakMap<FastifyRequest, Authorization>();

/** The signer of a request, known before its body is read. @throws HoldfastError "unauthorized" */
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

/** The signer of an authorized request; undefined for any other. */
export const knownSigner = (request: FastifyRequest): string | undefined => known.get(request)?.signer;
