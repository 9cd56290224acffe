/**
 * Strategies that choose which epochs are due: by naming successors, by paying themselves besides segments that end, and with
 * two nodes that take over from each other.
 */
import type { MarketName } from "../model.ts";
import type { Play } from "../play.ts";
import { isServing, reportOwnMisses, storeJunk, type Junk } from "./common.ts";
import type { Strategy } from "./strategy.ts";

/** Weight of ended segments, as a share of what is paid for, up to which the node is still paid in full. */
const PAID_IN_FULL = 1 / 3;

/** Whether something can be stored. Customers do not wait for a hand-over: they go elsewhere. */
const wantsToStore = ({ ground, epoch }: Play): boolean =>
  ground.active(epoch).some(({ end, junk }) => !junk && end === epoch + 2);

function hide(epochs: number, market: MarketName): Strategy {
  const junk = 15.2;
  return {
    name: `hide-the-end-${epochs}-${market}`,
    about: `proves on demand, drops all ${epochs} epochs before it ends, and pays itself ${junk} times the rate until after that`,
    market,
    mine: ["node"],
    victims: [],
    play: (play) => {
      const dropped = new Set<bigint>();
      const customers = () => play.ground.active(play.epoch).filter((segment) => !segment.junk);
      const last = (): number => Math.min(...customers().map(({ end }) => end)) - epochs - 1;
      const isInTime = (): boolean => last() + epochs < play.last;
      return {
        open() {
          play.node().holding.drop(({ root }) => (dropped.has(root) ? 1 : 0));
          play.node().tidies = true;
        },
        early() {
          reportOwnMisses(play);
          if (!isInTime()) return;
          // A segment that ends with the last epoch makes that epoch due.
          if (play.epoch === last() - 1) storeJunk(play, 0.08, { epochs: 1 });
          if (play.epoch === last()) storeJunk(play, junk, { epochs: epochs + 1 });
        },
        late() {
          if (isInTime() && play.epoch === last()) for (const { root } of customers()) dropped.add(root);
        },
      };
    },
  };
}

/** Makes each epoch due by a waiting successor, and names another one at its end. */
function swap(junk: number, market: MarketName): Strategy {
  return {
    name: `swap-who-waits-${market}`,
    about: `drops all behind ${junk} times the rate of junk; the manager names another one late in each epoch`,
    market,
    mine: ["node", "node2", "node3", "manager"],
    victims: [],
    standby: [],
    reserves: ["node2", "node3"],
    play: (play) => {
      let own: Junk | undefined;
      return {
        open() {
          play.node().compacts = false;
          own = storeJunk(play, junk);
          play.node().holding.drop(() => 1);
          for (const role of ["node2", "node3"]) play.node(role).idle = true;
        },
        early() {
          reportOwnMisses(play);
          if (!isServing(play)) own?.end();
        },
        late() {
          const { epoch, ground } = play;
          if (!isServing(play) || epoch < 2 || epoch > play.last - 3) return;
          const isBack = wantsToStore(play) || epoch === play.last - 3;
          const next = epoch % 2 === 0 ? "node2" : "node3";
          play.assign(isBack ? play.node() : play.node(next), ground, () => undefined);
        },
      };
    },
  };
}

/** Own ended segments besides the junk, down to the least coverage that is paid in full. */
function dead(junk: number, market: MarketName, turns: boolean): Strategy {
  return {
    name: `dead-weight${turns ? "-in-turns" : ""}-${market}`,
    about: `drops all behind ${junk} times the rate of junk and as much dead weight as is paid in full${turns ? "; two nodes take over from each other" : ""}`,
    market,
    mine: turns ? ["node", "node2", "manager"] : ["node"],
    victims: [],
    uncompensated: true,
    ...(turns ? { standby: ["node2"] } : {}),
    play: (play) => {
      let own: Junk | undefined;
      const mine = turns ? [play.node(), play.node("node2")] : [play.node()];
      return {
        open() {
          own = storeJunk(play, junk);
          storeJunk(play, (1 + junk) * PAID_IN_FULL, { epochs: 1 });
          for (const node of mine) {
            node.holding.drop(() => 1);
            node.compacts = false;
          }
        },
        early() {
          const here = mine.find(({ id }) => id === play.view().node);
          for (const ground of play.missed) play.settle(here?.role ?? "node", ground);
          if (play.epoch > 1 && !here) own?.end();
        },
        late() {
          const { epoch, ground } = play;
          const { node, named } = play.view();
          const here = mine.findIndex(({ id }) => id === node);
          const gone = ground.segmentsNow.filter(({ end }) => end === epoch);
          if (gone.length !== 0 && here >= 0) play.retire("node", gone);
          const [holder, other] = [mine[here], mine[1 - here]];
          if (!turns || !holder || !other || epoch < 2) return;
          const isBack = wantsToStore(play) || epoch >= play.last - 4;
          if (isBack ? named : !named) play.assign(isBack ? holder : other, ground, () => undefined);
        },
      };
    },
  };
}

export const DUE: readonly Strategy[] = [
  ...[20, 40].map((epochs) => hide(epochs, "free64")),
  swap(13, "free64"),
  dead(22, "lax", false),
  dead(28, "lax", true),
  dead(22, "patient", true),
  dead(22, "steady64", false),
];
