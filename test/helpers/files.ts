/**
 * Files that are damaged, and a disk that hangs.
 */
import { open as openFile, readFile, writeFile } from "node:fs/promises";

export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

export interface Faults {
  readonly open: typeof openFile;
  /** The method of all files that hangs until it is released. */
  hang: string | undefined;
  fail: { readonly method: string; readonly code: string } | undefined;
  /** Waits until another call hangs. */
  hanging(): Promise<void>;
  /** Releases all calls that hang. */
  release(): void;
  /** Resolves when the released calls have ended. */
  released(): Promise<unknown>;
}

export function faultyFiles(): Faults {
  let waiting: (() => void)[] = [];
  let news = 0;
  const ended: Promise<unknown>[] = [];
  const notice: (() => void)[] = [];
  const faults: Faults = {
    hang: undefined,
    fail: undefined,
    hanging() {
      if (news === 0) return new Promise((go) => notice.push(go));
      news = 0;
      return Promise.resolve();
    },
    release() {
      const going = waiting;
      waiting = [];
      for (const go of going) go();
    },
    released: () => Promise.allSettled(ended.splice(0)),
    open: async (...args) =>
      new Proxy(await openFile(...args), {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (typeof value !== "function") return value;
          return async (...inner: unknown[]): Promise<unknown> => {
            const { fail } = faults;
            if (name === fail?.method) throw Object.assign(new Error(fail.code), { code: fail.code });
            if (name !== faults.hang) return Reflect.apply(value, target, inner) as unknown;
            const hung = new Promise<void>((go) => waiting.push(go)).then(
              () => Reflect.apply(value, target, inner) as unknown,
            );
            ended.push(hung);
            if (notice.length === 0) news++;
            for (const each of notice.splice(0)) each();
            return hung;
          };
        },
      }),
  };
  return faults;
}
