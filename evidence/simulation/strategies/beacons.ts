/**
 * Strategies that record an epoch's randomness late, at the last moment, only if it suits them, or never.
 */
import { auditSeed } from "../../../protocol/statement.ts";
import { MARGIN } from "../model.ts";
import { canProve } from "../oracle.ts";
import type { Play } from "../play.ts";
import { reportOwnMisses } from "./common.ts";
import type { Strategy } from "./strategy.ts";

const PROMPT = 5;
/** Seconds from the source point. Before it nothing can be recorded. */
const TOO_EARLY = -30;
/** Seconds from the source point: more than half of the window is over. */
const TOO_LATE = 1200;
/** Seconds from the source point: the reward has fallen to zero. */
const UNREWARDED = 900 - MARGIN;
/** Seconds from the source point: just early enough for a miss to count. */
const IN_TIME = 800;

interface Recording {
  readonly name: string;
  readonly about: string;
  readonly drop: number;
  readonly mine?: readonly string[];
  readonly victims?: readonly string[];
  readonly market?: Strategy["market"];
  readonly outside?: string;
  readonly record: (play: Play) => number | undefined;
}

const recording = ({ name, about, drop, record, market = "beacon", ...rest }: Recording): Strategy => ({
  ...rest,
  name,
  about,
  market,
  mine: rest.mine ?? ["node", "auditor"],
  victims: rest.victims ?? [],
  play: (play) => ({
    open() {
      if (drop !== 0) play.node().holding.drop(() => drop);
    },
    early: () => reportOwnMisses(play),
    record: () => record(play),
  }),
});

/** Whether the node could prove the current epoch if its randomness were recorded. */
function couldProve(play: Play): boolean {
  const [node, ground, { epoch }] = [play.node(), play.ground, play];
  const seed = auditSeed({
    chainId: play.chainId,
    audits: play.audits,
    vNode: BigInt(ground.id),
    node: BigInt(node.id),
    epoch: BigInt(epoch),
    randomness: play.randomness(epoch),
  });
  const { directory, root, total } = ground.audited(epoch);
  if (total === 0) return true;
  return canProve({ root, seed, start: 0, length: total }, directory, node.holding.on(ground));
}

export const BEACONS: readonly Strategy[] = [
  recording({
    name: "beacon-never",
    about: "drops all, and nobody records",
    drop: 1,
    record: () => undefined,
  }),
  recording({
    name: "beacon-never-honest",
    about: "keeps all, and nobody records",
    drop: 0,
    record: () => undefined,
  }),
  recording({
    name: "beacon-too-early",
    about: "drops 5 %, and tries to record before the source point",
    drop: 0.05,
    record: () => TOO_EARLY,
  }),
  recording({
    name: "beacon-too-late",
    about: "drops all, and records when the epoch is void already",
    drop: 1,
    record: () => TOO_LATE,
  }),
  recording({
    name: "beacon-late-reward",
    about: "an auditor records just before a miss would not count",
    drop: 0,
    mine: ["auditor"],
    victims: ["node"],
    record: () => IN_TIME,
  }),
  recording({
    name: "beacon-unrewarded",
    about: "an auditor records when the reward is gone",
    drop: 0,
    mine: ["auditor"],
    victims: ["node"],
    record: () => UNREWARDED,
  }),
  recording({
    name: "beacon-selective-watched",
    about: "drops 5 %, and would record only what it can prove",
    drop: 0.05,
    market: "base",
    mine: ["node"],
    record: () => PROMPT,
  }),
  recording({
    name: "beacon-selective-alone",
    about: "drops 5 %, and records only what it can prove",
    outside: "it is the deployment's only node, and nobody else records, not even its customers",
    drop: 0.05,
    record: (play) => (couldProve(play) ? PROMPT : undefined),
  }),
];
