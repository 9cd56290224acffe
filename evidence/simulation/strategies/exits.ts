/**
 * Strategies that lose the data and try to escape: by leaving, pausing or unbonding, before, at and after the loss.
 */
import { FUNDS, RATE } from "../model.ts";
import type { Play } from "../play.ts";
import { isServing, reportOwnMisses } from "./common.ts";
import type { Strategy } from "./strategy.ts";

/** The epoch of the loss. */
const LOSS = 100;
/** Epochs of a notice to leave. */
const NOTICE = 4;

interface Exit {
  readonly name: string;
  readonly about: string;
  readonly market?: "base" | "odds8" | "odds64";
  readonly lost?: number;
  readonly node?: Strategy["node"];
  /** Called at the start of each epoch with the number of epochs since the loss. */
  readonly act: (play: Play, since: number) => void;
}

const exit = ({ name, about, market = "base", lost = 1, node, act }: Exit): Strategy => ({
  name,
  about,
  market,
  mine: ["node"],
  victims: [],
  ...(node ? { node } : {}),
  play: (play) => ({
    early() {
      reportOwnMisses(play);
      if (play.epoch === LOSS) play.node().holding.drop(() => lost);
      if (isServing(play)) act(play, play.epoch - LOSS);
    },
  }),
});

const leave = (play: Play): void =>
  play.call("node", "Audits", "announceLeave", [play.ground.id], () => undefined);
const pause = (play: Play, epochs: number): void =>
  play.call("node", "Audits", "pause", [play.ground.id, epochs], () => undefined);
const unbond = (play: Play, amount: bigint): void =>
  play.call("node", "Ledger", "requestUnbond", [play.node().id, amount], () => undefined);

/** Free part of the bond: about 30 epochs' rate is locked for the customers' data. */
const FREE = FUNDS - BigInt(40 * RATE);

export const EXITS: readonly Strategy[] = [
  exit({
    name: "leave-before-loss",
    about: "announces to leave, and drops all when the notice is over",
    act: (play, since) => {
      if (since === -NOTICE - 1) leave(play);
    },
  }),
  exit({
    name: "leave-at-loss",
    about: "drops all, and announces to leave at once",
    act: (play, since) => {
      if (since === 0) leave(play);
    },
  }),
  exit({
    name: "leave-after-loss",
    about: "drops a tenth, and leaves after two epochs",
    lost: 0.1,
    act: (play, since) => {
      if (since === 2) leave(play);
    },
  }),
  exit({
    name: "leave-at-loss-odds64",
    about: "the same where an epoch in 64 is asked for",
    market: "odds64",
    act: (play, since) => {
      if (since === 0) leave(play);
    },
  }),
  exit({
    name: "pause-before-loss",
    about: "declares a pause, and drops all as it begins",
    act: (play, since) => {
      if (since === -2) pause(play, 48);
    },
  }),
  exit({
    name: "pause-after-loss",
    about: "drops all, declares a pause, and another after it",
    act: (play, since) => {
      if (since >= 0) pause(play, 24);
    },
  }),
  exit({
    name: "pause-and-leave",
    about: "drops all, and declares a pause and to leave, both ways round",
    act: (play, since) => {
      if (since < 0) return;
      if (since % 2 === 0) pause(play, 24);
      leave(play);
      pause(play, 24);
    },
  }),
  exit({
    name: "unbond-before-loss",
    about: "unbonds all that is free, and drops all a week later",
    act: (play, since) => {
      if (since === -90) unbond(play, FREE);
    },
  }),
  exit({
    name: "unbond-at-loss",
    about: "drops all, and unbonds all that is free",
    act: (play, since) => {
      if (since === 0) unbond(play, FREE);
    },
  }),
  exit({
    name: "unbond-after-loss",
    about: "drops all, and unbonds after the first miss",
    act: (play, since) => {
      if (since === 1) unbond(play, FREE);
    },
  }),
  pauseToSave(),
];

/** Data is dropped for the pause, and returns at no cost, which is more than a real node can do. */
function pauseToSave(): Strategy {
  return {
    name: "pause-to-save",
    about: "pauses for all that a quarter allows, and stores nothing meanwhile",
    market: "base",
    mine: ["node"],
    victims: [],
    play: (play) => {
      let until = 0;
      return {
        early() {
          const { epoch } = play;
          if (epoch === until) play.node().holding.restore();
          if (epoch === until - 48) play.node().holding.drop(() => 1);
          if (epoch < until + 10 || !isServing(play)) return;
          until = epoch + 2 + 48;
          play.call("node", "Audits", "pause", [play.ground.id, 48], ({ success }) => {
            if (!success) until = 0;
          });
        },
      };
    },
  };
}
