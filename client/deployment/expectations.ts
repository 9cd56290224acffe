/**
 * What a deployment should be, from the configuration that it was made from.
 */
import { PROFILES, type Profile } from "../../protocol/profiles.ts";
import { sourcesOf, type DeploymentConfig } from "./config.ts";
import type { BeaconSource, Plan } from "./plan.ts";
import type { Argument } from "./step.ts";

/** What is undefined is not compared. */
export interface Expectations {
  readonly chainId?: number | undefined;
  readonly token?: string | undefined;
  readonly treasury?: string | undefined;
  readonly protocolFee?: number | undefined;
  readonly epochSeconds?: number | undefined;
  readonly margin?: number | undefined;
  readonly genesis?: number | undefined;
  readonly unbondSeconds?: number | undefined;
  readonly minChallengeBond?: string | undefined;
  /** The first ones; more may have been added. */
  readonly profiles?: readonly ExpectedProfile[] | undefined;
  readonly beacons?: readonly BeaconSource[] | undefined;
}

export interface ExpectedProfile {
  readonly shape?: Profile | undefined;
  /** What the verifier was made with: without it, any key passes. */
  readonly verifierArgs?: readonly Argument[] | undefined;
}

type VerifierArgs = readonly (readonly Argument[])[];

export function expectationsOf(config: DeploymentConfig, verifiers: VerifierArgs): Expectations {
  const { chainId, token, treasury, protocolFee, unbondSeconds, minChallengeBond } = config;
  const { epochSeconds, margin } = config;
  return {
    chainId,
    token,
    treasury,
    protocolFee,
    epochSeconds,
    margin,
    unbondSeconds,
    minChallengeBond,
    genesis: config.genesis === "now" ? undefined : config.genesis,
    profiles: config.profiles.map((name, i) => ({ shape: PROFILES[name], verifierArgs: verifiers[i] })),
    beacons: sourcesOf(config),
  };
}

/** What only the plan knows: a genesis that was "now", a token that was made, the verifiers' arguments. */
export function expectationsOfPlan(config: DeploymentConfig, { steps, genesis, token }: Plan): Expectations {
  const verifiers = steps.filter(({ making }) => making === "makeVerifier").map(({ args }) => args);
  return { ...expectationsOf(config, verifiers), genesis, token };
}
