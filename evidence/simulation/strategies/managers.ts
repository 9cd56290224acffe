/**
 * Strategies of a node with its cluster's manager.
 */
import type { Play } from "../play.ts";
import { isServing, reportOwnMisses } from "./common.ts";
import type { Strategy } from "./strategy.ts";

const LOSS = 100;

const assign = (play: Play, role: string): void => play.assign(play.node(role), play.ground, () => undefined);

export const MANAGERS: readonly Strategy[] = [
  {
    name: "to-and-fro",
    about: "drops all, and the manager moves the vNode between two nodes of one owner, every epoch",
    market: "base",
    mine: ["node", "node2", "manager"],
    victims: [],
    standby: ["node2"],
    play: (play) => ({
      early() {
        reportOwnMisses(play);
        if (play.epoch === LOSS) for (const one of play.nodes) one.holding.drop(() => 1);
        if (play.epoch < LOSS) return;
        assign(play, play.epoch % 2 === 0 ? "node2" : "node");
        assign(play, play.epoch % 2 === 0 ? "node" : "node2");
      },
    }),
  },
  {
    name: "to-and-fro-slow",
    about: "as before, every third epoch, and with a tenth dropped",
    market: "base",
    mine: ["node", "node2", "manager"],
    victims: [],
    standby: ["node2"],
    play: (play) => ({
      early() {
        reportOwnMisses(play);
        if (play.epoch === LOSS) for (const one of play.nodes) one.holding.drop(() => 0.1);
        if (play.epoch >= LOSS && play.epoch % 3 === 0) assign(play, isServing(play) ? "node2" : "node");
      },
    }),
  },
  {
    name: "comeback",
    about: "drops all, is removed, and comes back as another node with all data, over and over",
    market: "base",
    mine: ["node", "node2", "manager"],
    victims: [],
    standby: [],
    reserves: ["node2"],
    play: (play) => {
      let next = LOSS;
      return {
        early() {
          reportOwnMisses(play);
          const { node } = play.view();
          for (const one of play.nodes) if (one.id !== node) one.holding.restore();
          const serving = play.nodeOf(node);
          if (play.epoch >= next && serving && !play.view().syncing) serving.holding.drop(() => 1);
          if (node !== 0 || play.view().named || play.epoch < 2) return;
          next = play.epoch + LOSS;
          assign(play, play.epoch % 2 === 0 ? "node" : "node2");
        },
      };
    },
  },
  {
    name: "leave-and-come-back",
    about: "leaves properly, drops all while nobody serves, and comes back with all data",
    market: "base",
    mine: ["node", "node2", "manager"],
    victims: [],
    standby: [],
    reserves: ["node2"],
    play: (play) => ({
      early() {
        const { node, named } = play.view();
        const serving = play.nodeOf(node);
        if (serving && play.epoch % LOSS === 0)
          play.call(serving.role, "Audits", "announceLeave", [play.ground.id], () => undefined);
        if (node === 0 && !named && play.epoch > 1) assign(play, play.epoch % 2 === 0 ? "node" : "node2");
      },
    }),
  },
  {
    name: "sync-for-ever",
    about: "the manager names nodes that have nothing, again and again, after a loss",
    market: "base",
    mine: ["node", "node2", "manager"],
    victims: [],
    standby: [],
    reserves: ["node2"],
    play: (play) => ({
      early() {
        reportOwnMisses(play);
        if (play.epoch === LOSS) for (const one of play.nodes) one.holding.drop(() => 1);
        if (play.epoch > LOSS && play.view().node === 0 && !play.view().named)
          assign(play, play.epoch % 2 === 0 ? "node" : "node2");
      },
    }),
  },
];
