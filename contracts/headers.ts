/**
 * Block headers as the chain hashes them, from what an RPC server says of a block, and what PrevrandaoBeacon takes for an
 * epoch.
 */
import { AbiCoder, encodeRlp, toBeArray } from "ethers";

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

export interface HeaderEvidence {
  /** For PrevrandaoBeacon.record. */
  readonly evidence: string;
  /** 32 bytes: what it then answers. */
  readonly randomness: string;
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

/**
 * For an epoch's source point, in seconds: the headers of the first block from then on and of the one before. undefined until
 * there is a block after them: servers estimate gas as of the latest one, whose own hash contracts cannot ask for.
 */
export async function headerEvidence(
  provider: Asking,
  sourcePoint: number,
): Promise<HeaderEvidence | undefined> {
  const timeOf = async (block: number): Promise<number> =>
    Number((await headerOf(provider, block)).timestamp);
  const head = await headerOf(provider, "latest");
  if (Number(head.timestamp) < sourcePoint) return undefined;
  const latest = Number(head.number);
  let [before, first] = [latest, latest];
  for (let step = 1; before > 0 && (await timeOf(before)) >= sourcePoint; step *= 2) {
    [before, first] = [Math.max(0, before - step), before];
  }
  while (first - before > 1) {
    const middle = Math.floor((before + first) / 2);
    if ((await timeOf(middle)) < sourcePoint) before = middle;
    else first = middle;
  }
  if (first === latest) return undefined;
  const headers = await headersFrom(provider, first - 1, 2);
  const { mixHash: randomness } = await headerOf(provider, first);
  return { evidence: AbiCoder.defaultAbiCoder().encode(["bytes[]"], [headers]), randomness };
}
