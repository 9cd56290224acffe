/**
 * Reads `--action "change-cluster 1 --odds 2"`: what `manager` takes, as one text.
 */
import { Command, CommanderError, Option } from "commander";
import { Interface } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { ledgerPlace, type Call } from "../governance/calls.ts";
import { parseAmount } from "../output.ts";
import { checkRecipient } from "../recipients.ts";

/** A command that gives calls instead of sending them. */
export interface CallSpec {
  readonly group?: string;
  readonly name: string;
  readonly description: string;
  define(command: Command): Command;
  calls(chain: Chain, args: readonly unknown[], options: object): Promise<readonly Call[]>;
}

/** What a contract earns as a manager is in its account in the Ledger, after `manager collect-fees`. */
export const WITHDRAW: CallSpec = {
  name: "withdraw",
  description: "pays tokens out of the manager's account in the Ledger",
  define: (command) => command.argument("<to>", "address").argument("<amount>", "in tokens"),
  async calls(chain, [text, amount]) {
    const to = parseAddress(text as string);
    await checkRecipient(chain, to);
    const units = parseAmount(amount as string, chain.decimals);
    const { ledger } = chain.addresses;
    const data = new Interface(ledgerPlace(chain.addresses).abi).encodeFunctionData("withdraw", [to, units]);
    return [{ to: ledger, data }];
  },
};

/** The option, for commands that take several actions. */
export function actionOption(): Option {
  return new Option(
    "--action <text>",
    'what to do, as "change-cluster 1 --odds 2" or "assign 3 7": a command of `manager` with its arguments; repeat it for several, which happen in this order, all or none',
  )
    .argParser((text: string, before?: readonly string[]) => [...(before ?? []), text])
    .makeOptionMandatory();
}

/** @throws HoldfastError "bad-input" with the text, if one is not understood */
export async function callsOf(
  chain: Chain,
  texts: readonly string[],
  specs: readonly CallSpec[],
): Promise<Call[]> {
  const calls: Call[] = [];
  for (const text of texts) calls.push(...(await callsOfText(chain, text, specs)));
  return calls;
}

async function callsOfText(chain: Chain, text: string, specs: readonly CallSpec[]): Promise<readonly Call[]> {
  let found: readonly Call[] = [];
  const program = quiet(new Command("action"));
  const groups = new Map<string | undefined, Command>([[undefined, program]]);
  for (const spec of specs) {
    const parent = groups.get(spec.group) ?? quiet(program.command(spec.group ?? ""));
    groups.set(spec.group, parent);
    const command = quiet(spec.define(parent.command(spec.name)));
    command.action(async () => {
      found = await spec.calls(chain, command.processedArgs as unknown[], command.opts());
    });
  }
  try {
    await program.parseAsync(wordsOf(text), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const known = specs.map(({ group, name }) => (group === undefined ? name : `${group} ${name}`));
    const why = error.message.replace(/^error: /, "");
    const message = `--action ${JSON.stringify(text)}: ${why}; the actions are ${known.join(", ")}, with what \`manager\` takes`;
    throw new HoldfastError("bad-input", message, { action: text }, { cause: error });
  }
  return found;
}

function quiet(command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .helpCommand(false)
    .helpOption(false);
}

/** Words between spaces; quotes keep spaces together. */
export function wordsOf(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const bare = text.replaceAll(/"[^"]*"|'[^']*'/g, "");
  if (/["']/.test(bare))
    throw new HoldfastError("bad-input", `--action ${JSON.stringify(text)}: a quote has no end`);
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
