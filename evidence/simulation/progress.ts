/**
 * Shows how far a simulation is, its speed, and the remaining time: in one line of a terminal, or as a line now and then.
 */
export interface Progress {
  readonly add: (epochs: number) => void;
  readonly end: () => void;
}

const MILLISECONDS = { terminal: 500, file: 15_000 };

/** @param total number of strategies' epochs to play */
export function createProgress(
  total: number,
  stream = process.stderr,
  now = (): number => performance.now(),
): Progress {
  const began = now();
  const period = stream.isTTY ? MILLISECONDS.terminal : MILLISECONDS.file;
  let [done, said] = [0, began];
  const say = (): void => {
    const seconds = (now() - began) / 1000;
    const rate = done / Math.max(seconds, 0.001);
    const left = Math.ceil((total - done) / Math.max(rate, 0.001));
    const part = `${Math.floor((100 * done) / total)} %`.padStart(5);
    const line = `${part}  ${done} of ${total} epochs, ${Math.round(rate)}/s, ${clock(left)} left`;
    stream.write(stream.isTTY ? `\r${line.padEnd(79)}` : `${line}\n`);
  };
  return {
    add(epochs) {
      done += epochs;
      if (now() - said < period) return;
      said = now();
      say();
    },
    end() {
      const seconds = Math.round((now() - began) / 1000);
      const line = `${done} epochs in ${clock(seconds)}`;
      stream.write(stream.isTTY ? `\r${line.padEnd(79)}\n` : `${line}\n`);
    },
  };
}

const clock = (seconds: number): string => `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
