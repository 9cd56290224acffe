/**
 * A world with nominated staking: three candidates, and a cluster that NominationManager manages.
 */
import { getCreateAddress } from "ethers";
import { unpackTargets } from "../../client/governance/nomination.ts";
import type { Election } from "../../client/governance/phragmen.ts";
import { nominatorName } from "../../client/governance/submission.ts";
import type { NominatedStaking, NominationManager } from "../../types/ethers/index.js";
import { createWorld, FUNDS, type MakeToken, type Params, type World } from "./world.ts";

export const TERMS = {
  seats: 2,
  eraEpochs: 8,
  electionEpochs: 3,
  unbondEpochs: 50,
  leastOwn: 100n,
  leastNomination: 10n,
  deposit: 1_000n,
  solverReward: 50n,
  pageReward: 8n,
};
export const SHARES = { miss: 100, fault: 2_000, lost: 1_000 };
export const CRANK_REWARD = 5n;
export const MAX_VNODES = 4;
export const COMMISSION = 1_000;
export interface Nominating extends World {
  readonly staking: NominatedStaking;
  readonly nomination: NominationManager;
  /** The epoch in which era 0 began. */
  readonly start: number;
}

export async function nominatingWorld(
  params: Partial<Params> = {},
  terms: Partial<typeof TERMS> = {},
  makeToken?: MakeToken,
): Promise<Nominating> {
  const world = await createWorld(params, undefined, undefined, makeToken);
  const { ethers, registry, audits, token, people } = world;
  const { deployer, manager, providers } = people;
  const from = deployer.address;
  const address = getCreateAddress({ from, nonce: (await deployer.getNonce()) + 1 });
  await registry.connect(manager).proposeManager(1, address);
  const start = Number((await registry.cluster(1)).acceptableFrom);
  await world.toEpoch(start);
  const staking = await ethers.deployContract("NominatedStaking", [audits, address, { ...TERMS, ...terms }]);
  const nomination = await ethers.deployContract("NominationManager", [
    audits,
    1,
    staking,
    SHARES,
    CRANK_REWARD,
    MAX_VNODES,
  ]);
  await nomination.accept();
  await nomination.enlist([1, 2]);
  const all = [...providers, people.alice, people.bob, people.auditor, people.stranger, deployer];
  for (const who of all) {
    await token.mint(who, FUNDS);
    await token.connect(who).approve(staking, 2n ** 255n);
  }
  for (const [i, provider] of providers.entries()) {
    await registry.connect(provider).trust(nomination, true);
    await staking.connect(provider).offer(i + 1, COMMISSION, 1_000n * BigInt(i + 1), 0);
  }
  return { ...world, staking, nomination, start };
}

/** An election as the contract has it now, if nothing has changed since it began. */
export async function electionOf(staking: NominatedStaking): Promise<Election> {
  const { seats, leastOwn } = await staking.terms();
  const { candidates, nominators } = await staking.field();
  const standing: Election["candidates"][number][] = [];
  for (let id = 1; id <= Number(candidates); id++) {
    const { own, chilled } = await staking.candidate(id);
    if (!chilled && own.staked >= leastOwn) standing.push({ id, stake: own.staked });
  }
  const known = new Set(standing.map(({ id }) => id));
  const voting: Election["nominators"][number][] = [];
  for (let id = 1; id <= Number(nominators); id++) {
    const { stake, targets } = await staking.nominator(id);
    const backed = unpackTargets(targets).filter((target) => known.has(target));
    voting.push({ id: nominatorName(id), stake: stake.staked, targets: backed });
  }
  return { seats: Number(seats), candidates: standing, nominators: voting };
}
