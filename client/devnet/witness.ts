/**
 * What the processes of a local network say in their logs: the auditor's verdicts, and how long proofs took.
 */
import type { Outcome } from "../../verifier/state.ts";
import type { LogLine } from "./processes.ts";
import type { Verdicts } from "./stage.ts";

export interface Witness {
  readonly verdicts: Verdicts;
  /** Milliseconds for witness and proof, by vNode and epoch: "3/17". */
  readonly times: ReadonlyMap<string, number>;
  readonly onLog: (process: string, line: LogLine) => void;
}

export function createWitness(): Witness {
  const verdicts: Verdicts = { valid: 0, invalid: 0, unseen: 0, contradictions: 0 };
  const times = new Map<string, number>();
  return {
    verdicts,
    times,
    onLog(process, line) {
      // Proofs of take-overs are not counted, because they are not paid.
      if (process === "auditor" && line["msg"] === "verified" && line["takeOver"] !== true)
        verdicts[line["outcome"] as Outcome]++;
      if (process === "auditor" && line["msg"] === "contradiction") verdicts.contradictions++;
      if (line["msg"] === "proven")
        times.set(
          `${String(line["vNode"])}/${String(line["epoch"])}`,
          Number(line["witnessMs"]) + Number(line["proveMs"]),
        );
    },
  };
}
