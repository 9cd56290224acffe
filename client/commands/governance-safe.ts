/**
 * `governance safe`: several owners decide for a cluster, by signatures that are collected in a file.
 */
import { InvalidArgumentError, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { writeJson } from "../../system/files.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { decisionJson, decisionLines, decisionOf, type Decision } from "../governance/decision.ts";
import {
  addSignature,
  callsOfTransaction,
  changeTransactionFile,
  checkPlace,
  countedSignatures,
  mergeTransactions,
  readTransactionFile,
  SAFE_TX,
  safeDomain,
  safeMessage,
  safeTransaction,
  safeTxHash,
  executeSafe,
  signaturesToSend,
  writeTransactionFile,
  type SafeTransaction,
} from "../governance/safe-transaction.ts";
import {
  callOfSafe,
  checkOwners,
  createSafe,
  openSafe,
  ownerBefore,
  readSafeRecord,
  type OpenSafe,
} from "../governance/safe.ts";
import { plural } from "../governance/terms.ts";
import { agree, printNote, printResult } from "../output.ts";
import { actionOption, callsOf, WITHDRAW, type CallSpec } from "./action-text.ts";
import {
  chainCommand,
  count,
  group,
  natural,
  withChain,
  dryRunCommand,
  type DryRunOptions,
} from "./common.ts";
import { ACTION_CALLS } from "./manager-actions.ts";

interface CreateOptions extends DryRunOptions {
  readonly owners: readonly string[];
  readonly threshold: number;
  readonly out: string;
  readonly like?: string;
  readonly salt: number;
}

interface SafeOptions extends DryRunOptions {
  readonly safe: string;
}

interface ProposeOptions extends SafeOptions {
  readonly action: readonly string[];
  readonly nonce?: number;
  readonly out: string;
}

export function addSafeCommands(governance: Command): void {
  const safe = group(governance, "safe", "several owners decide, with the signatures of some of them");
  const withSafe = (command: Command): Command =>
    command.requiredOption("--safe <file>", "the Safe's record, which `safe create` wrote");
  dryRunCommand(
    safe,
    "create",
    "makes a Safe of safe-smart-account 1.5, from the code that the package ships",
  )
    .requiredOption("--owners <list>", "addresses of the owners, separated by commas", addresses)
    .requiredOption("--threshold <n>", "how many owners must sign", count)
    .requiredOption("--out <file>", "where to write the Safe's record")
    .option("--like <file>", "record of another Safe, whose shared contracts are used again")
    .option("--salt <n>", "makes another Safe of the same owners", natural, 0)
    .action(create);
  withSafe(
    dryRunCommand(safe, "propose", "writes a transaction of the Safe into a file, for the owners to sign"),
  )
    .addOption(actionOption())
    .option("--nonce <n>", "number of the transaction; default: the Safe's next one", natural)
    .requiredOption("--out <file>", "where to write the transaction")
    .addHelpText("after", `\nThe Safe's own actions: ${ownNames.join(", ")}.`)
    .action(propose);
  withSafe(dryRunCommand(safe, "sign", "shows what a transaction does, and adds this owner's signature"))
    .argument("<file>", "the transaction")
    .action(sign);
  withSafe(dryRunCommand(safe, "execute", "sends a transaction that enough owners have signed; anyone can"))
    .argument("<files...>", "the transaction; several copies of it, each with signatures, are put together")
    .action(execute);
  withSafe(chainCommand(safe, "show", "shows a Safe's owners, and what transactions do and who signed them"))
    .argument("[files...]", "transactions")
    .action(show);
}

function create(options: CreateOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { owners, threshold, salt, out, like } = options;
    checkOwners({ owners, threshold });
    const what = `make a Safe in which ${threshold} of ${owners.length} owners decide: ${owners.join(", ")}`;
    if (options.dryRun) {
      printResult(
        { dryRun: true, owners, threshold },
        { ...options, text: `nothing was sent; this would ${what}` },
      );
      return;
    }
    await agree(what, options);
    let gas = 0n;
    const record = await createSafe(
      chain,
      {
        owners,
        threshold,
        saltNonce: BigInt(salt),
        like: like === undefined ? undefined : await readSafeRecord(like),
      },
      (step, used) => {
        gas += used;
        printNote(`${step} is made`, options.json);
      },
    );
    await writeJson(out, record);
    printResult({ ...record, owners, threshold, gas, record: out }, options);
  });
}

function propose(options: ProposeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const safe = await openSafe(chain, await readSafeRecord(options.safe));
    const calls = await callsOf(chain, options.action, [...ACTION_CALLS, WITHDRAW, ...ownActions(safe)]);
    const nonce = options.nonce === undefined ? safe.nonce : BigInt(options.nonce);
    const transaction = safeTransaction(safe, calls, { multiSend: safe.multiSend, nonce });
    checkPlace(transaction, safe);
    const decision = await decide(chain, safe, transaction);
    const lines = decisionLines(decision);
    const hash = safeTxHash(transaction);
    const value = { safe: safe.safe, nonce, hash, ...decisionJson(decision) };
    if (options.dryRun) {
      const text = ["nothing was written; this would propose to the owners:", ...lines].join("\n");
      printResult({ dryRun: true, ...value }, { ...options, text });
      return;
    }
    await writeTransactionFile(options.out, transaction);
    const text = [
      `transaction ${nonce} of ${safe.safe}, for ${safe.threshold} owners to sign:`,
      ...lines,
      options.out,
    ];
    printResult({ ...value, file: options.out }, { ...options, text: text.join("\n") });
  });
}

function sign(file: string, options: SafeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const safe = await openSafe(chain, await readSafeRecord(options.safe));
    const transaction = await readTransactionFile(file);
    checkPlace(transaction, safe);
    const decision = await decide(chain, safe, transaction);
    const lines = [`transaction ${transaction.nonce} of ${safe.safe}:`, ...decisionLines(decision)];
    const hash = safeTxHash(transaction);
    if (options.dryRun) {
      const value = {
        dryRun: true,
        safe: safe.safe,
        nonce: transaction.nonce,
        hash,
        ...decisionJson(decision),
      };
      printResult(value, { ...options, text: ["nothing was signed", ...lines].join("\n") });
      return;
    }
    if (!options.json) printNote(lines.join("\n"), false);
    const owner = chain.account();
    await agree(`sign, as the owner ${owner}: ${decision.does.join("; ")}`, options);
    const signature = await chain.sign(safeDomain(transaction), SAFE_TX, safeMessage(transaction));
    const signed = await changeTransactionFile(file, (now) => {
      // What was shown is what is signed.
      mergeTransactions([transaction, now]);
      return addSignature(now, { owner, signature }, safe);
    });
    printResult({ safe: safe.safe, nonce: signed.nonce, hash, owner, ...standing(signed, safe) }, options);
  });
}

function execute(files: readonly string[], options: SafeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const safe = await openSafe(chain, await readSafeRecord(options.safe));
    const transaction = mergeTransactions(await Promise.all(files.map(readTransactionFile)));
    checkPlace(transaction, safe);
    signaturesToSend(transaction, safe);
    const decision = await decide(chain, safe, transaction);
    const value = { safe: safe.safe, nonce: transaction.nonce, hash: safeTxHash(transaction) };
    const lines = [`transaction ${transaction.nonce} of ${safe.safe}:`, ...decisionLines(decision)];
    if (options.dryRun) {
      const text = ["nothing was sent; this would execute", ...lines].join("\n");
      printResult({ dryRun: true, ...value, ...decisionJson(decision) }, { ...options, text });
      return;
    }
    if (!options.json) printNote(lines.join("\n"), false);
    if ("refused" in decision.outcome) throw new HoldfastError("chain", decision.outcome.refused);
    await agree(`execute as the Safe ${safe.safe}: ${decision.does.join("; ")}`, options);
    const { hash, gas, events } = await executeSafe(chain, transaction, safe);
    const done = events.map(({ name, args }) => ({ name, args }));
    printResult(
      { ...value, does: decision.does, events: done, gas, transaction: hash },
      {
        ...options,
        text: [...decision.does, `gas ${gas}`, `transaction ${hash}`].join("\n"),
      },
    );
  });
}

function show(files: readonly string[], options: SafeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const safe = await openSafe(chain, await readSafeRecord(options.safe));
    const { owners, threshold, nonce, modules } = safe;
    const transactions: object[] = [];
    const lines = [
      `${safe.safe}: ${threshold} of ${plural(owners.length, "owner")} decide; the next transaction is ${nonce}`,
      ...owners.map((owner) => `   ${owner}`),
      ...modules.map((module) => `   warning: the module ${module} may act without the owners`),
    ];
    for (const file of files) {
      const transaction = await readTransactionFile(file);
      checkPlace(transaction, safe);
      const decision = await decide(chain, safe, transaction);
      const state = standing(transaction, safe);
      const signers = state.signed.join(", ") || "nobody";
      lines.push(
        `${file}: transaction ${transaction.nonce}, signed by ${signers}; ${state.missing} more must sign`,
        ...decisionLines(decision),
      );
      const { nonce: number } = transaction;
      transactions.push({
        file,
        nonce: number,
        hash: safeTxHash(transaction),
        ...state,
        ...decisionJson(decision),
      });
    }
    const value = { safe: safe.safe, owners, threshold, nonce, modules, transactions };
    printResult(value, { ...options, text: lines.join("\n") });
  });
}

async function decide(chain: Chain, safe: OpenSafe, transaction: SafeTransaction): Promise<Decision> {
  const time = BigInt((await chain.block()).timestamp);
  const calls = callsOfTransaction(transaction, safe.multiSend);
  return decisionOf(chain, { sender: safe.safe, calls, places: safe.places, time });
}

function standing(transaction: SafeTransaction, safe: OpenSafe) {
  const signed = countedSignatures(transaction, safe).map(({ owner }) => owner);
  const uncounted = transaction.signatures.map(({ owner }) => owner).filter((one) => !signed.includes(one));
  return { signed, uncounted, missing: Math.max(0, safe.threshold - signed.length) };
}

// ---------------------------------------------------------------------------------------------------- the Safe's own calls

const THRESHOLD = ["--threshold <n>", "how many owners must sign then; default: as many as now"] as const;
const ownNames = [WITHDRAW.name, "owners add", "owners remove", "owners swap", "owners threshold"];

function ownActions({ safe, owners, threshold }: OpenSafe): CallSpec[] {
  const call = (method: string, args: readonly unknown[]) =>
    Promise.resolve([callOfSafe(safe, method, args)]);
  const owner = (command: Command): Command => command.argument("<owner>", "address");
  const spec = { group: "owners", description: "" };
  return [
    {
      ...{ ...spec, name: "add", define: (command) => owner(command).option(...THRESHOLD, count) },
      calls: (_, [added], options: { threshold?: number }) =>
        call("addOwnerWithThreshold", [parseAddress(added as string), options.threshold ?? threshold]),
    },
    {
      ...{ ...spec, name: "remove", define: (command) => owner(command).option(...THRESHOLD, count) },
      calls: (_, [gone], options: { threshold?: number }) => {
        const old = parseAddress(gone as string);
        const most = Math.min(threshold, owners.length - 1);
        return call("removeOwner", [ownerBefore(owners, old), old, options.threshold ?? most]);
      },
    },
    {
      ...{ ...spec, name: "swap", define: (command) => owner(command).argument("<other>", "address") },
      calls: (_, [gone, added]) => {
        const old = parseAddress(gone as string);
        return call("swapOwner", [ownerBefore(owners, old), old, parseAddress(added as string)]);
      },
    },
    {
      ...{ ...spec, name: "threshold", define: (command) => command.argument("<n>", "owners", count) },
      calls: (_, [most]) => call("changeThreshold", [most]),
    },
  ];
}

function addresses(text: string): string[] {
  return text.split(",").map((each) => {
    try {
      return parseAddress(each);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  });
}
