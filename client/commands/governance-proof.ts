/**
 * `proof`: a cluster that a ProofOfStorageManager manages. Nodes join it, anybody cranks it. `probation` makes the file that a
 * candidate stores.
 */
import type { Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { findCranks } from "../governance/proof-cranks.ts";
import {
  createProofManager,
  openProofManager,
  REASONS,
  STANDINGS,
  type Crank,
  type ProofManager,
  type Said,
} from "../governance/proof-manager.ts";
import { usualRules } from "../governance/proof-rules.ts";
import { probationBytes, writeProbation } from "../governance/proof-seed.ts";
import { agree, formatAmount, printNote, printResult } from "../output.ts";
import {
  chainCommand,
  count,
  dryRunCommand,
  group,
  id,
  natural,
  units,
  withChain,
  type ChainOptions,
  type DryRunOptions,
} from "./common.ts";

type CreateOptions = DryRunOptions & {
  readonly seatLeaves: bigint;
  readonly price: bigint;
  readonly reward: bigint;
  readonly probation?: number;
  readonly standby?: number;
  readonly maxMisses?: number;
  readonly period?: number;
  readonly reentry?: number;
};

interface MemberRecord {
  readonly standing: bigint;
  readonly provider: string;
  readonly offered: bigint;
  readonly vNode: bigint;
  readonly quota: bigint;
  readonly seats: bigint;
  readonly missed: bigint;
  readonly barredUntil: bigint;
}

/** @param parent the group that they belong to */
export function addProofCommands(parent: Command): void {
  const proof = group(
    parent,
    "proof",
    "a cluster that proof of storage manages, without anybody's discretion",
  );
  dryRunCommand(proof, "create", "deploys a manager for a cluster, to which the cluster can then be proposed")
    .argument("<cluster>", "id of the cluster", id)
    .requiredOption("--seat-leaves <n>", "leaves of a member's capacity that each seat counts", id)
    .requiredOption("--price <units>", "the least price, in token units per 1e18 leaves and epoch", units)
    .option("--reward <units>", "what a crank is paid, in token units", units, 0n)
    .option("--probation <n>", "epochs that a candidate must be paid for, times the cluster's odds", count)
    .option("--standby <n>", "places on the standby list", natural)
    .option("--max-misses <n>", "misses in a period that a member may have", count)
    .option("--period <epochs>", "epochs of a period", count)
    .option("--reentry <epochs>", "epochs until a node may join again", count)
    .action(create);
  dryRunCommand(proof, "join", "makes a node of this account a candidate; the account must trust the manager")
    .argument("<manager>", "address of the manager")
    .argument("<node>", "id of the node", id)
    .requiredOption("--capacity <leaves>", "leaves that the node offers", id)
    .action(join);
  dryRunCommand(proof, "leave", "ends the membership of a node of this account")
    .argument("<manager>", "address of the manager")
    .argument("<node>", "id of the node", id)
    .action((address: string, node: bigint, options: DryRunOptions) =>
      withManager(address, options, async (manager, chain) => {
        const what = `end the membership of node ${node}; it may join again only after a while`;
        await change(manager, chain, { method: "quit", args: [node] }, what, options);
      }),
    );
  dryRunCommand(
    proof,
    "crank",
    "does what the rules ask for now; what changes something is paid from the manager's fee",
  )
    .argument("<manager>", "address of the manager")
    .option("--max <n>", "the most transactions", count, 32)
    .action(crank);
  chainCommand(proof, "show", "shows the price, the members, the ring and what waits for a draw")
    .argument("<manager>", "address of the manager")
    .action(show);
  chainCommand(parent, "probation", "makes the file that a candidate should store, from the seed of its node")
    .argument("<manager>", "address of the manager")
    .argument("<node>", "id of the node", id)
    .requiredOption("--out <file>", "where to write it")
    .action(makeProbation);
}

const withManager = (
  address: string,
  options: ChainOptions,
  use: (manager: ProofManager, chain: Chain) => Promise<void>,
): Promise<void> => withChain(options, async (chain) => use(await openProofManager(chain, address), chain));

function create(cluster: bigint, options: CreateOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { seatLeaves, price, reward, probation, standby, maxMisses, period, reentry } = options;
    const given = { probation, standby, maxMisses, period, reentry };
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const rules = usualRules(seatLeaves, price, reward, set);
    const what = `deploy a manager for cluster ${cluster}, with rules that cannot be changed`;
    if (options.dryRun) {
      const text = `nothing was sent; this would ${what}`;
      printResult({ dryRun: true, cluster, rules }, { ...options, text });
      return;
    }
    await agree(what, options);
    const manager = await createProofManager(chain, { cluster, rules }, (made, gas) =>
      printNote(`${made}: ${gas} gas`, options.json),
    );
    printResult({ manager, cluster, rules }, options);
  });
}

function join(address: string, node: bigint, options: DryRunOptions & { capacity: bigint }): Promise<void> {
  return withManager(address, options, async (manager, chain) => {
    const { capacity } = options;
    const terms = await manager.read<string>("termsHash");
    const leaves = Number(await manager.read<bigint>("probationLeaves", [capacity]));
    const price = formatAmount(await manager.read<bigint>("price"), chain.decimals);
    const what = `make node ${node} a candidate that offers ${capacity} leaves, under the terms ${terms} and at a price of ${price} ${chain.symbol} per 1e18 leaves and epoch; it must then store ${probationBytes(leaves)} bytes and prove them`;
    await change(manager, chain, { method: "join", args: [node, capacity, terms] }, what, options);
  });
}

async function change(
  manager: ProofManager,
  chain: Chain,
  crank: Crank,
  what: string,
  options: DryRunOptions,
): Promise<void> {
  await manager.try(crank, chain.account()).catch(inWords);
  if (options.dryRun) {
    printResult({ ...crank, would: what }, { ...options, text: `This would ${what}.` });
    return;
  }
  await agree(what, options);
  const { transaction, events } = await manager.send(crank);
  printResult({ events: events.map(readable), transaction }, options);
}

/** Says the reason in words. */
function inWords(error: unknown): never {
  if (!(error instanceof HoldfastError)) throw error;
  const { error: name, node, reason } = error.details as Record<string, unknown>;
  if (name !== "NotFit") throw error;
  const message = `the manager refuses node ${String(node)}: it ${REASONS[Number(reason)] ?? "is not fit"}`;
  throw new HoldfastError(error.code, message, error.details, { cause: error });
}

function readable({ name, args }: Said): object {
  const { reason, ...rest } = args;
  return { event: name, ...rest, ...(reason !== undefined && { reason: REASONS[Number(reason)] ?? reason }) };
}

function crank(address: string, options: DryRunOptions & { max: number }): Promise<void> {
  return withManager(address, options, async (manager, chain) => {
    const done: object[] = [];
    let agreed = options.dryRun;
    for await (const found of findCranks(chain, manager)) {
      if (done.length === options.max) break;
      if (!agreed)
        await agree(`send up to ${options.max} transactions, beginning with ${found.method}`, options);
      agreed = true;
      if (options.dryRun) done.push(found);
      else {
        const { transaction, gas, events } = await manager.send(found);
        done.push({ ...found, gas, events: events.map(readable), transaction });
      }
    }
    const text = done.length === 0 ? "There is nothing to do." : undefined;
    printResult({ cranks: done }, { ...options, ...(text !== undefined && { text }) });
  });
}

function show(address: string, options: ChainOptions): Promise<void> {
  return withManager(address, options, async (manager, chain) => {
    const [cluster, manages, price] = [
      await manager.read<bigint>("cluster"),
      await manager.read<boolean>("manages"),
      await manager.read<bigint>("price"),
    ];
    const ids = await manager.read<bigint[]>("members");
    const members: ({ node: bigint } & MemberRecord)[] = [];
    for (const node of ids) members.push({ node, ...(await manager.read<MemberRecord>("memberOf", [node])) });
    const ring: object[] = [];
    for (const vNode of await manager.read<bigint[]>("ring")) {
      const { holder, token, vacant } = await manager.read<Seat>("seatOf", [vNode]);
      ring.push({ vNode, token, holder, vacant });
    }
    const queue = await manager.read<readonly object[]>("queue");
    const probationCluster = await manager.read<bigint>("probationCluster");
    const lines = members.map(
      ({ node, standing, offered, seats, quota, missed }) =>
        `node ${node}  ${STANDINGS[Number(standing)] ?? "?"}  offers ${offered} leaves  seats ${seats} of ${quota}  missed ${missed}`,
    );
    const text = [
      `cluster ${cluster}${manages ? "" : " (not managed by this contract)"}, probation in cluster ${probationCluster}`,
      `price ${formatAmount(price, chain.decimals)} ${chain.symbol} per 1e18 leaves and epoch`,
      ...lines,
      `ring of ${ring.length} vNodes, ${queue.length} vacancies wait`,
    ].join("\n");
    printResult({ cluster, manages, price, probationCluster, members, ring, queue }, { ...options, text });
  });
}

interface Seat {
  readonly holder: bigint;
  readonly token: bigint;
  readonly vacant: boolean;
}

function makeProbation(
  address: string,
  node: bigint,
  options: ChainOptions & { out: string },
): Promise<void> {
  return withManager(address, options, async (manager) => {
    const { offered, vNode } = await manager.read<MemberRecord>("memberOf", [node]);
    const seed = await manager.read<string>("seedOf", [node]);
    if (BigInt(seed) === 0n) {
      const message = "the seed is not known yet: it comes with the first epoch after the node joined";
      throw new HoldfastError("bad-input", message, { node });
    }
    const leaves = Number(await manager.read<bigint>("probationLeaves", [offered]));
    const bytes = await writeProbation(options.out, seed, leaves);
    printResult({ node, vNode, seed, leaves, bytes, out: options.out }, options);
  });
}
