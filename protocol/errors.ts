/**
 * The one error class of the project: a code that programs act on, and a sentence that says what happened and what to
 * do.
 */
export type ErrorCode =
  | "aborted"
  | "bad-input"
  | "busy"
  | "chain"
  | "corrupt"
  | "disk-full"
  | "expired"
  | "funds"
  | "io"
  | "key"
  | "locked"
  | "not-found"
  | "proof"
  | "too-large"
  | "unauthorized"
  | "unreachable";

export type ErrorDetails = Readonly<Record<string, unknown>>;

export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "HoldfastError";
    this.code = code;
    this.details = details;
  }
}
