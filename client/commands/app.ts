/**
 * `app`: buckets, and the files in them.
 */
import { stat } from "node:fs/promises";
import { Option, type Command } from "commander";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { STDOUT } from "../app/destination.ts";
import type { PutPlan } from "../app/put-plan.ts";
import { draftOf } from "../app/resume.ts";
import { createApp, type App, type ReplicaStatus } from "../app.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { openManifest, type ManifestFile } from "../manifest-file.ts";
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

interface NodeOptions extends ChainOptions {
  readonly allowPrivateNodes?: boolean;
}

interface PutOptions extends NodeOptions {
  readonly bucket: bigint;
  readonly vnodes: bigint[];
  readonly epochs: number;
  readonly maxRent?: bigint;
  readonly manifest?: string;
  readonly deposit: boolean;
}

export function addAppCommands(program: Command, signal: AbortSignal): void {
  const app = group(program, "app", "stores and reads files: buckets, put, get");
  spendingCommand(app, "create-bucket", "creates a bucket in a cluster")
    .argument("<cluster>", "id of the cluster", id)
    .option("--public", "let anyone read it", false)
    .action(createBucket);
  spendingCommand(app, "access", "gives an account the right to read or write a bucket, or takes it away")
    .argument("<bucket>", "id of the bucket", id)
    .argument("<account>", "address")
    .argument("<right>", "reader or writer")
    .argument("[state]", "on or off", toggle, true)
    .action(setAccess);
  addAccountCommands(app);
  spendingCommand(app, "put <file>", "stores a file on several vNodes and writes its manifest")
    .requiredOption("--bucket <id>", "bucket of this account, or one that it may write to", id)
    .requiredOption("--vnodes <ids>", "vNodes, separated by commas: each gets the whole file", ids)
    .requiredOption("--epochs <n>", "how long", count)
    .option(
      "--max-rent <units>",
      "the most to pay, in token units per 1e18 leaves and epoch; default: what the nodes ask",
      units,
    )
    .option("--manifest <file>", "default: FILE.holdfast.json")
    .option("--deposit", "deposit from the wallet what the account lacks", false)
    .addOption(allowPrivateNodes())
    .action((file: string, options: PutOptions) => put(file, options, signal));
  chainCommand(app, "get <manifest>", "reads a file back from any replica that serves it")
    .requiredOption("--out <file>", 'file to write; "-" for the standard output')
    .addOption(allowPrivateNodes())
    .action((manifest: string, options: NodeOptions & { out: string }) => get(manifest, options, signal));
  chainCommand(
    app,
    "status <manifest>",
    "shows where a file's replicas are and whether their nodes answer: exits with 1 unless all do",
  )
    .addOption(allowPrivateNodes())
    .action((manifest: string, options: NodeOptions) => status(manifest, options, signal));
  spendingCommand(
    app,
    "end",
    "ends a segment two epochs after the current one; the epochs after that are paid back",
  )
    .argument("<vnode>", "id of the vNode that stores it", id)
    .argument("<serial>", "number of the segment on that vNode", natural)
    .action(endEarly);
  spendingCommand(
    app,
    "claim <manifest>",
    "collects the refunds and compensation for a file's missed epochs",
  ).action((manifest: string, options: ChainOptions) =>
    withApp(options, signal, async (one, chain) => {
      const object = await readObject(manifest);
      await agree(`pay the refunds and compensation for ${object.name} to the bucket's owner`, options);
      const claimed = await one.claim(object);
      printResult(
        { claimed },
        { ...options, text: `${formatAmount(claimed, chain.decimals)} ${chain.symbol}` },
      );
    }),
  );
}

const allowPrivateNodes = (): Option =>
  new Option("--allow-private-nodes", "also call nodes at private addresses: for local networks only").env(
    "HOLDFAST_ALLOW_PRIVATE_NODES",
  );

function status(manifest: string, options: NodeOptions, signal: AbortSignal): Promise<void> {
  return withApp(options, signal, async (one) => {
    const object = await readObject(manifest);
    const replicas = await one.status(object);
    const lines = replicas.map(
      ({ vNode, node, url, segments, misses, problem, syncing, successor }) =>
        `vNode ${vNode}  node ${node} ${url}  ${segments} segments  ${misses} misses${syncing ? "  has yet to prove that it has them" : ""}${successor === undefined ? "" : `  node ${successor} takes over`}  ${problem === undefined ? "answers" : `DOES NOT ANSWER: ${problem}`}`,
    );
    printResult({ replicas }, { ...options, text: lines.join("\n") });
    const whole = ({ reachable, segments }: ReplicaStatus): boolean =>
      reachable && segments === object.segments.length;
    if (!replicas.every(whole)) process.exitCode = 1;
  });
}

async function withApp(
  options: NodeOptions,
  signal: AbortSignal,
  use: (app: App, chain: Chain) => Promise<void>,
): Promise<void> {
  const engine = await loadHashEngine();
  const { json, allowPrivateNodes: allowed } = options;
  await withChain(options, (chain) => {
    const progress = createProgress(json);
    return use(createApp({ chain, engine, signal, progress, allowPrivateNodes: allowed }), chain);
  });
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
    await agree(`end segment ${serial} of vNode ${vNode}, after which the node may delete it`, options);
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

async function get(
  manifest: string,
  { out, ...options }: NodeOptions & { out: string },
  signal: AbortSignal,
): Promise<void> {
  const object = await readObject(manifest);
  if (await isSameFile(manifest, out)) {
    const message = `${out} is the manifest, which is needed to read the file again: give another name with --out`;
    throw new HoldfastError("bad-input", message);
  }
  await withApp(options, signal, async (app) => {
    const result = await app.get(object, out);
    // The file's bytes go to the standard output, so the summary must not.
    const stream = out === STDOUT ? process.stderr : process.stdout;
    printResult({ out, ...result }, { ...options, stream });
  });
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

async function put(file: string, options: PutOptions, signal: AbortSignal): Promise<void> {
  const { bucket, vnodes: vNodes, epochs, maxRent, manifest = `${file}.holdfast.json` } = options;
  const kept = await openManifest(manifest);
  await withApp(options, signal, async (app, chain) => {
    const plan = await app.plan({ path: file, bucket, vNodes, epochs, maxRent, record: kept.found });
    const { total, balance, perEpoch, rounding } = plan.price;
    const short = options.deposit && total > balance ? total - balance : 0n;
    if (plan.targets.length > 0) await agree(whatPutDoes(plan, chain, short), options);
    let object;
    try {
      await kept.save(plan.record ?? draftOf(chain, plan));
      if (short > 0n) await deposit(chain, short);
      object = await app.put(plan, kept.save);
    } catch (error) {
      await kept.discardUnpaid();
      throw withAdvice(error, manifest, kept);
    }
    const done = plan.targets.length > 0 ? "stored" : "everything is stored already";
    printResult(
      { manifest, paid: total, perEpoch, rounding, ...object },
      { ...options, text: `${done}; keep ${manifest}: \`app get\` needs it to read the file` },
    );
  });
}

function whatPutDoes({ price, file, targets, epochs }: PutPlan, chain: Chain, short: bigint): string {
  const { total, perEpoch, rounding, quantum } = price;
  const amount = (value: bigint): string => `${formatAmount(value, chain.decimals)} ${chain.symbol}`;
  const extra = short > 0n ? `, depositing ${amount(short)} from the wallet` : "";
  const rounded =
    rounding > 0n
      ? `, of which ${rounding} token units come from rounding up to multiples of ${quantum}`
      : "";
  return `store ${file.bytes} bytes on ${targets.length} vNodes for ${epochs} epochs, paying ${amount(total)} in advance${extra}: ${amount(perEpoch)} an epoch${rounded}`;
}

/** If something was paid before the error, says where that is written down. */
function withAdvice(error: unknown, manifest: string, { begun }: ManifestFile): unknown {
  if (!(error instanceof HoldfastError) || !begun()) return error;
  const message = `${error.message}; ${manifest} records what is paid for: run the same command again to store the rest`;
  return new HoldfastError(error.code, message, { ...error.details, manifest }, { cause: error });
}
