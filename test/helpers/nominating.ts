/**
 * Short functions about nominated staking.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { elect } from "../../client/governance/phragmen.ts";
import { pageHash, submissionOf, type Submission } from "../../client/governance/submission.ts";
import { electionOf, nominatingWorld, TERMS, type Nominating } from "../../evidence/world/nominating.ts";
import { present } from "../../evidence/world/present.ts";

/** Elections.Status. */
export const STATUS = { none: 0n, open: 1n, infeasible: 2n, beaten: 3n, best: 4n };

export function nominating(world: () => Nominating) {
  const signers = () => world().people;
  const hashes = (by: HardhatEthersSigner, pages: readonly string[]): string[] =>
    pages.map((page) => pageHash(by.address, page));
  const shortcuts = {
    /** Goes to the first epoch in which the next era's election runs. */
    toElection: async (): Promise<void> => {
      const ends = await world().staking.endsAt();
      await world().toEpoch(Number(ends) - TERMS.electionEpochs);
    },
    toEnd: async (): Promise<void> => world().toEpoch(Number(await world().staking.endsAt())),

    nominate: (who: HardhatEthersSigner, amount: bigint, ...targets: number[]) =>
      world().staking.connect(who).nominate(targets, amount, 0),

    solve: async (pageSize?: number): Promise<Submission> =>
      submissionOf(elect(await electionOf(world().staking)), pageSize),

    submit: (
      by: HardhatEthersSigner,
      { winners, supports, pages }: Submission,
    ): Promise<ContractTransactionResponse> =>
      world()
        .staking.connect(by)
        .submit([...winners], [...supports], hashes(by, pages)),
    check: (of: HardhatEthersSigner, page: string, by = signers().stranger) =>
      world().staking.connect(by).check(of, page),
    submitAll: async (by: HardhatEthersSigner, submission: Submission): Promise<void> => {
      await shortcuts.submit(by, submission);
      for (const page of submission.pages) await shortcuts.check(by, page);
    },
    statusOf: async (by: HardhatEthersSigner, election = 1): Promise<bigint> =>
      (await world().staking.submission(election, by)).status,

    /** Elects as the stakes are, and begins the next era. */
    nextEra: async (): Promise<Submission> => {
      await shortcuts.toElection();
      const submission = await shortcuts.solve();
      await shortcuts.submitAll(signers().bob, submission);
      await shortcuts.toEnd();
      await shortcuts.turn();
      return submission;
    },
    /** Settles what the turn wants settled. */
    turn: async () => {
      for (const vNode of [1, 2]) await world().settle(vNode);
      return world().nomination.connect(signers().stranger).turn();
    },
    credit: (who: HardhatEthersSigner): Promise<bigint> => world().staking.creditOf(who),
    provider: (node: number): HardhatEthersSigner => present(signers().providers[node - 1]),
    refused: (attempt: Promise<unknown>, error: string, ...values: unknown[]) =>
      expect(attempt)
        .to.be.revertedWithCustomError(world().staking, error)
        .withArgs(...values),
  };
  return shortcuts;
}

/**
 * Era 1 has candidates 1 and 3: 1 with 1,000 of its own and 4,000 of nominator 1, 3 with 3,000 and 500 of nominator 2. Node 1 has
 * vNode 1 and a segment there.
 */
export async function firstEra(): Promise<Nominating> {
  const made = await nominatingWorld();
  const { nominate, nextEra, toElection } = nominating(() => made);
  await nominate(made.people.alice, 4_000n, 1);
  await nominate(made.people.bob, 500n, 3);
  await toElection();
  await made.store({ epochs: 60, leaves: [100] });
  await nextEra();
  return made;
}

/** All that the staking owes stands in some account's name, and it has at least that. */
export async function expectConserved({ staking, token, ethers }: Nominating): Promise<void> {
  const { candidates, nominators } = await staking.field();
  let sum = 0n;
  for (let id = 1; id <= Number(candidates); id++) {
    const { own } = await staking.candidate(id);
    sum += own.staked + own.leaving;
  }
  for (let id = 1; id <= Number(nominators); id++) {
    const { stake } = await staking.nominator(id);
    sum += stake.staked + stake.leaving;
  }
  for (const who of await ethers.getSigners()) sum += await staking.creditOf(who);
  const era = Number(await staking.era());
  for (let i = 0; i <= era; i++) {
    const { left, pages, pageReward } = await staking.eraOf(i);
    sum += left + pages * pageReward;
  }
  const election = era + 1;
  for (let i = 1; i <= election; i++)
    for (const who of await ethers.getSigners())
      if ((await staking.submission(i, who)).status === STATUS.open) sum += TERMS.deposit;
  expect(await staking.owed()).to.equal(sum);
  expect(await token.balanceOf(staking)).to.be.at.least(sum);
}
