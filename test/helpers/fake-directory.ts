/**
 * A fake of the contract's directory of a vNode, for the tests of a storage node: the entries at each time, checks of
 * multi-paths, and compactions in several calls.
 */
import { present } from "../../evidence/world/present.ts";
import { Directory, directoryRootOfMany } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { fromHex32, type Hex } from "../../protocol/field.ts";
import type { Call, CompactionRecord } from "../../prover/chain-model.ts";

export interface FakeEntry {
  readonly serial: number;
  readonly root: Hex;
  readonly leaves: number;
  readonly weight: number;
  end: number;
  readonly retired: boolean;
}

export type Emit = (name: string, args: Readonly<Record<string, unknown>>) => void;
export type DirectoryCall = Extract<Call, { kind: "retire" | "compact" }>;

export class FakeDirectory {
  readonly #depth: number;
  readonly #emit: Emit;
  /** The last version of each epoch, in order. */
  #versions: { epoch: number; entries: FakeEntry[] }[] = [];
  #nextSerial = 0;
  #compaction = { epoch: 0, nextSerial: 0, left: 0, fresh: [] as FakeEntry[] };

  constructor(depth: number, emit: Emit) {
    this.#depth = depth;
    this.#emit = emit;
  }

  get entries(): readonly FakeEntry[] {
    return this.#versions.at(-1)?.entries ?? [];
  }

  get compaction(): CompactionRecord {
    const { epoch, nextSerial, left } = this.#compaction;
    return left === 0 ? { epoch: 0, nextSerial: 0, left } : { epoch, nextSerial, left };
  }

  /** The directory at the epoch's beginning. */
  before(epoch: number): Directory {
    const directory = new Directory(this.#depth);
    const entries = this.#versions.findLast((version) => version.epoch < epoch)?.entries ?? [];
    for (const { root, weight, leaves } of entries)
      directory.append({ root: fromHex32(root), weight, leaves });
    for (const [i, { retired }] of entries.entries()) if (retired) directory.retire(i);
    return directory;
  }

  store(epoch: number, entry: Omit<FakeEntry, "serial" | "retired">): { serial: number; start: number } {
    const serial = this.#nextSerial++;
    const start = this.before(Infinity).total;
    this.#change(epoch, [...this.entries, { ...entry, serial, retired: false }]);
    return { serial, start };
  }

  reschedule(serial: number, end: number): void {
    const entry = this.entries.find((each) => each.serial === serial);
    if (entry) entry.end = end;
  }

  /** Retires entries, without checks of the sender and of ends. */
  retire(epoch: number, serials: readonly number[]): void {
    this.#change(
      epoch,
      this.entries.map((entry) => (serials.includes(entry.serial) ? { ...entry, retired: true } : entry)),
    );
  }

  /** Reverts as the contract does, and then changes nothing. Emits nothing if it is only a trial. */
  call(call: DirectoryCall, epoch: number, tried = false): void {
    const [versions, compaction] = [[...this.#versions], { ...this.#compaction }];
    const events: Parameters<Emit>[] = [];
    const emit: Emit = (...event) => void events.push(event);
    try {
      if (call.kind === "retire") this.#retire(call, epoch, emit);
      else this.#compact(call, epoch, emit);
    } catch (error) {
      [this.#versions, this.#compaction] = [versions, compaction];
      throw error;
    }
    if (tried) [this.#versions, this.#compaction] = [versions, compaction];
    else for (const event of events) this.#emit(...event);
  }

  #change(epoch: number, entries: FakeEntry[]): void {
    this.#versions = [...this.#versions.filter((version) => version.epoch !== epoch), { epoch, entries }];
  }

  #open({ openings, siblings }: DirectoryCall): FakeEntry[] {
    const indices = openings.map(({ serial }) =>
      this.entries.findIndex((entry) => entry.serial === serial && !entry.retired),
    );
    const opened = indices.map((index) => present(this.entries[index]));
    const claimed = openings.map(({ root, start }, i) => {
      const { weight, leaves } = present(opened[i]);
      return { root: fromHex32(root), start, weight, leaves };
    });
    const root = directoryRootOfMany(claimed, indices, siblings, this.#depth);
    if (root !== this.before(Infinity).root) throw reverted("PathInvalid");
    return opened;
  }

  #isUnderWay(epoch: number): boolean {
    return this.#compaction.left > 0 && epoch <= this.#compaction.epoch + 1;
  }

  #retire(call: DirectoryCall, epoch: number, emit: Emit): void {
    if (this.#isUnderWay(epoch)) throw reverted("Compacting");
    for (const { serial, end } of this.#open(call)) {
      if (end > epoch) throw reverted("NotEnded");
      emit("SegmentRetired", { serial: BigInt(serial) });
    }
    this.retire(
      epoch,
      call.openings.map(({ serial }) => serial),
    );
  }

  #compact(call: DirectoryCall, epoch: number, emit: Emit): void {
    if (!this.#isUnderWay(epoch)) {
      const { nextSerial } = this.#compaction;
      const first = call.openings[0]?.serial;
      if (nextSerial !== 0 && first !== undefined && first >= nextSerial) throw reverted("NotToCompact");
      const live = this.entries.filter(({ end, retired }) => !retired && end > epoch + 1);
      const left = live.reduce((sum, { weight }) => sum + weight, 0);
      this.#compaction = { epoch, nextSerial: 0, left, fresh: [] };
      emit("CompactionStarted", { lastEnd: BigInt(epoch + 1) });
    }
    if (call.openings.length > 0) {
      for (const entry of this.#open(call)) {
        const { epoch: since, nextSerial, left, fresh } = this.#compaction;
        if (entry.serial < nextSerial || entry.end <= since + 1 || entry.weight > left)
          throw reverted("NotToCompact");
        const next = { nextSerial: entry.serial + 1, left: left - entry.weight };
        this.#compaction = { epoch: since, ...next, fresh: [...fresh, entry] };
      }
    }
    if (this.#compaction.left > 0) return;
    const { fresh, epoch: since } = this.#compaction;
    this.#change(epoch, fresh);
    this.#compaction = { epoch: since, nextSerial: 0, left: 0, fresh: [] };
    const { root, total } = this.before(Infinity);
    emit("Compacted", { entries: BigInt(fresh.length), total: BigInt(total), root: `0x${hex(root)}` });
  }
}

const hex = (word: bigint): string => word.toString(16).padStart(64, "0");

function reverted(error: string): HoldfastError {
  return new HoldfastError("chain", `the contract refuses: ${error}`, { error });
}
