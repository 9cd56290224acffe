/**
 * The participants of a local network, each with its own account, and the terms of their cluster.
 */
import { developmentAccounts, type DevelopmentAccount } from "../../contracts/accounts.ts";
import type { Clock } from "../../protocol/epochs.ts";
import type { ClusterParams } from "../records.ts";

export interface ProviderRole {
  readonly name: string;
  readonly cold: DevelopmentAccount;
  readonly operator: DevelopmentAccount;
}

export interface Roles {
  readonly deployer: DevelopmentAccount;
  readonly manager: DevelopmentAccount;
  readonly app: DevelopmentAccount;
  readonly auditor: DevelopmentAccount;
  /** Challenges vNodes. It needs its own account, because the auditor's is used by the daemon. */
  readonly challenger: DevelopmentAccount;
  readonly treasury: DevelopmentAccount;
  /** In the storage scenario four that serve, then the standby. */
  readonly providers: readonly ProviderRole[];
}

export const SERVING = 4;

/** Accounts of roles without nodes. */
const OTHERS = 6;

/** How many of the development accounts such a cast has. */
export const castSize = (providers: number): number => OTHERS + 2 * providers;

export function castRoles(count = SERVING + 1): Roles {
  const accounts = developmentAccounts(castSize(count));
  const take = (): DevelopmentAccount => accounts.shift() as DevelopmentAccount;
  const [deployer, manager, app, auditor, treasury] = [take(), take(), take(), take(), take()];
  const challenger = take();
  const providers = Array.from({ length: count }, (_, i) => ({
    name: i < SERVING ? `provider ${i + 1}` : "standby",
    cold: take(),
    operator: take(),
  }));
  return { deployer, manager, app, auditor, challenger, treasury, providers };
}

/** Bond that a vNode locks, as a number of epochs' pay: more than its misses can cost. */
export const BOND_EPOCHS = 20;

/** Every vNode is due in every epoch, for the whole epoch. One miss is forgiven, the second removes the node. */
export function clusterParams({
  epochSeconds,
  margin,
}: Pick<Clock, "epochSeconds" | "margin">): ClusterParams {
  const window = epochSeconds - margin;
  return {
    odds: 1,
    window,
    grace: 1,
    maxMisses: 2,
    slashMultiple: 5,
    faultMultiple: 10,
    syncEpochs: 3,
    bondEpochs: BOND_EPOCHS,
    managerFee: 200,
    auditFee: 100,
    reporterShare: 1000,
  };
}

/** The treasury's share of each payment, in 1/10,000. */
export const PROTOCOL_FEE = 200;
/** Number of epochs for which the file is stored. */
export const STORED_EPOCHS = 50;
/** Token units per 1e18 leaves and epoch: 50 billionths of a token of 18 decimals a leaf, near the most that a rent can be. */
export const RENT = 5n * 10n ** 10n * 10n ** 18n;
