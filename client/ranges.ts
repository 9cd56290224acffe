/**
 * The range of a vNode's directory that a challenge asks for, and its price. Only the events tell where a segment's range
 * starts.
 */
import { Entries, type SegmentFacts } from "../protocol/entries.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Chain, ChainEvent } from "./chain.ts";
import type { ClusterRecord, DirectoryRecord, DutyRecord, Outlook, VNodeRecord } from "./records.ts";

export interface WeightRange {
  readonly start: number;
  readonly length: number;
}

/** Bond of a challenge, as a number of epochs' pay of the vNode. It doubles with each open challenge (IChallenges). */
const BOND_EPOCHS = 8n;

/** The bond of a challenge now, in token units. */
export async function challengeBond(chain: Chain, vNode: bigint): Promise<bigint> {
  const least = await chain.read<bigint>("challenges", "minBond");
  const open = await chain.read<readonly bigint[]>("challenges", "openOf", [vNode]);
  const { epoch } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  const { rate } = await chain.read<DutyRecord>("audits", "duty", [vNode, epoch]);
  const bond = BOND_EPOCHS * rate > least ? BOND_EPOCHS * rate : least;
  return bond << BigInt(open.length);
}

/** The range of all that a vNode stores. @throws HoldfastError "not-found" if that is nothing */
export async function wholeRange(chain: Chain, vNode: bigint): Promise<WeightRange> {
  const length = await totalOf(chain, vNode);
  if (length > 0) return { start: 0, length };
  const message = `vNode ${vNode} stores nothing that could be challenged: check its id`;
  throw new HoldfastError("not-found", message, { vNode });
}

async function totalOf(chain: Chain, vNode: bigint): Promise<number> {
  return Number((await chain.read<DirectoryRecord>("registry", "directory", [vNode])).total);
}

/** @throws HoldfastError "not-found" for a segment that has no entry, "chain" if fromBlock is after the vNode's first segment */
export async function segmentRange(
  chain: Chain,
  vNode: bigint,
  serial: number,
  fromBlock: number,
): Promise<WeightRange> {
  const { cluster } = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
  const { quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
  const events = (await chain.events(fromBlock)).filter(({ args }) => args["vNode"] === vNode);
  const entries = entriesOf(events, quantumBits);
  if (!entries || entries.total !== (await totalOf(chain, vNode))) {
    const message = `vNode ${vNode} has events before block ${fromBlock}: give the deployment's first block with --from-block, or try again`;
    throw new HoldfastError("chain", message, { vNode, fromBlock });
  }
  const found = entries.live.find((entry) => entry.serial === serial);
  if (found) return { start: found.start, length: found.weight };
  const message = `segment ${serial} of vNode ${vNode} has no entry in the directory: it never existed, or has ended`;
  throw new HoldfastError("not-found", message, { vNode, serial });
}

/** The entries of one vNode. undefined if the events refer to earlier ones that are missing. */
function entriesOf(events: readonly ChainEvent[], quantumBits: bigint): Entries<SegmentFacts> | undefined {
  const entries = new Entries();
  try {
    for (const event of events) apply(entries, event, quantumBits);
    return entries;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === "corrupt") return undefined;
    throw error;
  }
}

function apply(entries: Entries<SegmentFacts>, { name, args }: ChainEvent, quantumBits: bigint): void {
  const serial = Number(args["serial"]);
  const end = Number(args["end"]);
  if (name === "SegmentStored") {
    const weight = Number((args["perEpoch"] as bigint) >> quantumBits);
    entries.store({ serial, weight, end });
  }
  if (name === "SegmentExtended" || name === "SegmentEndedEarly") entries.setEnd(serial, end);
  if (name === "SegmentRetired") entries.retire(serial);
  if (name === "DirectoryReset") entries.reset();
  if (name === "CompactionStarted") entries.beginCompaction(Number(args["lastEnd"]));
  if (name === "Compacted") entries.compact();
}
