/**
 * The arguments and options of a manager's actions: for `manager`, and for the --action of a Safe or of token holders.
 */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError, Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { NOBODY, type Action } from "../governance/actions.ts";
import { TERMS, type TermName, type TermValues } from "../governance/terms.ts";
import { count, id, idOrNone, ids, natural } from "./common.ts";

/** Number of places on a cluster's ring. */
const RING = 1n << 64n;

export interface ActionSpec {
  readonly group?: string;
  readonly name: string;
  readonly description: string;
  define(command: Command): Command;
  actions(chain: Chain, args: readonly unknown[], options: object): Promise<readonly Action[]>;
}

/** A cluster's newest terms. */
interface Announced {
  readonly params_: TermValues;
  readonly profile: bigint;
  readonly beacon: bigint;
}

type TermOptions = Partial<Record<TermName | "profileIndex" | "beaconIndex", number>>;

const ofCluster = (command: Command): Command => command.argument("<cluster>", "id of the cluster", id);
const alone = (action: Action): Promise<readonly Action[]> => Promise.resolve([action]);

/** What begins with "hand-over" is in a group of this name. */
export const HAND_OVER = "hand-over";

export const ACTION_SPECS: readonly ActionSpec[] = [
  {
    name: "change-cluster",
    description:
      "announces new terms of a cluster; they begin only after nodes have had time to leave; terms that are not given stay",
    define(command) {
      ofCluster(command)
        .option("--profile-index <n>", "number of the deployment's profile to use", natural)
        .option("--beacon-index <n>", "number of the deployment's beacon to use", natural);
      for (const { name, description } of TERMS) command.addOption(termOption(name, description));
      return command;
    },
    async actions(chain, [cluster], options: TermOptions) {
      const newest = await chain.read<Announced>("audits", "announced", [cluster]);
      const terms = TERMS.map(({ name }) => [name, BigInt(options[name] ?? newest.params_[name])]);
      return alone({
        name: "changeCluster",
        cluster: cluster as bigint,
        profile: BigInt(options.profileIndex ?? newest.profile),
        beacon: BigInt(options.beaconIndex ?? newest.beacon),
        params: Object.fromEntries(terms) as TermValues,
      });
    },
  },
  {
    name: "describe",
    description: "writes the text that others read about a cluster",
    define: (command) => ofCluster(command).argument("<text>", "at most 512 bytes"),
    actions: (_, [cluster, metadata]) =>
      alone({ name: "describeCluster", cluster: cluster as bigint, metadata: metadata as string }),
  },
  {
    group: HAND_OVER,
    name: "propose",
    description:
      "offers the cluster to another manager, who can accept it after the delay that new terms have, so that nodes can leave before",
    define: (command) => ofCluster(command).argument("<manager>", "address of the next manager"),
    actions: (_, [cluster, manager]) => {
      const next = parseAddress(manager as string);
      if (next === NOBODY)
        throw new HoldfastError("bad-input", "nobody is no manager: to withdraw an offer, use `cancel`");
      return alone({ name: "proposeManager", cluster: cluster as bigint, manager: next });
    },
  },
  {
    group: HAND_OVER,
    name: "accept",
    description: "takes over a cluster that was offered to this account",
    define: ofCluster,
    actions: (_, [cluster]) => alone({ name: "acceptManager", cluster: cluster as bigint }),
  },
  {
    group: HAND_OVER,
    name: "cancel",
    description: "withdraws the offer of a cluster to another manager",
    define: ofCluster,
    actions: (_, [cluster]) => alone({ name: "proposeManager", cluster: cluster as bigint, manager: NOBODY }),
  },
  {
    name: "add-vnodes",
    description: "adds vNodes at places of the cluster's ring",
    define: (command) =>
      ofCluster(command)
        .option("--tokens <list>", "places, as numbers below 2^64, separated by commas", parseRingPlaces)
        .option("--count <n>", "number of vNodes to add at random places", count),
    actions(_, [cluster], { tokens, count: random }: { tokens?: bigint[]; count?: number }) {
      if ((tokens === undefined) === (random === undefined))
        throw new HoldfastError(
          "bad-input",
          "how many vNodes, or where? Give --count N or --tokens LIST, one of them",
        );
      const places = tokens ?? Array.from({ length: random ?? 0 }, () => randomBytes(8).readBigUInt64BE());
      return alone({ name: "addVNodes", cluster: cluster as bigint, tokens: places });
    },
  },
  {
    name: "assign",
    description:
      "assigns a node to a vNode: at once if the vNode stores nothing, otherwise with the node's first proof; the old node stays until then",
    define: (command) =>
      command
        .argument("<vnode>", "id of the vNode", id)
        .argument("<node>", "id of the node; 0 takes the last assignment back", idOrNone),
    actions: (_, [vNode, node]) => alone({ name: "assign", vNode: vNode as bigint, node: node as bigint }),
  },
  {
    name: "standby",
    description: "adds nodes to the cluster's standby queue, or removes them",
    define: (command) =>
      ofCluster(command)
        .argument("<nodes>", "ids of nodes, separated by commas", ids)
        .option("--remove", "remove the nodes instead", false),
    actions: (_, [cluster, nodes], { remove }: { remove?: boolean }) =>
      Promise.resolve(
        (nodes as bigint[]).map((node): Action => ({
          name: remove === true ? "removeStandby" : "addStandby",
          cluster: cluster as bigint,
          node,
        })),
      ),
  },
];

export function termOption(name: string, description: string): Option {
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new Option(`--${flag} <n>`, description).argParser(natural);
}

function parseRingPlaces(text: string): bigint[] {
  return text.split(",").map((place) => {
    if (/^\d{1,20}$/.test(place) && BigInt(place) < RING) return BigInt(place);
    throw new InvalidArgumentError("expected numbers below 2^64, separated by commas");
  });
}
