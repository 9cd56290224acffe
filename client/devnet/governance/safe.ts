/**
 * A Safe of three owners, two of whom decide: one transaction takes the cluster over, announces terms, names a standby node
 * and offers the cluster to the next manager.
 */
import type { Chain } from "../../chain.ts";
import { encodeAction, type Action } from "../../governance/actions.ts";
import type { Call } from "../../governance/calls.ts";
import {
  addSignature,
  executeSafe,
  SAFE_TX,
  safeDomain,
  safeMessage,
  safeTransaction,
} from "../../governance/safe-transaction.ts";
import { createSafe, openSafe, type SafeRecord } from "../../governance/safe.ts";
import type { TermValues } from "../../governance/terms.ts";
import type { Manager } from "./hand-overs.ts";
import type { GovernanceStage } from "./stage.ts";

const THRESHOLD = 2;
/** Basis points of each payment: above the account's. */
const FEE = 300n;

export function makeSafe(chain: Chain, owners: readonly Chain[]): Promise<SafeRecord> {
  const addresses = owners.map((owner) => owner.account());
  return createSafe(chain, { owners: addresses, threshold: THRESHOLD, saltNonce: 0n });
}

export async function decideAsSafe(stage: GovernanceStage, record: SafeRecord, next: Manager): Promise<void> {
  const { people, cluster, calendar, handOvers, decide, checks, network } = stage;
  const { anybody } = people;
  const [standby] = network.nodes.slice(-1).map(({ id }) => id) as [bigint];
  const { params, profile, beacon } = await termsOf(stage);
  await handOvers.untilAcceptable();
  const sent = await execute(stage, record, [
    { name: "acceptManager", cluster },
    { name: "changeCluster", cluster, profile, beacon, params: { ...params, managerFee: FEE } },
    { name: "addStandby", cluster, node: standby },
    { name: "proposeManager", cluster, manager: next.manager },
  ]);
  await handOvers.accepted();
  const since = Number((await anybody.read<{ since: bigint }>("audits", "announced", [cluster])).since);
  const who = {
    manager: "Safe",
    by: `${THRESHOLD} of ${people.owners.length} owners`,
    rule: `${THRESHOLD} signatures under one transaction of four actions`,
  };
  decide({ ...who, what: "it takes the cluster over" });
  decide({ ...who, what: `the manager's fee is 3 % from epoch ${since} on, not 2 %` });
  decide({ ...who, what: `node ${standby} stands by` });
  decide({ ...who, what: `the next manager is the ${next.name}` });
  await handOvers.offered("Safe", next.name, sent);
  const list = await anybody.read<bigint[]>("registry", "standby", [cluster]);
  checks.expect("the Safe's standby node is listed", list.includes(standby), `nodes ${list.join(", ")}`);
  const before = (await termsOf(stage)).params.managerFee;
  checks.expect(
    "the terms that were agreed hold until the Safe's can be left",
    before === params.managerFee && since === stage.watch.epoch + Number(calendar.changeDelay),
    `a fee of ${before} basis points until epoch ${since - 1}`,
  );
}

/** Looks at the Safe's terms in the first epoch in which they hold. */
export async function seeTerms(stage: GovernanceStage): Promise<void> {
  const { managerFee } = (await termsOf(stage)).params;
  stage.checks.expect(
    "the Safe's terms hold after the delay",
    managerFee === FEE,
    `${managerFee} basis points`,
  );
}

interface Terms {
  readonly params: TermValues;
  readonly profile: bigint;
  readonly beacon: bigint;
}

/** The terms of the running epoch. */
export async function termsOf({ people, cluster }: GovernanceStage): Promise<Terms> {
  const { params_, ...others } = await people.anybody.read<Omit<Terms, "params"> & { params_: TermValues }>(
    "audits",
    "params",
    [cluster],
  );
  return { params: params_, ...others };
}

/** Two owners sign, and anybody sends it. */
async function execute({ people }: GovernanceStage, record: SafeRecord, actions: readonly Action[]) {
  const { anybody, owners } = people;
  const safe = await openSafe(anybody, record);
  const to = anybody.addresses.registry;
  const calls: Call[] = actions.map((action) => ({ to, data: encodeAction(action) }));
  let transaction = safeTransaction(safe, calls, { multiSend: safe.multiSend, nonce: safe.nonce });
  for (const owner of owners.slice(0, THRESHOLD)) {
    const signature = await owner.sign(safeDomain(transaction), SAFE_TX, safeMessage(transaction));
    transaction = addSignature(transaction, { owner: owner.account(), signature }, safe);
  }
  return executeSafe(anybody, transaction, safe);
}
