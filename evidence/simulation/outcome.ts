/**
 * The profit of each role in a run, after everything has been decided, claimed and paid out.
 */
import { totalOf, type Profit } from "./books.ts";
import { quick } from "./calls.ts";
import { expectConserved } from "./conservation.ts";
import type { MarketName } from "./model.ts";
import type { Play } from "./play.ts";
import type { Stagehand } from "./stagehand.ts";
import type { Strategy } from "./strategies/strategy.ts";

interface Shown {
  readonly strategy: Strategy;
  readonly play: Play;
}

/** The outcome of one strategy in one run, in epochs' rate. */
export interface Outcome {
  readonly strategy: string;
  readonly seed: number;
  readonly profit: number;
  readonly honest: number;
  readonly customersLost: number;
  readonly customersGot: number;
  readonly auditorsEarned: number;
  /** Cost of what the players stored, and of what they would store honestly, at the market's first price. */
  readonly stored: number;
  readonly honestStored: number;
  /** For each victim, how much more it has than without the strategy. */
  readonly victims: Readonly<Record<string, number>>;
  readonly roles: Readonly<Record<string, Profit>>;
}

/** Number of segments in one call of claimMany. */
const CLAIMED = 64;

export async function readOutcomes(
  stagehand: Stagehand,
  shows: readonly Shown[],
  markets: readonly MarketName[],
  seed: number,
): Promise<Outcome[]> {
  for (const { play } of shows) claim(play);
  await stagehand.scene.perform();
  const audited = await collect(stagehand, shows);
  const results = await Promise.all(
    shows.map(async ({ play }) => ({ play, roles: await profitsOf(stagehand, play) })),
  );
  await expectConserved(stagehand);
  const honest = new Map(markets.map((market, i) => [market, results[i]?.roles ?? {}]));
  return shows.slice(markets.length).map(({ strategy, play }, i) => {
    const roles = results[markets.length + i]?.roles ?? {};
    const before = honest.get(strategy.market) ?? {};
    return {
      strategy: strategy.name,
      seed,
      roles,
      profit: sum(strategy.mine, roles),
      stored: storedBy(strategy.mine, roles),
      honestStored:
        strategy.allowed === undefined ? storedBy(strategy.mine, before) : storedBy(strategy.mine, roles),
      honest: strategy.allowed ?? sum(strategy.mine, before),
      customersLost: play.books.lost / play.rate,
      customersGot: play.books.got / play.rate,
      auditorsEarned: (roles["auditor"]?.tokens ?? 0) + (audited.get(play) ?? 0) / play.rate,
      victims: Object.fromEntries(strategy.victims.map((role) => [role, difference(role, roles, before)])),
    };
  });
}

type Roles = Readonly<Record<string, Profit>>;

const sum = (mine: Strategy["mine"], roles: Roles): number =>
  mine.reduce((total, role) => total + (roles[role] ? totalOf(roles[role]) : 0), 0);

const storedBy = (mine: Strategy["mine"], roles: Roles): number =>
  mine.reduce((total, role) => total + (roles[role]?.stored ?? 0), 0);

const difference = (role: string, roles: Roles, before: Roles): number =>
  sum([role], roles) - sum([role], before);

function claim(play: Play): void {
  for (const ground of play.grounds) {
    const owners = new Set(ground.segments.map(({ owner }) => owner));
    for (const owner of owners) {
      const serials = ground.segments.filter((one) => one.owner === owner).map(({ serial }) => serial);
      for (let i = 0; i < serials.length; i += CLAIMED) {
        const some = serials.slice(i, i + CLAIMED);
        const args = [ground.id, 64, some.length, ...some];
        play.call(owner, "Registry", "claimMany", args, ({ success, answer }) => {
          if (!success) throw new Error(`${play.name}: claimMany failed: ${answer}`);
          if (owner === "customers") play.books.got += Number(BigInt(`0x${answer}`));
        });
      }
    }
  }
}

/** For each play that shares its beacon, the auditors' part of the fees. */
async function collect(stagehand: Stagehand, shows: readonly Shown[]): Promise<Map<Play, number>> {
  const questions = shows.map(({ play }) =>
    stagehand.question("Ledger", quick("Ledger", "feesOf", play.cluster)),
  );
  const pots = await stagehand.scene.ask(questions);
  const audited = new Map<Play, number>();
  for (const [i, { play }] of shows.entries()) {
    const [fees = 0n, protocol = 0n] = pots[i] ?? [];
    const { managerFee, auditFee } = play.market.params;
    const rest = Number(fees - protocol);
    if (play.beacon === 0) audited.set(play, (rest * auditFee) / Math.max(1, managerFee + auditFee));
    play.call("manager", "Ledger", "collectFees", [play.cluster], () => undefined);
  }
  await stagehand.scene.perform();
  return audited;
}

async function profitsOf(stagehand: Stagehand, play: Play): Promise<Record<string, Profit>> {
  const { roles, nodes } = play.books;
  const balances = await stagehand.scene.ask(
    roles.map((role) => stagehand.question("Ledger", quick("Ledger", "balanceOf", play.books.address(role)))),
  );
  const bonds = await stagehand.scene.ask(
    nodes.map(({ id }) => stagehand.question("Ledger", quick("Ledger", "bondOf", id))),
  );
  const tokens = new Map(roles.map((role, i) => [role, balances[i]?.[0] ?? 0n]));
  for (const [i, { role }] of nodes.entries())
    tokens.set(role, (tokens.get(role) ?? 0n) + (bonds[i]?.[0] ?? 0n));
  return Object.fromEntries(
    [...tokens].map(([role, amount]) => [role, play.books.profitOf(role, amount, play.rate)]),
  );
}
