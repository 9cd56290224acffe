/**
 * Block headers as the chain hashes them, from what an RPC server says of a block.
 */
import { encodeRlp, toBeArray } from "ethers";

/** In the order of the header's list; what a chain's version does not know is left out. */
const FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"],
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"],
  ...["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"],
  "requestsHash",
] as const;
/** Written without leading zeros. */
const NUMBERS = new Set<string>([
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed"],
  "excessBlobGas",
]);

type Field = (typeof FIELDS)[number];

export interface Header extends Readonly<Partial<Record<Field, string>>> {
  readonly number: string;
  readonly timestamp: string;
  readonly mixHash: string;
}

interface Asking {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export async function headerOf(provider: Asking, block: number | "latest"): Promise<Header> {
  const tag = block === "latest" ? block : `0x${block.toString(16)}`;
  return (await provider.send("eth_getBlockByNumber", [tag, false])) as Header;
}

export function headerRlp(header: Header): string {
  const present = FIELDS.filter((field) => header[field] !== undefined);
  return encodeRlp(
    present.map((field) => {
      const value = header[field] ?? "0x";
      return NUMBERS.has(field) ? toBeArray(value) : value;
    }),
  );
}

/** Headers of blocks in a row, as RLP. */
export async function headersFrom(provider: Asking, first: number, count: number): Promise<string[]> {
  const blocks = Array.from({ length: count }, (_, i) => headerOf(provider, first + i));
  return (await Promise.all(blocks)).map(headerRlp);
}
