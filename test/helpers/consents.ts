/**
 * Signatures in a World besides acceptances: extensions of nodes, and grants of owners.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { TypedDataEncoder } from "ethers";
import { present } from "../../evidence/world/present.ts";
import { RENT, type World } from "../../evidence/world/world.ts";
import { domain, EXTENSION, GRANT } from "../../protocol/typed-data.ts";

export interface Extension {
  readonly vNode?: number;
  readonly serial?: number;
  readonly epochs?: number;
  readonly rent?: bigint;
  readonly maxRent?: bigint;
  readonly nonce?: bigint;
  readonly deadline?: bigint;
  readonly node?: number;
  readonly revision?: bigint;
  readonly operator?: HardhatEthersSigner;
  /** Values that the operator signed instead. */
  readonly signed?: Readonly<Record<string, unknown>>;
}

export interface GrantTerms {
  readonly owner?: HardhatEthersSigner;
  readonly writer?: HardhatEthersSigner;
  readonly bucket?: number;
  readonly limit?: bigint;
  readonly maxRent?: bigint;
  readonly deadline?: bigint;
  readonly nonce?: bigint;
  /** Values that the owner signed instead. */
  readonly signed?: Readonly<Record<string, unknown>>;
  /** The account that signed instead of the owner. */
  readonly signer?: HardhatEthersSigner;
}

/** Far from the nonces of World.order. */
let nonce = 2n ** 64n;

/** The arguments of Registry.extend for segment 0 of vNode 1, signed by the operator of node 1. */
export async function signExtension(world: World, options: Extension = {}) {
  const { vNode = 1, serial = 0, epochs = 5, rent = RENT, node = 1 } = options;
  const terms = { rent, nonce: options.nonce ?? ++nonce, deadline: options.deadline ?? 2n ** 64n };
  const operator = options.operator ?? present(world.people.operators[node - 1]);
  const revision = options.revision ?? (await world.registry.node(node)).revision;
  const message = { node, revision, vNode, serial, epochs, ...terms, ...options.signed };
  const signature = await operator.signTypedData(await domainOf(world), EXTENSION, message);
  const acceptance = { ...terms, signature };
  return [vNode, serial, epochs, options.maxRent ?? rent, acceptance] as const;
}

/** A grant by alice for the stranger and bucket 1. */
export async function signGrant(world: World, options: GrantTerms = {}) {
  const { owner = world.people.alice, writer = world.people.stranger, bucket = 1 } = options;
  const { limit = 10n ** 6n, maxRent = RENT, deadline = 2n ** 64n } = options;
  const terms = {
    owner: owner.address,
    writer: writer.address,
    bucket,
    limit,
    maxRent,
    deadline,
    nonce: options.nonce ?? ++nonce,
  };
  const typed = await domainOf(world);
  const signer = options.signer ?? owner;
  const signature = await signer.signTypedData(typed, GRANT, { ...terms, ...options.signed });
  return { grant: { ...terms, signature }, digest: TypedDataEncoder.hash(typed, GRANT, terms) };
}

async function domainOf({ ethers, registry }: World) {
  const { chainId } = await ethers.provider.getNetwork();
  return domain(chainId, await registry.getAddress());
}
