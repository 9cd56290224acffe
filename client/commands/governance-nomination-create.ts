/**
 * `governance nomination create`: makes the contracts of nominated staking for a cluster.
 */
import { Option, type Command } from "commander";
import type { Chain } from "../chain.ts";
import { createNomination, leastUnbondEpochs, type NewNomination } from "../governance/nomination.ts";
import { agree, formatAmount, parseAmount, printNote, printResult } from "../output.ts";
import { count, id, natural, dryRunCommand, withChain, type DryRunOptions } from "./common.ts";

interface CreateOptions extends DryRunOptions {
  readonly seats: number;
  readonly eraEpochs: number;
  readonly electionEpochs: number;
  readonly unbondEpochs?: number;
  readonly leastOwn: string;
  readonly leastNomination: string;
  readonly deposit: string;
  readonly solverReward: string;
  readonly pageReward: string;
  readonly crankReward: string;
  readonly miss: number;
  readonly fault: number;
  readonly lost: number;
  readonly maxVnodes: number;
}

const NUMBERS: readonly [
  flag: string,
  description: string,
  standard: number,
  parse: (text: string) => number,
][] = [
  ["--seats <n>", "members of an era, at most 16", 16, count],
  ["--era-epochs <n>", "epochs of an era", 168, count],
  ["--election-epochs <n>", "epochs of an election, at the end of each era", 24, count],
  ["--miss <bp>", "stake that a miss takes, in 1/10,000", 10, natural],
  ["--fault <bp>", "stake that a fault takes, in 1/10,000", 1_000, natural],
  ["--lost <bp>", "stake that a lost challenge takes, in 1/10,000", 1_000, natural],
  ["--max-vnodes <n>", "vNodes that are looked after, at most 64", 64, count],
];
const AMOUNTS: readonly [flag: string, description: string, standard: string][] = [
  ["--least-own <tokens>", "least own stake of a candidate", "1000"],
  ["--least-nomination <tokens>", "least stake of a nominator", "10"],
  ["--deposit <tokens>", "deposit of a submission", "100"],
  ["--solver-reward <tokens>", "the most that the best submission earns", "10"],
  ["--page-reward <tokens>", "the most that paying out a page earns", "1"],
  ["--crank-reward <tokens>", "what a call of the manager's functions earns", "0.1"],
];

export function addCreateNominationCommand(nomination: Command): void {
  const create = dryRunCommand(
    nomination,
    "create",
    "makes the contracts of nominated staking for a cluster, whose manager can then hand it over",
  )
    .argument("<cluster>", "id of the cluster", id)
    .addOption(
      new Option(
        "--unbond-epochs <n>",
        "epochs until stake that leaves is free; default: the shortest that the contract takes",
      ).argParser(count),
    );
  for (const [flag, description, standard, parse] of NUMBERS)
    create.addOption(new Option(flag, description).argParser(parse).default(standard));
  for (const [flag, description, standard] of AMOUNTS) create.option(flag, description, standard);
  create.action((cluster: bigint, options: CreateOptions) =>
    withChain(options, async (chain) => {
      const made = await planOf(chain, cluster, options);
      const { terms } = made;
      if (options.dryRun) {
        printResult({ dryRun: true, ...made }, options);
        return;
      }
      await agree(
        `make the contracts of nominated staking for cluster ${cluster}: ${terms.seats} seats, eras of ${terms.eraEpochs} epochs, own stakes of ${formatAmount(terms.leastOwn, chain.decimals)} ${chain.symbol} or more`,
        options,
      );
      const { manager, staking } = await createNomination(chain, made, (what, gas) =>
        printNote(`${what}: ${gas} gas`, options.json),
      );
      printResult({ manager, staking, cluster, terms }, options);
    }),
  );
}

async function planOf(chain: Chain, cluster: bigint, options: CreateOptions): Promise<NewNomination> {
  const { seats, eraEpochs, electionEpochs, miss, fault, lost } = options;
  const units = (text: string): bigint => parseAmount(text, chain.decimals);
  const quarter = await chain.read<bigint>("audits", "quarterEpochs");
  return {
    cluster,
    terms: {
      seats,
      eraEpochs,
      electionEpochs,
      unbondEpochs: options.unbondEpochs ?? leastUnbondEpochs(eraEpochs, quarter),
      leastOwn: units(options.leastOwn),
      leastNomination: units(options.leastNomination),
      deposit: units(options.deposit),
      solverReward: units(options.solverReward),
      pageReward: units(options.pageReward),
    },
    shares: { miss, fault, lost },
    crankReward: units(options.crankReward),
    maxVNodes: options.maxVnodes,
  };
}
