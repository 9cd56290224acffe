/**
 * A page of this repository's modules in Chromium: they are stripped of their types as they are served, on loopback and
 * without the headers that would let the page share memory.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, realpath, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { makeFolder } from "./folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const NAMES = ["chromium", "chromium-browser", "google-chrome"] as const;
const SERVED = /^\/(groth16|protocol|wasm)\/[\w/-]+\.ts$|^\/node_modules\/snarkjs\/build\/[\w.]+\.js$/;
/** Nothing but the page: no profile of a user's, no look for updates, no names of hosts. */
const ARGUMENTS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"],
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/**
 * The program's name. Where it is missing and this user may install it, it is installed.
 *
 * @throws Error, which says what to install
 */
export function chromium(): string {
  const found = NAMES.find(runs);
  if (found !== undefined) return found;
  const how = "this test needs Chromium: install it, for example with `apt-get install chromium` as root";
  if (process.getuid?.() !== 0) throw new Error(how);
  try {
    execFileSync("apt-get", ["update"], { stdio: "ignore" });
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { stdio: "ignore" });
  } catch (cause) {
    throw new Error(how, { cause });
  }
  return NAMES[0];
}

function runs(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface Page {
  /** The page's script, a module. What it exports as `result`, JSON, is what the page gives. */
  readonly script: string;
  /** By path: what the script can fetch. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const HTML = `<!doctype html><meta charset="utf-8"><script src="/node_modules/snarkjs/build/snarkjs.min.js"></script>
<script type="module">
  const say = (answer) => fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
  addEventListener("unhandledrejection", ({ reason }) => say({ error: String(reason?.stack ?? reason) }));
  try {
    const { result } = await import("/script.js");
    await say({ result });
  } catch (error) {
    await say({ error: String(error?.stack ?? error) });
  }
</script>`;

type Answer = { readonly result: unknown } | { readonly error: string };

/** What the page gives. Throws what it throws, or what Chromium said if that ends before. */
export async function resultOf(program: string, { script, files }: Page): Promise<unknown> {
  const answered = Promise.withResolvers<Answer>();
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
      if (pathname === "/answer") {
        answered.resolve(JSON.parse(await bodyOf(request)) as Answer);
        return response.end();
      }
      const [type, content] = await contentOf(pathname, script, files);
      response.writeHead(content === undefined ? 404 : 200, { "content-type": type }).end(content);
      return undefined;
    })().catch(answered.reject);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const profile = await makeFolder();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const args = [...ARGUMENTS, `--user-data-dir=${profile}`, url];
  const browser = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let said = "";
  browser.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
  const exited = once(browser, "exit");
  void exited.then(
    () => answered.reject(new Error(`${program} ended before the page did: ${said}`)),
    answered.reject,
  );
  try {
    const answer = await answered.promise;
    if ("error" in answer) throw new Error(`the page failed: ${answer.error}`);
    return answer.result;
  } finally {
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, "SIGKILL");
    await exited.catch(() => undefined);
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function contentOf(
  path: string,
  script: string,
  files: Page["files"],
): Promise<[type: string, content: string | Uint8Array | undefined]> {
  if (path === "/") return ["text/html", HTML];
  if (path === "/script.js") return ["text/javascript", script];
  const given = files[path];
  if (given) return ["application/octet-stream", given];
  if (!SERVED.test(path)) return ["text/plain", undefined];
  const text = await readFile(await realpath(join(ROOT, path)), "utf8");
  return ["text/javascript", path.endsWith(".ts") ? stripTypeScriptTypes(text) : text];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk as string;
  return body;
}
