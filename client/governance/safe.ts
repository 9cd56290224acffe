/**
 * A Safe on the chain: how it is made from the shipped code, and what it says about itself.
 */
import { readFile } from "node:fs/promises";
import {
  AbiCoder,
  concat,
  dataSlice,
  getAddress,
  getCreate2Address,
  Interface,
  keccak256,
  toBeHex,
} from "ethers";
import { z } from "zod";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseJson } from "../../protocol/json.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { NOBODY } from "./actions.ts";
import { ledgerPlace, type Place } from "./calls.ts";
import { makeOf, type OnMade } from "./making.ts";
import { safeArtifact, type SafeContract } from "./safe-artifacts.ts";
import type { SafeState } from "./safe-transaction.ts";

/** Contracts without owners, which any number of Safes share. */
const SHARED = {
  singleton: "SafeL2",
  factory: "SafeProxyFactory",
  fallbackHandler: "CompatibilityFallbackHandler",
  multiSend: "MultiSendCallOnly",
} as const satisfies Record<string, SafeContract>;
type SharedName = keyof typeof SHARED;

const address = z.string().transform(parseAddress);
const schema = z.object({
  chainId: z.int().min(1),
  safe: address,
  singleton: address,
  factory: address,
  fallbackHandler: address,
  multiSend: address,
});

/** What `safe create` prints, and what the other commands find the Safe with. */
export type SafeRecord = Readonly<z.infer<typeof schema>>;

export async function readSafeRecord(path: string): Promise<SafeRecord> {
  try {
    return schema.parse(parseJson(await readFile(path, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    const message = `${path} is not the record of a Safe, give the file that \`governance safe create\` wrote: ${reason}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}

export interface NewSafe {
  readonly owners: readonly string[];
  readonly threshold: number;
  /** Another Safe, whose shared contracts this one uses too. */
  readonly like?: SafeRecord | undefined;
  /** Makes another Safe of the same owners. */
  readonly saltNonce: bigint;
}

/** @throws HoldfastError "bad-input" if no Safe can have these owners */
export function checkOwners({ owners, threshold }: Pick<NewSafe, "owners" | "threshold">): void {
  const unfit = owners.find((owner, i) => owners.indexOf(owner) !== i || BigInt(owner) <= BigInt(SENTINEL));
  if (unfit !== undefined)
    throw new HoldfastError("bad-input", `${unfit} cannot be an owner: each owner is named once`, {
      owner: unfit,
    });
  if (threshold < 1 || threshold > owners.length) {
    const message = `${threshold} of ${owners.length} owners cannot sign: the threshold is at least 1 and at most the number of owners`;
    throw new HoldfastError("bad-input", message, { threshold });
  }
}

/** How a Safe's lists begin. */
const SENTINEL = toBeHex(1, 20);

export async function createSafe(
  chain: Chain,
  { owners, threshold, like, saltNonce }: NewSafe,
  onMade?: OnMade,
): Promise<SafeRecord> {
  checkOwners({ owners, threshold });
  const shared = {} as Record<SharedName, string>;
  for (const [name, contract] of Object.entries(SHARED) as [SharedName, SafeContract][])
    shared[name] = like
      ? await checkCode(chain, like[name], [contract])
      : await makeOf(chain, contract, safeArtifact(contract).bytecode, onMade);
  const setup = new Interface(safeArtifact("SafeL2").abi).encodeFunctionData("setup", [
    owners,
    threshold,
    ...[NOBODY, "0x", shared.fallbackHandler, NOBODY, 0, NOBODY],
  ]);
  const order = [shared.singleton, setup, saltNonce];
  const data = new Interface(safeArtifact("SafeProxyFactory").abi).encodeFunctionData(
    "createProxyWithNonce",
    order,
  );
  const { gas } = await chain.submit("the Safe's creation", shared.factory, data);
  onMade?.("Safe", gas);
  const salt = keccak256(concat([keccak256(setup), toBeHex(saltNonce, 32)]));
  const code = concat([
    safeArtifact("SafeProxy").bytecode,
    AbiCoder.defaultAbiCoder().encode(["address"], [shared.singleton]),
  ]);
  const safe = getCreate2Address(shared.factory, salt, keccak256(code));
  const record = { chainId: Number(chain.chainId), safe, ...shared };
  await openSafe(chain, record);
  return record;
}

/** @throws HoldfastError "chain" if the code there is not that of one of the shipped contracts */
async function checkCode(chain: Chain, at: string, contracts: readonly SafeContract[]): Promise<string> {
  const code = await chain.ask((endpoint, block) => endpoint.getCode(at, block), `the code at ${at}`);
  if (contracts.some((name) => safeArtifact(name).deployedBytecode === code)) return at;
  const message = `the code at ${at} is not that of ${contracts.join(" or ")} of safe-smart-account 1.5: do not use it`;
  throw new HoldfastError("chain", message, { address: at });
}

export interface OpenSafe extends SafeState {
  /** Contracts that may act for the Safe without its owners. */
  readonly modules: readonly string[];
  readonly multiSend: string;
  /** Other contracts whose calls the owners decide about. */
  readonly places: readonly Place[];
}

/** @throws HoldfastError "chain" if the Safe, or what it calls with its own identity, has other code than the shipped */
export async function openSafe(chain: Chain, { chainId, safe, multiSend }: SafeRecord): Promise<OpenSafe> {
  if (BigInt(chainId) !== chain.chainId) {
    const message = `the Safe ${safe} is on the chain ${chainId}, and this is the chain ${chain.chainId}`;
    throw new HoldfastError("chain", message, { expected: chainId, actual: chain.chainId });
  }
  await checkCode(chain, safe, ["SafeProxy"]);
  await checkCode(chain, multiSend, ["MultiSendCallOnly"]);
  // A proxy has the address of its code in its first slot.
  const slot = await chain.ask((endpoint, block) => endpoint.getStorage(safe, 0, block), "the Safe's code");
  await checkCode(chain, getAddress(dataSlice(slot, 12)), ["SafeL2", "Safe"]);
  const { abi } = safeArtifact("SafeL2");
  const view = <T>(method: string, args: readonly unknown[] = []): Promise<T> =>
    chain.view<T>(abi, safe, method, args);
  const { array } = await view<{ array: readonly string[] }>("getModulesPaginated", [SENTINEL, 10]);
  return {
    chainId: chain.chainId,
    safe,
    owners: await view<string[]>("getOwners"),
    threshold: Number(await view<bigint>("getThreshold")),
    nonce: await view<bigint>("nonce"),
    modules: array,
    multiSend,
    places: [{ address: safe, name: "the Safe itself", abi }, ledgerPlace(chain.addresses)],
  };
}

/** A Safe's call of itself. */
export function callOfSafe(safe: string, method: string, args: readonly unknown[]) {
  return { to: safe, data: new Interface(safeArtifact("SafeL2").abi).encodeFunctionData(method, args) };
}

/** The owner before this one in the Safe's list, which its functions ask for. */
export function ownerBefore(owners: readonly string[], owner: string): string {
  const at = owners.indexOf(owner);
  if (at === -1) throw new HoldfastError("bad-input", `${owner} is not an owner: ${owners.join(", ")}`);
  return owners[at - 1] ?? SENTINEL;
}
