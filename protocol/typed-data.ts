/**
 * The messages that accounts and programs sign, as EIP-712 type tables. The node, the client and the auditor share
 * them.
 */
export interface Domain {
  readonly name: string;
  readonly version: string;
  readonly chainId: bigint;
  readonly verifyingContract: string;
}

/** A signature is valid for one Registry on one chain. */
export const domain = (chainId: bigint, registry: string): Domain => ({
  name: "Holdfast",
  version: "1",
  chainId,
  verifyingContract: registry,
});

type Types = Record<string, { name: string; type: string }[]>;

/**
 * A node's operator promises to hold these segments and to prove them, at this rent (protocol.md, section 9.1).
 * Revoking all acceptances raises the node's `revision`, which makes earlier ones void.
 */
export const ACCEPTANCE: Types = {
  Acceptance: [
    { name: "node", type: "uint256" },
    { name: "revision", type: "uint256" },
    { name: "bucket", type: "uint256" },
    { name: "vNode", type: "uint256" },
    { name: "segments", type: "bytes32" },
    { name: "epochs", type: "uint256" },
    { name: "rent", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/** A node's operator promises to hold a segment for `epochs` epochs after its end (protocol.md, section 9.1). */
export const EXTENSION: Types = {
  Extension: [
    { name: "node", type: "uint256" },
    { name: "revision", type: "uint256" },
    { name: "vNode", type: "uint256" },
    { name: "serial", type: "uint256" },
    { name: "epochs", type: "uint256" },
    { name: "rent", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/**
 * A bucket's owner lets a writer store at the owner's cost, up to a limit in token units and a rent (protocol.md,
 * section 9.1).
 */
export const GRANT: Types = {
  Grant: [
    { name: "owner", type: "address" },
    { name: "writer", type: "address" },
    { name: "bucket", type: "uint256" },
    { name: "limit", type: "uint256" },
    { name: "maxRent", type: "uint256" },
    { name: "deadline", type: "uint256" },
    { name: "nonce", type: "uint256" },
  ],
};

/** One HTTP request to one node (protocol.md, section 10). */
export const REQUEST: Types = {
  Request: [
    { name: "node", type: "uint256" },
    { name: "method", type: "string" },
    { name: "path", type: "string" },
    { name: "bodyHash", type: "bytes32" },
    { name: "expiry", type: "uint256" },
    { name: "nonce", type: "uint256" },
  ],
};

/** The longest time, in seconds, for which a request's signature is valid. */
export const MAX_REQUEST_SECONDS = 300;
