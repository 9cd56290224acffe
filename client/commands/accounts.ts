/**
 * `deposit`, `withdraw` and `balance`, for providers and applications alike.
 */
import type { Command } from "commander";
import { parseAddress } from "../chain.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import { checkRecipient } from "../recipients.ts";
import {
  chainCommand,
  deposit,
  spendingCommand,
  withChain,
  withRecord,
  type ChainOptions,
} from "./common.ts";

export function addAccountCommands(parent: Command): void {
  spendingCommand(
    parent,
    "deposit <amount>",
    "moves tokens from the wallet to the account in the Ledger",
  ).action((amount: string, options: ChainOptions) =>
    withChain(options, async (chain) => {
      const value = parseAmount(amount, chain.decimals);
      await agree(`deposit ${amount} ${chain.symbol} for ${chain.account()}`, options);
      await deposit(chain, value);
      printResult({ deposited: value }, options);
    }),
  );
  spendingCommand(parent, "withdraw <amount>", "moves tokens from the account in the Ledger to a wallet")
    .option("--to <address>", "wallet to pay; default: the account's own address")
    .action((amount: string, options: ChainOptions & { to?: string }) =>
      withChain(options, async (chain) => {
        const value = parseAmount(amount, chain.decimals);
        const to = options.to === undefined ? chain.account() : parseAddress(options.to);
        await checkRecipient(chain, to, withRecord(options).lens);
        await agree(`withdraw ${amount} ${chain.symbol} to ${to}`, options);
        const { hash } = await chain.send("ledger", "withdraw", [to, value]);
        printResult({ withdrawn: value, to, transaction: hash }, options);
      }),
    );
  chainCommand(parent, "balance", "shows the tokens in the account and in the wallet")
    .option("--account <address>", "account to show; default: the key's")
    .action((options: ChainOptions & { account?: string }) =>
      withChain(options, async (chain) => {
        const account = options.account === undefined ? chain.account() : parseAddress(options.account);
        const deposited = await chain.read<bigint>("ledger", "balanceOf", [account]);
        const wallet = await chain.read<bigint>("token", "balanceOf", [account]);
        const show = (units: bigint): string => `${formatAmount(units, chain.decimals)} ${chain.symbol}`;
        const text = `${account}  deposited ${show(deposited)}  wallet ${show(wallet)}`;
        printResult({ account, deposited, wallet }, { ...options, text });
      }),
    );
}
