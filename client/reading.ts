/**
 * Reads views of contracts. With several endpoints, two must give the same answer for one block, which is not earlier than
 * the last transaction that was sent.
 */
import { dataLength, getAddress, isAddress, type Contract, type JsonRpcProvider } from "ethers";
import type { Endpoints } from "../chain/endpoints.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";
import { isResult, plain } from "./chain-values.ts";

/** Reads from one endpoint. @param block "latest" where there is one endpoint */
export type Read<T> = (endpoint: JsonRpcProvider, block: number | "latest") => Promise<T>;

export interface Reader {
  /** What two endpoints say, or the only one. @param what for messages */
  agreed<T>(read: Read<T>, what: string): Promise<T>;
  call(contract: Contract, method: string, args: readonly unknown[]): Promise<unknown>;
  /** The contract's checksummed address. @throws HoldfastError "bad-input" or "chain" if there is no code */
  existingContract(name: string, text: string): Promise<string>;
  /** From now on, reads at this block or a later one. */
  notBefore(block: number): void;
}

export function createReader(provider: Endpoints): Reader {
  let earliest = 0;

  const agreed = async <T>(read: Read<T>, what: string): Promise<T> => {
    if (provider.isOne) return read(provider, "latest");
    const block = await provider.sharedBlock(earliest);
    return provider.agreed((endpoint) => read(endpoint, block), what);
  };

  return {
    agreed,
    async call(contract, method, args) {
      const view = (endpoint: JsonRpcProvider, blockTag: number | "latest"): Promise<unknown> =>
        provider.isOne
          ? contract.getFunction(method).staticCall(...args)
          : contract
              .connect(endpoint)
              .getFunction(method)
              .staticCall(...args, { blockTag })
              .then((result: unknown) => (isResult(result) ? plain(result) : result));
      const result = await agreed(view, method).catch(refuse(method));
      return isResult(result) ? plain(result) : result;
    },
    async existingContract(name, text) {
      const address = parseAddress(text);
      const read: Read<string> = (endpoint, block) => endpoint.getCode(address, block);
      const code = await agreed(read, `the code of ${name}`).catch(refuse("getCode"));
      if (dataLength(code) > 0) return address;
      const message = `there is no ${name} contract at ${address} on this chain: check the address and the chain`;
      throw new HoldfastError("chain", message, { address });
    },
    notBefore(block) {
      earliest = Math.max(earliest, block);
    },
  };
}

/** A checksummed address. @throws HoldfastError "bad-input" */
export function parseAddress(text: string): string {
  const hex = text.trim().replace(/^0X/, "0x");
  const valid: boolean = isAddress(hex);
  if (valid) return getAddress(hex);
  const wrong = /^0x[0-9a-fA-F]{40}$/.test(hex)
    ? "has a wrong checksum: a digit may be mistyped; write it all in lower case to skip this check"
    : "is not an address: give 0x and 40 hex digits";
  throw new HoldfastError("bad-input", `"${text}" ${wrong}`);
}
