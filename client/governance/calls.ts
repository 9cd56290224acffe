/**
 * Calls that a Safe or a timelock makes, in words, and several calls as one by the Safe's MultiSendCallOnly.
 */
import { concat, dataLength, dataSlice, getAddress, toBeHex, type InterfaceAbi } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { actionIn, describeAction, describeCallOf, NOBODY } from "./actions.ts";

export interface Call {
  readonly to: string;
  readonly data: string;
}

/** A contract whose calls can be put in words. */
export interface Place {
  readonly address: string;
  /** As in "on the Safe itself". */
  readonly name: string;
  readonly abi: InterfaceAbi;
  /** Why its calls cannot be tried out before they are executed. */
  readonly untried?: string;
}

/** What a manager has earned is in its account in the Ledger. */
export const ledgerPlace = ({ ledger }: { readonly ledger: string }): Place => ({
  address: ledger,
  name: "the Ledger",
  abi: contractArtifact("Ledger").abi,
});

/**
 * One sentence for each call. A call that is not understood is said to be so, and never left out.
 *
 * @param places contracts other than the Registry
 */
export function describeCalls(
  calls: readonly Call[],
  registry: string,
  places: readonly Place[] = [],
): string[] {
  const all = [...places, { address: registry, name: "the Registry", abi: contractArtifact("Registry").abi }];
  return calls.map(({ to, data }) => {
    if (to === registry && actionIn(data)) return describeAction(data);
    const place = all.find(({ address }) => address === to);
    const known = place && describeCallOf(place.abi, data);
    if (place && known !== undefined) return `${known} on ${place.name}`;
    return `an unknown call to ${to} with the data ${data}: do not agree to it unless you know what it does`;
  });
}

// ---------------------------------------------------------------------------------------------------------- MultiSend

/** Bytes of operation, address, value and length of the data. */
const HEAD = 1 + 20 + 32 + 32;

/** The argument of multiSend. */
export function packCalls(calls: readonly Call[]): string {
  return concat(
    calls.flatMap(({ to, data }) => ["0x00", to, toBeHex(0, 32), toBeHex(dataLength(data), 32), data]),
  );
}

/** @throws HoldfastError "bad-input" if anything in it is not a call without value */
export function unpackCalls(packed: string): Call[] {
  const calls: Call[] = [];
  for (let at = 0; at < dataLength(packed);) {
    if (dataLength(packed) - at < HEAD) throw malformed();
    const operation = BigInt(dataSlice(packed, at, at + 1));
    const to = getAddress(dataSlice(packed, at + 1, at + 21));
    const value = BigInt(dataSlice(packed, at + 21, at + 53));
    const length = BigInt(dataSlice(packed, at + 53, at + HEAD));
    const end = BigInt(at + HEAD) + length;
    // MultiSend takes the zero address for the Safe itself.
    if (operation !== 0n || value !== 0n || to === NOBODY || end > dataLength(packed)) throw malformed();
    calls.push({ to, data: dataSlice(packed, at + HEAD, Number(end)) });
    at = Number(end);
  }
  return calls;
}

const malformed = (): HoldfastError =>
  new HoldfastError(
    "bad-input",
    "the transaction has a part that is not a plain call without value: do not agree to it",
  );
