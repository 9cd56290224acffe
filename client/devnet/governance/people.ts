/**
 * Who takes part in the governance scenario, each with an account of its own.
 */
import { developmentAccounts, type DevelopmentAccount } from "../../../contracts/accounts.ts";
import type { Chain } from "../../chain.ts";
import type { Deployed } from "../network.ts";
import { castSize } from "../roles.ts";

/** Nodes that take part: each has another provider. */
export const NODES = 4;
/** Owners of the Safe, and as many holders of votes. */
const VOTERS = 3;

/** An account's access to the chain, on which its transactions are sent one after the other. */
export interface People {
  readonly account: Chain;
  readonly deployer: Chain;
  readonly app: Chain;
  /** Who calls what anybody may call. */
  readonly anybody: Chain;
  readonly owners: readonly Chain[];
  readonly holders: readonly Chain[];
  readonly providers: readonly Chain[];
}

export function peopleOf({ chain, roles }: Deployed): People {
  const as = ({ privateKey }: DevelopmentAccount): Chain => inTurn(chain.as(privateKey));
  const voters = developmentAccounts(castSize(NODES) + 2 * VOTERS).slice(-2 * VOTERS);
  return {
    account: as(roles.manager),
    deployer: as(roles.deployer),
    app: as(roles.app),
    anybody: as(roles.challenger),
    owners: voters.slice(0, VOTERS).map(as),
    holders: voters.slice(VOTERS).map(as),
    providers: roles.providers.map(({ cold }) => as(cold)),
  };
}

/** The next transaction of an account is signed only when the one before is mined. */
export function inTurn(chain: Chain): Chain {
  let last: Promise<unknown> = Promise.resolve();
  const wait = <T>(send: () => Promise<T>): Promise<T> => {
    const next = last.then(send);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    ...chain,
    send: (...args) => wait(() => chain.send(...args)),
    submit: (...args) => wait(() => chain.submit(...args)),
  };
}

/** A manager can name the nodes of those providers only who trust it. */
export async function trust({ providers }: Pick<People, "providers">, manager: string): Promise<void> {
  await Promise.all(providers.map((provider) => provider.send("registry", "trust", [manager, true])));
}
