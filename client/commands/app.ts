/**
 * `app`: buckets, and the files in them.
 */
import type { Command } from "commander";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { writeJson } from "../../circuits/files.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { createApp, type App } from "../app.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { readObject } from "../object.ts";
import { agree, createProgress, formatAmount, printResult } from "../output.ts";
import { addAccountCommands } from "./accounts.ts";
import {
  chainCommand,
  count,
  deposit,
  group,
  id,
  ids,
  natural,
  spendingCommand,
  toggle,
  units,
  withChain,
  type ChainOptions,
} from "./common.ts";

interface PutOptions extends ChainOptions {
  readonly bucket: bigint;
  readonly vnodes: bigint[];
  readonly epochs: number;
  readonly maxRent?: bigint;
  readonly manifest?: string;
  readonly deposit: boolean;
}

export function addAppCommands(program: Command, signal: AbortSignal): void {
  const app = group(program, "app", "who stores files: buckets, put, get");
  spendingCommand(app, "create-bucket", "creates a bucket in a cluster")
    .argument("<cluster>", "id of the cluster", id)
    .option("--public", "anyone may read", false)
    .action(createBucket);
  spendingCommand(app, "access", "lets an account read or write a bucket, or no longer")
    .argument("<bucket>", "id of the bucket", id)
    .argument("<account>", "address")
    .argument("<right>", "reader or writer")
    .argument("[state]", "on or off", toggle, true)
    .action(setAccess);
  addAccountCommands(app);
  spendingCommand(app, "put <file>", "stores a file on several vNodes and writes its manifest")
    .requiredOption("--bucket <id>", "of this account, or one it may write", id)
    .requiredOption("--vnodes <ids>", "separated by commas: each gets the whole file", ids)
    .requiredOption("--epochs <n>", "how long", count)
    .option("--max-rent <units>", "token units per 1e18 leaves and epoch; default: what the nodes ask", units)
    .option("--manifest <file>", "default: FILE.holdfast.json")
    .option("--deposit", "take what the account lacks from the wallet", false)
    .action((file: string, options: PutOptions) => put(file, options, signal));
  chainCommand(app, "get <manifest>", "reads a file back, from whichever replica serves it")
    .requiredOption("--out <file>", "where to write it")
    .action((manifest: string, options: ChainOptions & { out: string }) =>
      withApp(options, signal, async (one) => {
        printResult(
          { out: options.out, ...(await one.get(await readObject(manifest), options.out)) },
          options,
        );
      }),
    );
  chainCommand(app, "status <manifest>", "shows where a file's replicas are and how they do").action(
    (manifest: string, options: ChainOptions) =>
      withApp(options, signal, async (one) => {
        const replicas = await one.status(await readObject(manifest));
        const lines = replicas.map(
          ({ vNode, node, url, segments, misses, reachable, syncing, successor }) =>
            `vNode ${vNode}  node ${node} ${url}  ${segments} segments  ${misses} misses${syncing ? "  has yet to prove that it has them" : ""}${successor === undefined ? "" : `  node ${successor} takes over`}  ${reachable ? "answers" : "DOES NOT ANSWER"}`,
        );
        printResult({ replicas }, { ...options, text: lines.join("\n") });
      }),
  );
  spendingCommand(app, "end", "ends a segment two epochs after the running one; later ones are paid back")
    .argument("<vnode>", "id of the vNode that holds it", id)
    .argument("<serial>", "number of the segment there", natural)
    .action(endEarly);
  spendingCommand(
    app,
    "claim <manifest>",
    "collects refunds and compensation for missed epochs of a file",
  ).action((manifest: string, options: ChainOptions) =>
    withApp(options, signal, async (one, chain) => {
      const object = await readObject(manifest);
      await agree(`claim what is owed for ${object.name}, to the bucket's owner`, options);
      const claimed = await one.claim(object);
      printResult(
        { claimed },
        { ...options, text: `${formatAmount(claimed, chain.decimals)} ${chain.symbol}` },
      );
    }),
  );
}

async function withApp(
  options: ChainOptions,
  signal: AbortSignal,
  use: (app: App, chain: Chain) => Promise<void>,
): Promise<void> {
  const engine = await loadHashEngine();
  await withChain(options, (chain) =>
    use(createApp({ chain, engine, signal, progress: createProgress(options.json) }), chain),
  );
}

function createBucket(cluster: bigint, options: ChainOptions & { public: boolean }): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`create a ${options.public ? "public" : "private"} bucket in cluster ${cluster}`, options);
    const { events, hash } = await chain.send("registry", "createBucket", [cluster, options.public]);
    const bucket = events.find(({ name }) => name === "BucketCreated")?.args["bucket"];
    printResult({ bucket, transaction: hash }, options);
  });
}

function endEarly(vNode: bigint, serial: number, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`end segment ${serial} of vNode ${vNode}: the node may delete it then`, options);
    const { events, hash } = await chain.send("registry", "endEarly", [vNode, serial]);
    const { end, amount } = events.find(({ name }) => name === "SegmentEndedEarly")?.args ?? {};
    printResult({ vNode, serial, end, refund: amount, transaction: hash }, options);
  });
}

function setAccess(
  bucket: bigint,
  account: string,
  right: string,
  allowed: boolean,
  options: ChainOptions,
): Promise<void> {
  const method = { reader: "setReader", writer: "setWriter" }[right];
  if (method === undefined)
    throw new HoldfastError("bad-input", `there is no right "${right}": give reader or writer`);
  return withChain(options, async (chain) => {
    const address = parseAddress(account);
    await agree(`make ${address} ${allowed ? "a" : "no"} ${right} of bucket ${bucket}`, options);
    const { hash } = await chain.send("registry", method, [bucket, address, allowed]);
    printResult({ bucket, account: address, right, allowed, transaction: hash }, options);
  });
}

async function put(file: string, options: PutOptions, signal: AbortSignal): Promise<void> {
  const { bucket, vnodes: vNodes, epochs, maxRent, manifest = `${file}.holdfast.json` } = options;
  await withApp(options, signal, async (app, chain) => {
    const plan = await app.plan({ path: file, bucket, vNodes, epochs, maxRent });
    const { total, balance, perEpoch, rounding, quantum } = plan.price;
    const amount = (value: bigint): string => `${formatAmount(value, chain.decimals)} ${chain.symbol}`;
    const short = options.deposit && total > balance ? total - balance : 0n;
    const extra = short > 0n ? `, depositing ${amount(short)} from the wallet` : "";
    const rounded =
      rounding > 0n ? `, ${rounding} token units of which are rounding up to multiples of ${quantum}` : "";
    await agree(
      `store ${plan.file.bytes} bytes on ${vNodes.length} vNodes for ${epochs} epochs, paying ${amount(total)} in advance${extra}: ${amount(perEpoch)} an epoch${rounded}`,
      options,
    );
    if (short > 0n) await deposit(chain, short);
    const object = await app.put(plan);
    await writeJson(manifest, object);
    printResult(
      { manifest, paid: total, perEpoch, rounding, ...object },
      { ...options, text: `stored; keep ${manifest}: it is what \`app get\` needs` },
    );
  });
}
