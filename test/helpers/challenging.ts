/**
 * A world for challenges: two leaves on vNode 1, proven in epoch 1, and five accounts that can pay for a challenge.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { Result } from "ethers";
import { present } from "../../evidence/world/present.ts";
import {
  createWorld,
  FUNDS,
  QUANTUM,
  type Params,
  type Proof,
  type World,
} from "../../evidence/world/world.ts";

/** Two leaves, whose range is all of the directory. */
export const RATE = 2000n;
export const TOTAL = RATE / QUANTUM;
/** 8 epochs' rate, which is more than the least bond. */
export const BOND = 8n * RATE;
/** 10 epochs' rate, of which a tenth goes to the challenger, and as much to the treasury. */
export const SLASH = 10n * RATE;
export const REWARD = SLASH / 10n;
export const CUT = SLASH / 10n;
export const REST = SLASH - REWARD - CUT;
/** 30 epochs' rate. */
export const LOCKED = 30n * RATE;
export const ANY = 2n ** 100n;
export const STATUS = { open: 1n, answered: 2n, failed: 3n, void: 4n, dismissed: 5n };

/** IChallenges.Challenge. The generated type cannot be used, because it is a tuple of the wrong length. */
export interface Asked {
  readonly vNode: bigint;
  readonly node: bigint;
  readonly epoch: bigint;
  readonly rate: bigint;
  readonly faultMultiple: bigint;
  readonly reporterShare: bigint;
  readonly beacon: bigint;
  readonly challenger: string;
  readonly bond: bigint;
  readonly root: string;
  readonly verifier: string;
  readonly start: bigint;
  readonly length: bigint;
  readonly status: bigint;
}

export async function askedOf({ challenges }: World, id: number): Promise<Asked> {
  const answer: unknown = await challenges.challengeOf(id);
  return (answer as Result).toObject() as unknown as Asked;
}

export async function challengedWorld(params: Partial<Params> = {}): Promise<World> {
  const world = await createWorld(params);
  const { token, ledger, people } = world;
  for (const who of [people.auditor, people.deployer, people.stranger]) {
    await token.mint(who, FUNDS);
    await token.connect(who).approve(ledger, FUNDS);
    await ledger.connect(who).deposit(who, FUNDS);
  }
  await world.store({ leaves: [2], epochs: 20 });
  await world.begin(1);
  await world.prove(1);
  return world;
}

/** Short functions about challenges. */
export function challenging(world: () => World) {
  return {
    /** Four challengers, and a fifth. */
    challengers: (): readonly HardhatEthersSigner[] => {
      const { auditor, bob, alice, deployer, stranger } = world().people;
      return [auditor, bob, alice, deployer, stranger];
    },
    challenge: (by = world().people.auditor, vNode = 1, start = 0n, length = TOTAL) =>
      world().challenges.connect(by).challenge(vNode, start, length, ANY),
    proofOf: async (id: number): Promise<Proof> => {
      const { inputs } = await world().challenges.inputsOf(id);
      return [...inputs, 1n, 0n, 0n, 0n];
    },
    statusOf: async (id: number) => (await askedOf(world(), id)).status,
    expire: (id: number) => world().challenges.connect(world().people.manager).expire(id),
    refused: (attempt: Promise<unknown>, name: string, ...values: unknown[]) =>
      expect(attempt)
        .to.be.revertedWithCustomError(world().challenges, name)
        .withArgs(...values),
    /** vNode 2 with two leaves of alice's on node 2, for so many epochs from epoch 2 on. */
    storeOnSecond: async (epochs: number): Promise<void> => {
      await world().registry.connect(world().people.manager).assign(2, 2);
      await world().store({ vNode: 2, node: 2, epochs, leaves: [2] });
    },
  };
}

/** Checks that the Ledger's sums have all tokens, and all accounts' parts. */
export async function expectAllTokens(world: World): Promise<void> {
  const { accounts, bonds, escrow, credits, fees } = await world.totals();
  expect(await world.token.balanceOf(world.ledger)).to.equal(accounts + bonds + escrow + credits + fees);
  const { providers, operators, ...others } = world.people;
  const everybody = [...Object.values(others), ...providers, ...operators];
  let sum = await world.ledger.auditPool(0);
  for (const who of new Set(everybody.map(({ address }) => present(address))))
    sum += await world.ledger.balanceOf(who);
  expect(sum).to.equal(accounts);
}
