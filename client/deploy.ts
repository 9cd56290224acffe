/**
 * Deploys the contracts in one go, on chains that last no longer than the deployment has to: local networks, tests.
 */
import type { Provider, Signer } from "ethers";
import type { DrandChain } from "../drand/rounds.ts";
import { refuseForgeable } from "../keys/key-gate.ts";
import { minMargin } from "../protocol/epochs.ts";
import { execute } from "./deployment/execute.ts";
import {
  addressOf,
  DEFAULT_CHALLENGE_BOND,
  DEFAULT_UNBOND_EPOCHS,
  deploymentOf,
  makePlan,
  type Deployment,
  type ProfileKey,
  type Terms,
} from "./deployment/plan.ts";
import { createProvider } from "./deployment/provider.ts";
import { checkPublicChain } from "./deployment/public-chain.ts";

export type { Deployment } from "./deployment/plan.ts";

export interface DeployOptions
  extends ProfileKey, Pick<Terms, "epochSeconds" | "genesis" | "protocolFee" | "treasury" | "token"> {
  /** Pays for the deployment, and has no power afterwards. */
  readonly signer: Signer;
  /** Whether the key's secrets are known to whoever made it; default true. Such a key is for local chains only. */
  readonly insecureKey?: boolean;
  readonly drand: DrandChain;
  /** Default: the shortest that the contracts take. */
  readonly margin?: number;
  /** Default 168 epochs. */
  readonly unbondSeconds?: number;
  /** Default 10^15. */
  readonly minChallengeBond?: bigint;
  /** One line for people per step. */
  readonly log?: (line: string) => void;
}

/** Milliseconds: local chains mine at once. */
const POLL_MS = 10;

/**
 * @throws HoldfastError "key" for an insecure key, "chain" for a missing token, "bad-input" for short epochs, on a chain that
 *   is not a local one; "key" for one that anybody can forge with; "chain" if another transaction of the signer came between
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { signer, insecureKey = true, verificationKey, token, epochSeconds, log } = options;
  const provider = providerOf(signer);
  const { chainId } = await provider.getNetwork();
  await refuseForgeable({ insecure: insecureKey, verificationKey, chainId });
  checkPublicChain(chainId, { token, epochSeconds });
  const plan = makePlan(
    {
      unbondSeconds: DEFAULT_UNBOND_EPOCHS * epochSeconds,
      minChallengeBond: DEFAULT_CHALLENGE_BOND,
      margin: minMargin(epochSeconds),
      ...options,
      keys: [options],
      beacons: [{ kind: "drand", chain: options.drand }],
    },
    {
      chainId: Number(chainId),
      account: await signer.getAddress(),
      nonce: await signer.getNonce("pending"),
      block: (await provider.getBlockNumber()) + 1,
    },
  );
  await execute({
    plan,
    provider: createProvider(
      provider,
      async (transaction) => (await signer.sendTransaction(transaction)).hash,
    ),
    pollMs: POLL_MS,
    onStep: (id) => log?.(`${id} is at ${addressOf(plan, id)}`),
  });
  return deploymentOf(plan);
}

function providerOf({ provider }: Signer): Provider {
  if (provider) return provider;
  throw new TypeError('"signer" expected a signer with a provider');
}
