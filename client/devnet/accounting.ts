/**
 * Where the money went, by role, from the contracts' events and counters. It must add up to the token unit.
 */
import type { Chain, ChainEvent } from "../chain.ts";
import { sum } from "../sum.ts";
import { select, total } from "./history.ts";
import type { Network } from "./network.ts";

/** In token units; gas in gas. */
export interface RoleSummary {
  readonly role: string;
  readonly deposited: bigint;
  /** Rent that was paid in advance, and bonds of challenges that were answered. */
  readonly paid: bigint;
  readonly earned: bigint;
  readonly slashed: bigint;
  readonly compensated: bigint;
  readonly refunded: bigint;
  readonly gas: bigint;
}

/** The tokens that the Ledger has, and the parts that it owes. */
export interface Conservation {
  readonly held: bigint;
  readonly accounts: bigint;
  readonly bonds: bigint;
  readonly escrow: bigint;
  readonly credits: bigint;
  readonly fees: bigint;
}

export async function summarizeRoles(
  { chain, roles, nodes, deployment }: Network,
  events: readonly ChainEvent[],
): Promise<RoleSummary[]> {
  const { number } = await chain.block();
  const gas = await chain.gasBySender(deployment.block, number);
  const gasOf = (...addresses: string[]): bigint => sum(addresses.map((address) => gas.get(address) ?? 0n));
  const by = (name: string, role: string, address: string): ChainEvent[] =>
    events.filter((event) => event.name === name && event.args[role] === address);
  const deposited = (address: string): bigint => total(by("Deposited", "to", address), "amount");
  const nothing = { deposited: 0n, paid: 0n, earned: 0n, slashed: 0n, compensated: 0n, refunded: 0n };

  const { app, auditor, manager, challenger } = roles;
  const answered = select(events, "Answered");
  const claimed = total(by("Claimed", "owner", app.address), "amount");
  const refunds = refundsIn(events);
  const refunded = claimed < refunds ? claimed : refunds;
  return [
    ...nodes.map(({ role, id }) => ({
      ...nothing,
      role: role.name,
      deposited: deposited(role.cold.address),
      earned:
        total(select(events, "Proven", { node: id }), "amount") +
        total(select(events, "Answered", { node: id }), "toProvider"),
      slashed: total(select(events, "Slashed", { node: id }), "amount"),
      gas: gasOf(role.cold.address, role.operator.address),
    })),
    {
      ...nothing,
      role: "manager",
      earned: total(select(events, "FeesCollected"), "managerAmount"),
      gas: gasOf(manager.address),
    },
    {
      ...nothing,
      role: "app",
      deposited: deposited(app.address),
      paid: total(by("Reserved", "payer", app.address), "amount"),
      compensated: claimed - refunded,
      refunded,
      gas: gasOf(app.address),
    },
    {
      ...nothing,
      role: "auditor",
      earned:
        total(by("BeaconRecorded", "by", auditor.address), "reward") +
        total(by("Slashed", "reporter", auditor.address), "reward"),
      gas: gasOf(auditor.address),
    },
    {
      ...nothing,
      role: "challenger",
      deposited: deposited(challenger.address),
      paid: total(answered, "toProvider") + total(answered, "toTreasury"),
      earned: total(by("Slashed", "reporter", challenger.address), "reward"),
      gas: gasOf(challenger.address),
    },
    {
      ...nothing,
      role: "treasury",
      earned:
        total(select(events, "FeesCollected"), "protocolAmount") +
        total(answered, "toTreasury") +
        treasuryOfConvictions(events),
      gas: 0n,
    },
  ];
}

/** What epochs paid back to the owners: without a proof, or because the coverage was low. */
export function refundsIn(events: readonly ChainEvent[]): bigint {
  return total(select(events, "EpochsRefunded"), "amount") + total(select(events, "Proven"), "refunded");
}

/** The owners' share of penalties. */
export function compensationIn(events: readonly ChainEvent[]): bigint {
  const slashed = select(events, "Slashed");
  return total(slashed, "amount") - total(slashed, "reward") - treasuryOfConvictions(events);
}

function treasuryOfConvictions(events: readonly ChainEvent[]): bigint {
  const failed = select(events, "Failed");
  const owners = total(select(events, "OwnersCompensated"), "amount");
  return total(failed, "taken") - total(failed, "reward") - owners;
}

/** Claims, fees and penalties only move tokens between the parts of the Ledger, so the parts must add up to what it has. */
export async function takeStock(chain: Chain): Promise<Conservation> {
  return {
    held: await chain.read<bigint>("token", "balanceOf", [chain.addresses.ledger]),
    ...(await chain.read<Omit<Conservation, "held">>("ledger", "totals")),
  };
}

export function isConserved({ held, ...parts }: Conservation): boolean {
  return held === sum(Object.values(parts));
}
