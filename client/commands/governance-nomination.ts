/**
 * `governance nomination`: stakers decide who serves a cluster.
 */
import { Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { refuse } from "../chain-errors.ts";
import { parseAddress, type Chain } from "../chain.ts";
import {
  openNomination,
  pagesOf,
  solve,
  submitResult,
  type Nomination,
  type Part,
} from "../governance/nomination.ts";
import { scoreOf } from "../governance/outcome.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import { chainCommand, group, dryRunCommand, withChain, type ChainOptions } from "./common.ts";
import { addCreateNominationCommand } from "./governance-nomination-create.ts";
import { STEPS, type Step } from "./governance-nomination-steps.ts";

export interface NominationOptions extends ChainOptions {
  readonly manager: string;
  readonly dryRun: boolean;
}

export function addNominationCommands(governance: Command): void {
  const nomination = group(governance, "nomination", "stakers decide who serves a cluster");
  addCreateNominationCommand(nomination);
  const withManager = (command: Command): Command =>
    command.addOption(
      new Option("--manager <address>", "the NominationManager's address")
        .env("HOLDFAST_NOMINATION")
        .makeOptionMandatory(),
    );
  const sending = (name: string, description: string): Command =>
    withManager(dryRunCommand(nomination, name, description));
  for (const step of STEPS) {
    const command = sending(step.name, step.description);
    for (const [syntax, description, parse] of step.arguments) command.argument(syntax, description, parse);
    for (const option of step.options ?? []) command.addOption(option());
    command.action(() => {
      const options = command.opts<NominationOptions>();
      return withNomination(options, (chain, at) =>
        carryOut(chain, at, step, command.processedArgs as unknown[], options),
      );
    });
  }
  sending(
    "submit",
    "elects for the next era as the stakes are, submits the result and shows its pages",
  ).action((options: NominationOptions) =>
    withNomination(options, (chain, at) => submit(chain, at, options)),
  );
  sending("distribute", "pays the nominators of an era that is over, and takes what its seats have lost")
    .argument("<era>", "number of the era", Number)
    .action((era: number, options: NominationOptions) =>
      withNomination(options, (chain, at) => distribute(chain, at, era, options)),
    );
  withManager(
    chainCommand(nomination, "show", "shows the era, its members, the terms and the election"),
  ).action((options: NominationOptions) => withNomination(options, (_, at) => show(at, options)));
}

const withNomination = <T>(
  options: NominationOptions,
  use: (chain: Chain, at: Nomination) => Promise<T>,
): Promise<T> =>
  withChain(options, async (chain) => use(chain, await openNomination(chain, options.manager)));

async function carryOut(
  chain: Chain,
  at: Nomination,
  step: Step,
  given: readonly unknown[],
  options: NominationOptions,
): Promise<void> {
  const amount = step.amount === undefined ? 0n : parseAmount(String(given[step.amount]), chain.decimals);
  const values = given.map((value, i) => (i === step.amount ? amount : value));
  const account = options.key === undefined ? undefined : chain.account();
  const call = step.call(values, options as unknown as Readonly<Record<string, unknown>>, account);
  const says = step.says(
    values.map((value, i) =>
      i === step.amount ? `${formatAmount(amount, chain.decimals)} ${chain.symbol}` : String(value),
    ),
  );
  if (options.dryRun) {
    const needed = step.pays === true ? amount : 0n;
    const result = needed > 0n ? undefined : await attempt(chain, at, step.part, call.method, call.args);
    printResult({ dryRun: true, does: says, approves: needed, refused: result }, options);
    return;
  }
  await agree(says, options);
  if (step.pays === true) await approve(chain, at, amount);
  const { hash, gas } = await at.send(step.part, call.method, call.args);
  printResult({ done: says, gas, transaction: hash }, options);
}

/** @returns why the call would be refused, or undefined */
async function attempt(
  chain: Chain,
  at: Nomination,
  part: Part,
  method: string,
  args: readonly unknown[],
): Promise<string | undefined> {
  const call = { from: chain.account(), to: at[part], data: at.encode(part, method, args) };
  try {
    await chain.provider.call(call).catch(refuse(method));
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error.message;
    throw error;
  }
}

/** The staking takes the amount from the wallet. */
async function approve(chain: Chain, { staking }: Nomination, amount: bigint): Promise<void> {
  if (amount === 0n) return;
  const wallet = await chain.read<bigint>("token", "balanceOf", [chain.account()]);
  if (wallet < amount) {
    const show = (units: bigint): string => `${formatAmount(units, chain.decimals)} ${chain.symbol}`;
    const message = `the wallet of ${chain.account()} has ${show(wallet)}, and this takes ${show(amount)}: send it ${show(amount - wallet)} more`;
    throw new HoldfastError("funds", message, { needed: amount, wallet, missing: amount - wallet });
  }
  await chain.send("token", "approve", [staking, amount]);
}

async function submit(chain: Chain, at: Nomination, options: NominationOptions): Promise<void> {
  const { era, submission } = await solve(at, chain);
  const { deposit } = await at.view<{ deposit: bigint }>("staking", "terms");
  const { winners, supports, pages } = submission;
  const result = { era, winners, supports, pages: pages.length, score: scoreOf(supports), deposit };
  if (options.dryRun) {
    printResult({ dryRun: true, ...result }, options);
    return;
  }
  const amount = `${formatAmount(deposit, chain.decimals)} ${chain.symbol}`;
  await agree(
    `submit ${winners.length} winners for era ${era} with a deposit of ${amount}, and show ${pages.length} pages`,
    options,
  );
  await approve(chain, at, deposit);
  const { hash } = await submitResult(at, chain, submission);
  const best = parseAddress(await at.view<string>("staking", "bestOf", [era]));
  printResult({ ...result, isBest: best === chain.account(), transaction: hash }, options);
}

async function distribute(
  chain: Chain,
  at: Nomination,
  era: number,
  options: NominationOptions,
): Promise<void> {
  const pages = await pagesOf(at, chain, era);
  const open: [number, string][] = [];
  for (const [index, page] of pages.entries()) {
    const why = await attempt(chain, at, "staking", "distribute", [era, index, page]);
    if (why === undefined) open.push([index, page]);
  }
  const what = `distribute ${open.length} of ${pages.length} pages of era ${era}`;
  if (options.dryRun) {
    printResult({ dryRun: true, does: what, pages: open.map(([index]) => index) }, options);
    return;
  }
  await agree(what, options);
  const transactions: string[] = [];
  for (const [index, page] of open)
    transactions.push((await at.send("staking", "distribute", [era, index, page])).hash);
  printResult({ done: what, transactions }, options);
}

async function show(at: Nomination, options: NominationOptions): Promise<void> {
  const era = await at.view<bigint>("staking", "era");
  const members = await at.view<readonly unknown[]>("staking", "members", [era]);
  printResult(
    {
      manager: at.manager,
      staking: at.staking,
      era,
      began: await at.view<bigint>("staking", "began", [era]),
      endsAt: await at.view<bigint>("staking", "endsAt"),
      members,
      best: await at.view<string>("staking", "bestOf", [era + 1n]),
      field: await at.view<unknown>("staking", "field"),
      terms: await at.view<unknown>("staking", "terms"),
      shares: await at.view<unknown>("manager", "shares"),
      crankPot: await at.view<bigint>("manager", "crankPot"),
    },
    options,
  );
}
