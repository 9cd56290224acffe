/**
 * What the check of a deployment should find, according to the configuration.
 */
import { PROFILES, type Profile } from "../../protocol/profiles.ts";
import { sourcesOf, type DeploymentConfig } from "./config.ts";
import type { BeaconSource, DeploymentPlan } from "./plan.ts";
import type { Argument } from "./step.ts";

/** Values that are undefined are not compared. */
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
  /** The first profiles; more may have been added later. */
  readonly profiles?: readonly ExpectedProfile[] | undefined;
  readonly beacons?: readonly BeaconSource[] | undefined;
}

export interface ExpectedProfile {
  readonly shape?: Profile | undefined;
  /** The verifier's constructor arguments. Without them, any key passes. */
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

/** Adds what only the plan knows: a genesis that was "now", a token that was created, the verifiers' arguments. */
export function expectationsOfPlan(
  config: DeploymentConfig,
  { steps, genesis, token }: DeploymentPlan,
): Expectations {
  const verifiers = steps.filter(({ making }) => making === "makeVerifier").map(({ args }) => args);
  return { ...expectationsOf(config, verifiers), genesis, token };
}
