/**
 * A process that does one piece of snarkjs's work on a ceremony's key and then ends. snarkjs cannot be stopped, keeps
 * files open and writes to the console.
 */
import { zKey, type Logger } from "snarkjs";

export type CeremonyJob =
  | { readonly do: "init"; readonly r1cs: string; readonly ptau: string; readonly out: string }
  | {
      readonly do: "contribute";
      readonly from: string;
      readonly out: string;
      readonly name: string;
      readonly entropy: string;
    }
  | {
      readonly do: "beacon";
      readonly from: string;
      readonly out: string;
      readonly name: string;
      readonly randomness: string;
      readonly iterationsExp: number;
    }
  | { readonly do: "verify"; readonly initial: string; readonly ptau: string; readonly zkey: string };

export type JobMessage =
  | { readonly progress: { readonly step: string; readonly fraction: number } }
  | { readonly done: boolean; readonly reasons: readonly string[] };

const send = (message: JobMessage): void => void process.send?.(message);
const reasons: string[] = [];
const log: Logger = {
  debug: (line) => {
    const [, step, done, all] = /^(.*?):? *(\d+)\/(\d+)$/.exec(line) ?? [];
    if (step !== undefined) send({ progress: { step, fraction: Number(done) / Math.max(1, Number(all)) } });
  },
  info: () => undefined,
  warn: (line) => void reasons.push(line.trim()),
  error: (line) => void reasons.push(line.trim()),
};
// snarkjs writes to the console what is wrong with a contribution.
console.log = (line: unknown) => void reasons.push(String(line).trim());

process.once("message", (job: CeremonyJob) => {
  work(job).then(
    (done) => finish({ done, reasons }),
    (error: unknown) => finish({ done: false, reasons: [...reasons, (error as Error).message] }),
  );
});
process.once("disconnect", () => process.exit(1));

function finish(message: JobMessage): void {
  process.send?.(message, () => process.exit(0));
}

async function work(job: CeremonyJob): Promise<boolean> {
  switch (job.do) {
    case "init":
      return (await zKey.newZKey(job.r1cs, job.ptau, job.out, log)) !== -1;
    case "contribute":
      await zKey.contribute(job.from, job.out, job.name, job.entropy, log);
      return true;
    case "beacon":
      return (
        (await zKey.beacon(job.from, job.out, job.name, job.randomness, job.iterationsExp, log)) !== false
      );
    case "verify":
      return zKey.verifyFromInit(job.initial, job.ptau, job.zkey, log);
  }
}
