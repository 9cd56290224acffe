/**
 * Ballots (contracts/managers/Ballot.sol): what the members of a manager with rules decide, which no rule does.
 */
import { Interface, type JsonFragment } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { refuse } from "../chain-errors.ts";
import { parseAddress, type Chain, type Sent } from "../chain.ts";
import { encodeAction, type Action } from "./actions.ts";
import { readAll } from "./logs.ts";

const abi = (): JsonFragment[] => contractArtifact("Ballot").abi as unknown as JsonFragment[];
const encode = (method: string, args: readonly unknown[]): string =>
  new Interface(abi()).encodeFunctionData(method, args);

/** What members can decide about. */
const MOTIONS: readonly Action["name"][] = ["changeCluster", "describeCluster", "proposeManager"];

export type MotionState =
  | "open" // too new to be carried out
  | "carried" // more than half of the weight is in favour
  | "short" // of a majority
  | "lapsed"
  | "enacted";

export interface Motion {
  /** keccak256 of the call. */
  readonly id: string;
  /** Calldata for the Registry. */
  readonly call: string;
  /** How often the same call was moved before, and once more. */
  readonly round: bigint;
  readonly state: MotionState;
  /** Epochs: when it was opened, from when it can be carried out, and from when not any more. 0 if it is over. */
  readonly since: bigint;
  readonly from: bigint;
  readonly lapses: bigint;
  /** Weight that would count now. */
  readonly inFavour: bigint;
  readonly all: bigint;
  readonly supporters: readonly string[];
}

export interface Ballot {
  readonly manager: string;
  readonly cluster: bigint;
  /** Whether the cluster is the contract's now. */
  readonly manages: boolean;
  readonly openEpochs: bigint;
  /** What would count now of a call's motion. */
  tally(call: string): Promise<Tally>;
  /** In the order in which they were first moved. */
  motions(): Promise<Motion[]>;
  support(call: string, inFavour: boolean): Promise<Sent>;
  enact(call: string): Promise<Sent>;
  accept(): Promise<Sent>;
  /** @throws HoldfastError "chain" with the reason, if the contract refuses */
  check(method: "support" | "enact" | "accept", args: readonly unknown[], from: string): Promise<void>;
}

/** @throws HoldfastError "chain" if it is no manager with members of this deployment */
export async function openBallot(chain: Chain, text: string): Promise<Ballot> {
  const manager = parseAddress(text);
  const view = <T>(method: string, args: readonly unknown[] = []): Promise<T> =>
    chain.view<T>(abi(), manager, method, args);
  const [audits, openEpochs] = await Promise.all([
    view<string>("audits").catch(() => undefined),
    view<bigint>("OPEN_EPOCHS").catch(() => undefined),
  ]);
  if (audits !== chain.addresses.audits || openEpochs === undefined) {
    const message = `the contract at ${manager} is no manager with members of this deployment: check the address`;
    throw new HoldfastError("chain", message, { manager, audits });
  }
  const lapseEpochs = await view<bigint>("LAPSE_EPOCHS");
  const send = (method: string, args: readonly unknown[]): Promise<Sent> =>
    chain.submit(method, manager, encode(method, args));
  const tally = (call: string): Promise<Tally> => view<Tally>("motion", [call]);
  return {
    manager,
    cluster: await view<bigint>("cluster"),
    manages: await view<boolean>("manages"),
    openEpochs,
    tally,
    async motions() {
      const current = await chain.read<bigint>("audits", "currentEpoch");
      const found = heard(await readAll(chain, manager, abi()));
      return Promise.all(
        found.map(async ({ supporters, isEnacted, ...motion }) => {
          const count = await tally(motion.call);
          const [from, lapses] = [count.since + openEpochs, count.since + lapseEpochs];
          const isOpen = count.since !== 0n && current < lapses;
          const state = isOpen ? stateOf(count, current < from) : isEnacted ? "enacted" : "lapsed";
          const times = isOpen ? { since: count.since, from, lapses } : { since: 0n, from: 0n, lapses: 0n };
          const { inFavour, all } = count;
          return { ...motion, ...times, state, inFavour, all, supporters: [...supporters] };
        }),
      );
    },
    support: (call, inFavour) => send("support", [call, inFavour]),
    enact: (call) => send("enact", [call]),
    accept: () => send("accept", []),
    async check(method, args, from) {
      const call = { from, to: manager, data: encode(method, args) };
      await chain.provider.call(call).catch(refuse(method));
    },
  };
}

export interface Tally {
  /** The epoch in which it was opened, or 0. */
  readonly since: bigint;
  readonly inFavour: bigint;
  readonly all: bigint;
}

function stateOf({ inFavour, all }: Tally, isNew: boolean): MotionState {
  if (isNew) return "open";
  return 2n * inFavour > all ? "carried" : "short";
}

interface Heard {
  readonly id: string;
  readonly call: string;
  readonly round: bigint;
  readonly supporters: Set<string>;
  readonly isEnacted: boolean;
}

/** Each motion's newest round. */
function heard(events: readonly { readonly name: string; readonly args: readonly unknown[] }[]): Heard[] {
  const motions = new Map<string, Heard>();
  for (const { name, args } of events) {
    const id = args[0] as string;
    const motion = motions.get(id);
    if (name === "Moved") {
      const [, , round, call] = args as [string, string, bigint, string];
      motions.set(id, { id, call, round, supporters: new Set(), isEnacted: false });
    } else if (name === "Supported") {
      const [, member, , inFavour] = args as [string, string, bigint, boolean];
      motion?.supporters[inFavour ? "add" : "delete"](member);
    } else if (name === "Enacted" && motion) motions.set(id, { ...motion, isEnacted: true });
  }
  return [...motions.values()];
}

/** @throws HoldfastError "bad-input" if members do not decide about it */
export function callOfMotion({ cluster }: Pick<Ballot, "cluster">, action: Action): string {
  if (!MOTIONS.includes(action.name) || !("cluster" in action))
    throw new HoldfastError(
      "bad-input",
      "members decide about change-cluster, describe and hand-over propose or cancel; everything else is decided by rules",
    );
  if (action.cluster !== cluster)
    throw new HoldfastError(
      "bad-input",
      `this manager is for cluster ${cluster}, and the action is about cluster ${action.cluster}`,
    );
  return encodeAction(action);
}

/**
 * The motion with that id, or the only one whose id begins so.
 *
 * @throws HoldfastError "not-found" if there is none, "bad-input" if there are several
 */
export function motionWith(motions: readonly Motion[], start: string): Motion {
  const found = motions.filter(({ id }) => id.startsWith(start.toLowerCase()));
  const [motion] = found;
  if (motion === undefined)
    throw new HoldfastError(
      "not-found",
      `there is no motion ${start}: \`governance ballot show\` lists them`,
    );
  if (found.length > 1)
    throw new HoldfastError("bad-input", `${found.length} motions begin with ${start}: give more digits`);
  return motion;
}
