/**
 * What the commands share: common options, argument parsers, and the connection to the chain.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import { GWEI } from "../../chain/fees.ts";
import { splitUrls } from "../../chain/urls.ts";
import { readKeyFile } from "../../contracts/accounts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { connect, type Chain } from "../chain.ts";
import { readRecord } from "../deployment/record.ts";
import { agree, formatAmount, printNote, printWarning } from "../output.ts";
import { stateFolder } from "../pending.ts";
import { isOpen } from "../sending.ts";

export interface JsonOptions {
  readonly json: boolean;
}

export interface ChainOptions extends JsonOptions {
  readonly deployment?: string;
  readonly rpc?: readonly string[];
  readonly audits?: string;
  readonly chainId?: bigint;
  readonly token?: string;
  readonly lens?: string;
  readonly key?: string;
  readonly passwordFile?: string;
  readonly yes?: boolean;
  /** Wei. */
  readonly maxFee?: bigint;
  /** Seconds. */
  readonly wait?: number;
  readonly signal?: AbortSignal;
}

/** A command with --json. */
export function command(parent: Command, nameAndArguments: string, description: string): Command {
  return parent
    .command(nameAndArguments)
    .description(description)
    .option("--json", "print one JSON object", false);
}

export function group(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description);
}

/** A command that talks to the chain. */
export function chainCommand(parent: Command, nameAndArguments: string, description: string): Command {
  return command(parent, nameAndArguments, description)
    .addOption(
      new Option(
        "--rpc <url>",
        "JSON-RPC endpoint of the chain; with several (separated by commas, or the option repeated), two must agree about each answer",
      )
        .env("HOLDFAST_RPC")
        .argParser((text, before?: readonly string[]) => [...(before ?? []), ...splitUrls(text)]),
    )
    .addOption(
      new Option("--audits <address>", "address of the deployment's Audits contract").env("HOLDFAST_AUDITS"),
    )
    .addOption(
      new Option("--deployment <file>", "record of the deployment, which has the addresses").env(
        "HOLDFAST_DEPLOYMENT",
      ),
    )
    .addOption(new Option("--chain-id <n>", "refuse any other chain").env("HOLDFAST_CHAIN_ID").argParser(id))
    .addOption(new Option("--token <address>", "refuse any other token").env("HOLDFAST_TOKEN"))
    .addOption(new Option("--key <file>", "keystore or hex key of the account").env("HOLDFAST_KEY"))
    .addOption(
      new Option("--password-file <file>", "password of the keystore").env("HOLDFAST_PASSWORD_FILE"),
    );
}

/** A command that changes something: says what it will do, and asks unless --yes is given. */
export function spendingCommand(parent: Command, nameAndArguments: string, description: string): Command {
  return chainCommand(parent, nameAndArguments, description)
    .addOption(
      new Option("--max-fee <gwei>", "the most to pay for a unit of gas; default 500")
        .env("HOLDFAST_MAX_FEE")
        .argParser(gwei),
    )
    .addOption(
      new Option("--wait <seconds>", "how long to wait for a transaction; default 600")
        .env("HOLDFAST_WAIT")
        .argParser(count),
    )
    .option("-y, --yes", "do not ask", false);
}

export interface DryRunOptions extends ChainOptions {
  readonly dryRun: boolean;
}

/** A spending command that can show what it would do. */
export function dryRunCommand(parent: Command, name: string, description: string): Command {
  return spendingCommand(parent, name, description).option(
    "--dry-run",
    "show what would change, and send nothing",
    false,
  );
}

function gwei(text: string): bigint {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new InvalidArgumentError("expected a whole number of gwei above 0");
  return BigInt(text) * GWEI;
}

/** Connects, runs `use`, and disconnects. */
export async function withChain<T>(options: ChainOptions, use: (chain: Chain) => Promise<T>): Promise<T> {
  const { rpc, audits, chainId, token, lens, key, passwordFile, maxFee, wait, signal } = withRecord(options);
  if (rpc === undefined) throw missing("the chain", "--rpc URL", "HOLDFAST_RPC");
  if (audits === undefined)
    throw missing("the deployment", "--audits ADDRESS or --deployment FILE", "HOLDFAST_AUDITS");
  const privateKey = key === undefined ? undefined : await readKeyFile(key, passwordFile);
  const log = {
    warn: (facts: object, message: string): void => printWarning(facts, message, options.json),
  };
  const chain = await connect({
    rpcUrl: rpc,
    audits,
    chainId,
    token,
    lens,
    privateKey,
    maxFee,
    signal,
    patienceMs: wait === undefined ? undefined : 1000 * wait,
    tell: (message) => printNote(message, options.json),
    state: stateFolder(process.env),
    log,
  });
  try {
    return await use(chain);
  } finally {
    chain.close();
  }
}

/** Adds the addresses of the record, unless an option gives another one. */
export function withRecord({ deployment, ...options }: ChainOptions): Omit<ChainOptions, "deployment"> {
  if (deployment === undefined) return options;
  const { chainId, audits, token, lens } = readRecord(deployment);
  return { chainId: BigInt(chainId), audits, token, lens, ...options };
}

function missing(what: string, option: string, variable: string): HoldfastError {
  return new HoldfastError("bad-input", `which is ${what}? Give ${option} or set ${variable}`);
}

/** Deposits from the account's wallet until its balance in the Ledger is `needed`. */
export async function topUp(
  chain: Chain,
  needed: bigint,
  what: string,
  options: ChainOptions,
): Promise<void> {
  const { symbol, decimals } = chain;
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  const balance = await chain.read<bigint>("ledger", "balanceOf", [chain.account()]);
  const short = needed > balance ? needed - balance : 0n;
  if (short > 0n) {
    const wallet = await chain.read<bigint>("token", "balanceOf", [chain.account()]);
    if (wallet < short) {
      const message = `this costs ${amount(needed)}; the account has deposited ${amount(balance)} and has ${amount(wallet)} in its wallet: send the wallet ${amount(short - wallet)} more`;
      throw new HoldfastError("funds", message, { needed, balance, wallet, missing: short - wallet });
    }
  }
  await agree(short > 0n ? `${what}, depositing ${amount(short)} from the wallet` : what, options);
  if (short > 0n) await deposit(chain, short);
}

/**
 * Deposits from the wallet. If the deposit fails, takes the approval back.
 *
 * @throws HoldfastError "funds" before anything is sent
 */
export async function deposit(chain: Chain, amount: bigint): Promise<void> {
  await checkWallet(chain, amount);
  const { ledger } = chain.addresses;
  const allowed = await chain.read<bigint>("token", "allowance", [chain.account(), ledger]);
  if (allowed < amount) await chain.send("token", "approve", [ledger, amount]);
  try {
    await chain.send("ledger", "deposit", [chain.account(), amount]);
  } catch (error) {
    // Report why the deposit failed, even if taking the approval back fails too.
    if (allowed < amount && !isOpen(error))
      await chain.send("token", "approve", [ledger, allowed]).catch(() => undefined);
    throw error;
  }
}

async function checkWallet(chain: Chain, amount: bigint): Promise<void> {
  const wallet = await chain.read<bigint>("token", "balanceOf", [chain.account()]);
  if (wallet >= amount) return;
  const show = (units: bigint): string => `${formatAmount(units, chain.decimals)} ${chain.symbol}`;
  const message = `the wallet of ${chain.account()} has ${show(wallet)}, and the deposit is ${show(amount)}: send it ${show(amount - wallet)} more`;
  throw new HoldfastError("funds", message, { needed: amount, wallet, missing: amount - wallet });
}

// ----------------------------------------------------------------------------------------------------------- arguments

/** 1, 2, 3 ... */
export function id(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw new InvalidArgumentError("expected a number of 1 or more");
  return BigInt(text);
}

/** An id, or 0 for "no node". */
export function idOrNone(text: string): bigint {
  return text === "0" ? 0n : id(text);
}

/** 1 to 2^53 - 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a number of 1 or more");
  return value;
}

/** 0 to 2^53 - 1. */
export function natural(text: string): number {
  return /^0+$/.test(text) ? 0 : count(text);
}

export function units(text: string): bigint {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number of token units");
  return BigInt(text);
}

/** Hex with or without 0x. */
export function hex(text: string): bigint {
  if (!/^(0x)?[0-9a-fA-F]+$/.test(text)) throw new InvalidArgumentError("expected hex digits");
  return BigInt(`0x${text.replace(/^0x/, "")}`);
}

export function ids(text: string): bigint[] {
  return text.split(",").map(id);
}

export function toggle(text: string): boolean {
  if (text !== "on" && text !== "off") throw new InvalidArgumentError('expected "on" or "off"');
  return text === "on";
}
