/**
 * Deploys the contracts in one go, with nothing to resume from: for local networks and tests.
 */
import type { Provider, Signer } from "ethers";
import type { DrandChain } from "../../drand/rounds.ts";
import { refuseForgeable } from "../../keys/key-gate.ts";
import { minMargin } from "../../protocol/epochs.ts";
import { execute } from "./execute.ts";
import {
  addressOf,
  DEFAULT_CHALLENGE_BOND,
  DEFAULT_UNBOND_EPOCHS,
  deploymentOf,
  makePlan,
  type Deployment,
  type ProfileKey,
  type DeploymentParameters,
} from "./plan.ts";
import { createProvider } from "./provider.ts";
import { checkPublicChain } from "./public-chain.ts";

export type { Deployment } from "./plan.ts";

export interface DeployOptions
  extends
    ProfileKey,
    Pick<DeploymentParameters, "epochSeconds" | "genesis" | "protocolFee" | "treasury" | "token"> {
  /** Pays for the deployment. It has no special rights afterwards. */
  readonly signer: Signer;
  /** Whether its maker knows the key's secrets; default true. Such a key is for local chains only. */
  readonly insecureKey?: boolean;
  readonly drand: DrandChain;
  /** Default: the shortest that the contracts accept. */
  readonly margin?: number;
  /** Default 168 epochs. */
  readonly unbondSeconds?: number;
  /** Default 10^15. */
  readonly minChallengeBond?: bigint;
  /** Gets a line of text for each step. */
  readonly log?: (line: string) => void;
}

/** Milliseconds between two looks: local chains mine at once. */
const POLL_MS = 10;

/**
 * @throws HoldfastError on public chains: "key" for an insecure key, "chain" for a missing token, "bad-input" for short
 *   epochs; on all chains: "key" for a key that anybody can forge with, "chain" if the signer sent another transaction
 *   meanwhile
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
