/**
 * What a manager's actions would change: old and new values in words and units, and from when the new ones hold. Each action
 * is seen after those before it.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import type { Outlook, VNodeRecord } from "../records.ts";
import { describeAction, encodeAction, NOBODY, type Action } from "./actions.ts";
import { TERMS, type TermValues } from "./terms.ts";
import { calendarOf, dateOf, epochAt, startOf, type Calendar } from "./time.ts";

export interface Change {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

export interface Preview {
  readonly action: Action;
  /** What the action does, in a sentence. */
  readonly does: string;
  readonly changes: readonly Change[];
  /** The epoch from which the changes hold, and its start in seconds since 1970. undefined: at once. */
  readonly holds: { readonly epoch: bigint; readonly time: bigint } | undefined;
  /** What else there is to know. */
  readonly notes: readonly string[];
}

interface Terms {
  readonly params_: TermValues;
  readonly profile: bigint;
  readonly beacon: bigint;
}

/** A cluster as it is after the actions so far. */
interface ClusterPicture {
  manager: string;
  pendingManager: string;
  metadata: string;
  /** In force now. */
  readonly terms: Terms;
  /** The newest announced terms: the same, unless they begin after the running epoch. */
  announced: Terms & { readonly since: bigint };
  standby: readonly bigint[];
}

interface VNodePicture {
  node: bigint;
  successor: bigint;
  readonly held: bigint;
}

/** @param time when the actions will happen, in seconds since 1970 */
export async function previewActions(
  chain: Chain,
  actions: readonly Action[],
  time: bigint,
): Promise<Preview[]> {
  const calendar = await calendarOf(chain);
  const pictures = createPictures(chain);
  const previews: Preview[] = [];
  for (const action of actions) {
    const part = await partOf(action, pictures, { calendar, time }).catch(unseen);
    const { changes, holds, notes = [] } = part;
    const at = holds === undefined ? undefined : { epoch: holds, time: startOf(calendar, holds) };
    previews.push({ action, does: describeAction(encodeAction(action)), changes, holds: at, notes });
  }
  return previews;
}

/** Nothing is hidden because one action is about what does not exist. */
function unseen(error: unknown): Part {
  if (!(error instanceof HoldfastError) || error.code !== "chain") throw error;
  return { changes: [], notes: [`what it changes cannot be seen: ${error.message}`] };
}

async function partOf(action: Action, pictures: Pictures, when: When): Promise<Part> {
  if (action.name === "assign") return previewAssignment(action, await pictures.vNode(action.vNode));
  if (action.name === "addVNodes")
    return previewVNodes(action, await pictures.addVNodes(action.tokens.length));
  return previewCluster(action, await pictures.cluster(action.cluster), when);
}

interface Part {
  readonly changes: readonly Change[];
  /** An epoch. */
  readonly holds?: bigint;
  readonly notes?: readonly string[];
}

interface When {
  readonly calendar: Calendar;
  readonly time: bigint;
}

function previewCluster(
  action: Exclude<Action, { name: "assign" | "addVNodes" }>,
  cluster: ClusterPicture,
  { calendar, time }: When,
): Part {
  const epoch = epochAt(calendar, time);
  const later = epoch + calendar.changeDelay;
  switch (action.name) {
    case "changeCluster": {
      const { profile, beacon, params } = action;
      const given = cluster.announced.since > epoch ? [cluster.announced.since] : [];
      cluster.announced = { profile, beacon, params_: params, since: later };
      return {
        changes: differences(cluster.terms, cluster.announced),
        holds: later,
        notes: given.map((since) => `the terms that were announced for epoch ${since} are given up`),
      };
    }
    case "describeCluster": {
      const change = changed("metadata", quoted(cluster.metadata), quoted(action.metadata));
      cluster.metadata = action.metadata;
      return { changes: change };
    }
    case "proposeManager": {
      const change = changed("manager who can accept", named(cluster.pendingManager), named(action.manager));
      cluster.pendingManager = action.manager;
      if (action.manager === NOBODY) return { changes: change };
      const note = `the manager stays ${cluster.manager} until ${action.manager} accepts`;
      return { changes: change, holds: later, notes: [note] };
    }
    case "acceptManager": {
      const change = changed("manager", cluster.manager, named(cluster.pendingManager));
      [cluster.manager, cluster.pendingManager] = [cluster.pendingManager, NOBODY];
      const note = "providers must trust the new manager before it can assign their nodes";
      return { changes: change, notes: [note] };
    }
    case "addStandby":
    case "removeStandby": {
      const { node } = action;
      const before = cluster.standby;
      const others = before.filter((one) => one !== node);
      cluster.standby = action.name === "addStandby" ? [...others, node] : others;
      return { changes: changed("standby queue", list(before), list(cluster.standby)) };
    }
  }
}

function differences(from: Terms, to: Terms): Change[] {
  return [
    ...changed("profile", String(from.profile), String(to.profile)),
    ...changed("beacon", String(from.beacon), String(to.beacon)),
    ...TERMS.flatMap((term) =>
      changed(term.label, term.inWords(from.params_[term.name]), term.inWords(to.params_[term.name])),
    ),
  ];
}

function previewVNodes({ tokens }: Action & { name: "addVNodes" }, first: bigint): Part {
  const changes = tokens.map((token, i) => ({
    what: `vNode ${first + BigInt(i)}`,
    from: "does not exist",
    to: `at place ${token}`,
  }));
  return { changes, notes: ["the numbers are others if somebody else adds vNodes before"] };
}

function previewAssignment({ vNode, node }: Action & { name: "assign" }, picture: VNodePicture): Part {
  const { node: old, successor, held } = picture;
  const what = `node of vNode ${vNode}`;
  if (held === 0n || old === 0n) {
    picture.node = node;
    return {
      changes: changed(what, nodeName(old), nodeName(node)),
      notes: ["it holds from the next epoch on"],
    };
  }
  picture.successor = node;
  const next = `node that is to take over vNode ${vNode}`;
  const change = changed(next, nodeName(successor), nodeName(node));
  if (node === 0n) return { changes: change, notes: [`node ${old} stays responsible`] };
  const note = `node ${old} stays responsible until node ${node} has proven that it has the data, and nothing can be stored until then`;
  return { changes: change, notes: [note] };
}

// ------------------------------------------------------------------------------------------------------------- pictures

function createPictures(chain: Chain) {
  const clusters = new Map<bigint, Promise<ClusterPicture>>();
  const vNodes = new Map<bigint, Promise<VNodePicture>>();
  const readCluster = async (id: bigint): Promise<ClusterPicture> => {
    const record = await chain.read<Pick<ClusterPicture, "manager" | "pendingManager" | "metadata">>(
      "registry",
      "cluster",
      [id],
    );
    const terms = await chain.read<Terms>("audits", "params", [id]);
    const announced = await chain.read<ClusterPicture["announced"]>("audits", "announced", [id]);
    return { ...record, terms, announced, standby: await chain.read<bigint[]>("registry", "standby", [id]) };
  };
  const readVNode = async (id: bigint): Promise<VNodePicture> => {
    const { held } = await chain.read<VNodeRecord>("registry", "vNode", [id]);
    return { ...(await chain.read<Outlook>("audits", "outlook", [id])), held };
  };
  let next: bigint | undefined;
  return {
    cluster: (id: bigint) => kept(clusters, id, readCluster),
    vNode: (id: bigint) => kept(vNodes, id, readVNode),
    /** @returns the first one's id */
    async addVNodes(count: number): Promise<bigint> {
      const first = next ?? (await chain.read<bigint>("registry", "vNodeCount")) + 1n;
      next = first + BigInt(count);
      for (let id = first; id < next; id++)
        vNodes.set(id, Promise.resolve({ node: 0n, successor: 0n, held: 0n }));
      return first;
    },
  };
}

type Pictures = ReturnType<typeof createPictures>;

function kept<T>(known: Map<bigint, Promise<T>>, id: bigint, read: (id: bigint) => Promise<T>): Promise<T> {
  const found = known.get(id) ?? read(id);
  known.set(id, found);
  return found;
}

// ---------------------------------------------------------------------------------------------------------------- words

const changed = (what: string, from: string, to: string): Change[] =>
  from === to ? [] : [{ what, from, to }];
const quoted = (text: string): string => JSON.stringify(text);
const named = (address: string): string => (address === NOBODY ? "nobody" : address);
const nodeName = (node: bigint): string => (node === 0n ? "none" : `node ${node}`);
const list = (nodes: readonly bigint[]): string => nodes.map(nodeName).join(", ") || "nobody";

/** Lines for people. */
export function previewLines(previews: readonly Preview[]): string[] {
  return previews.flatMap(({ does, changes, holds, notes }, i) => [
    previews.length === 1 ? does : `${i + 1}. ${does}`,
    ...(changes.length === 0 ? ["   nothing changes"] : []),
    ...changes.map(({ what, from, to }) => `   ${what}: ${from} -> ${to}`),
    ...(holds && changes.length > 0
      ? [`   from epoch ${holds.epoch} on, which begins at ${dateOf(holds.time)}`]
      : []),
    ...notes.map((note) => `   ${note}`),
  ]);
}

/** For --json. */
export function previewJson(previews: readonly Preview[]): object[] {
  return previews.map(({ action, does, changes, holds, notes }) => ({
    action: action.name,
    calldata: encodeAction(action),
    does,
    changes,
    ...(holds && { holdsFrom: { epoch: holds.epoch, time: holds.time, date: dateOf(holds.time) } }),
    notes,
  }));
}
