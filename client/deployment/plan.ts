/**
 * The plan of a deployment, made before anything is sent: all contracts in order, with their arguments and addresses.
 *
 * The contracts are created with each other's addresses, which nobody can change afterwards. An address follows from the
 * account and its nonce. So the order of the steps is fixed, and nothing else may use the account meanwhile. The factory
 * makes verifiers and beacons, at addresses that follow from their code and parameters.
 */
import { getCreateAddress, ZeroAddress } from "ethers";
import type { DrandChain } from "../../drand/rounds.ts";
import { inputWords, keyWords, proofWords, type SnarkjsKey, type SnarkjsProof } from "../../groth16/words.ts";
import type { Clock } from "../../protocol/epochs.ts";
import { toPlain } from "../../protocol/json.ts";
import { PROFILES, type ProfileName } from "../../protocol/profiles.ts";
import { initCode, librariesFor } from "./code.ts";
import { isMade, makingData, factoryAddressOf, type Home, type MadeStep } from "./made.ts";
import type { Argument, Step } from "./step.ts";

export interface ProfileKey {
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  readonly knownAnswer: { readonly proof: SnarkjsProof; readonly publicSignals: readonly string[] };
}

export type BeaconSource =
  | { readonly kind: "drand"; readonly chain: DrandChain }
  /** For chains where no provider proposes many blocks (see PrevrandaoBeacon). */
  | { readonly kind: "prevrandao" };

/** `genesis` is not in the future. */
export interface DeploymentParameters extends Clock {
  readonly treasury: string;
  /** Basis points of every payment: 200 to 500. */
  readonly protocolFee: number;
  /** Seconds from the request to the release of a bond. */
  readonly unbondSeconds: number;
  /** Least bond of a challenge, in token units. */
  readonly minChallengeBond: bigint;
  /** Default: a test token, which anyone can mint. */
  readonly token?: string | undefined;
  /** One verifier for each: 1 to 4. */
  readonly keys: readonly ProfileKey[];
  /** 1 to 4. */
  readonly beacons: readonly BeaconSource[];
}

/** Where a plan begins. */
export interface PlanStart {
  readonly chainId: number;
  readonly account: string;
  /** Nonce of the account's next transaction. */
  readonly nonce: number;
  /** The first block that can have a transaction of the deployment. */
  readonly block: number;
}

/** Plain data, saved as JSON. */
export interface DeploymentPlan extends PlanStart, Clock {
  readonly token: string;
  readonly profiles: readonly ProfileName[];
  readonly beacons: number;
  readonly steps: readonly Step[];
}

/** Plain data, saved as JSON. */
export interface Deployment extends Clock {
  readonly chainId: number;
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  /** The contract with views in pages, for `explore`. */
  readonly lens: string;
  readonly challenges: string;
  /** Makes verifiers and beacons. */
  readonly factory: string;
  /** Of profile 0. */
  readonly verifier: string;
  /** Beacon 0. */
  readonly beacon: string;
  /** Profile 0. */
  readonly profile: ProfileName;
  /** All profiles, by their number in the Audits contract. */
  readonly profiles: readonly { readonly profile: ProfileName; readonly verifier: string }[];
  readonly beacons: readonly string[];
  /** The first block that has a transaction of the deployment. */
  readonly block: number;
}

export const DEFAULT_UNBOND_EPOCHS = 168;
/** Token units. */
export const DEFAULT_CHALLENGE_BOND = 10n ** 15n;
const TOKEN = "TestToken";
/** The only contract that the plan's transactions call. */
export const FACTORY = "Factory";

export function makePlan(terms: DeploymentParameters, start: PlanStart): DeploymentPlan {
  const { genesis, epochSeconds, margin, keys } = terms;
  const clock = { genesis, epochSeconds, margin };
  const { length } = firstSteps(terms, { ...clock, audits: ZeroAddress });
  const core = (name: Core): string => accountsAddress(start, length + CORE.indexOf(name));
  const before = firstSteps(terms, { ...clock, audits: core("Audits") });
  const at = (id: string): string => addressIn(before, start, id);
  const token = terms.token ?? at(TOKEN);
  return {
    ...start,
    ...clock,
    token,
    beacons: terms.beacons.length,
    profiles: keys.map(({ profile }) => profile),
    steps: [...before, ...coreSteps(terms, { token, at, core })],
  };
}

/** The address of the step's contract, also before it exists. */
export function addressOf(plan: DeploymentPlan, id: string): string {
  return addressIn(plan.steps, plan, id);
}

export interface StepTransaction {
  /** undefined: the transaction creates a contract itself. */
  readonly to?: string;
  readonly data: string;
}

/** The transaction of a step. */
export function transactionOf(plan: DeploymentPlan, step: Step): StepTransaction {
  if (isMade(step)) return { to: addressOf(plan, FACTORY), data: makingData(step) };
  return { data: initCode(step, (library) => addressOf(plan, library)) };
}

/** The deployment that results from a plan. */
export function deploymentOf(plan: DeploymentPlan): Deployment {
  const { chainId, token, genesis, epochSeconds, margin, block } = plan;
  const at = (id: string): string => addressOf(plan, id);
  const profiles = plan.profiles.map((profile) => ({ profile, verifier: at(verifierId(profile)) }));
  const beacons = Array.from({ length: plan.beacons }, (_, i) => at(beaconId(i)));
  return {
    chainId,
    token,
    ledger: at("Ledger"),
    registry: at("Registry"),
    audits: at("Audits"),
    lens: at("Lens"),
    challenges: at("Challenges"),
    factory: at(FACTORY),
    profiles,
    beacons,
    verifier: profiles[0]?.verifier ?? "",
    beacon: beacons[0] ?? "",
    profile: profiles[0]?.profile ?? "tiny",
    genesis,
    epochSeconds,
    margin,
    block,
  };
}

/** The constructor arguments of Groth16Verifier. */
export function verifierArgs({
  verificationKey,
  knownAnswer: { proof, publicSignals },
}: Pick<ProfileKey, "verificationKey" | "knownAnswer">): Argument[] {
  return [
    plain(keyWords(verificationKey)),
    plain({ proof: proofWords(proof), inputs: inputWords(publicSignals) }),
  ];
}

/** The group key as DrandBeacon takes it. */
export function groupKeyWords(key: Uint8Array): string[] {
  if (key.length !== 128) throw new RangeError(`"publicKey" expected 128 bytes, got ${key.length}`);
  const hex = Buffer.from(key).toString("hex");
  return [0, 1, 2, 3].map((i) => `0x${hex.slice(64 * i, 64 * i + 64)}`);
}

// --------------------------------------------------------------------------------------------------------------- steps

const verifierId = (profile: ProfileName): string => `Groth16Verifier_${profile}`;
const beaconId = (index: number): string => `Beacon_${index}`;

/** The contracts that the core contracts are created with. Of these only the factory knows a core contract: Audits. */
function firstSteps({ token, keys, beacons }: DeploymentParameters, home: Home): Step[] {
  return [
    ...(token === undefined ? [{ id: TOKEN, contract: TOKEN, args: [] }] : []),
    { id: FACTORY, contract: "Factory", args: [{ ...home }] },
    // Beacons come first, because a chain may refuse them.
    ...beacons.flatMap(beaconSteps),
    ...librariesFor(CORE).map((name) => ({ id: name, contract: name, args: [] })),
    ...keys.map(verifierStep),
  ];
}

export function verifierStep(key: ProfileKey): MadeStep {
  const args = verifierArgs(key);
  return { id: verifierId(key.profile), contract: "Groth16Verifier", making: "makeVerifier", args };
}

export function drandStep(index: number, { publicKey, genesis, period }: DrandChain): MadeStep {
  const args = [groupKeyWords(publicKey), genesis, period];
  return { id: beaconId(index), contract: "DrandBeacon", making: "makeDrandBeacon", args };
}

function beaconSteps(source: BeaconSource, index: number): Step[] {
  if (source.kind === "drand") return [drandStep(index, source.chain)];
  const probe = `Probe_${index}`;
  return [
    { id: probe, contract: "PrevrandaoProbe", args: [] },
    {
      id: beaconId(index),
      contract: "PrevrandaoBeacon",
      making: "makePrevrandaoBeacon",
      args: [],
      needsProbe: probe,
    },
  ];
}

const CORE = ["Ledger", "Registry", "Audits", "Challenges", "Lens"] as const;
type Core = (typeof CORE)[number];

interface Addresses {
  readonly token: string;
  /** Address of one of the first steps. */
  readonly at: (id: string) => string;
  readonly core: (name: Core) => string;
}

function coreSteps(terms: DeploymentParameters, { token, at, core }: Addresses): Step[] {
  const { treasury, unbondSeconds, keys, beacons: sources, protocolFee, minChallengeBond } = terms;
  const { genesis, epochSeconds, margin } = terms;
  const profiles = keys.map(({ profile }) => {
    const { samples, dataDepth, directoryDepth } = PROFILES[profile];
    return { verifier: at(verifierId(profile)), samples, dataDepth, directoryDepth };
  });
  const beacons = sources.map((_, i) => at(beaconId(i)));
  const [ledger, registry, audits, challenges] = CORE.map(core) as [string, string, string, string];
  const args: Readonly<Record<Core, Argument[]>> = {
    Ledger: [token, registry, audits, challenges, treasury, unbondSeconds],
    Registry: [ledger, audits],
    Audits: [ledger, registry, at(FACTORY), profiles, beacons, genesis, epochSeconds, margin, protocolFee],
    Challenges: [ledger, registry, audits, String(minChallengeBond)],
    Lens: [audits],
  };
  return CORE.map((name) => ({ id: name, contract: name, args: args[name] }));
}

function addressIn(steps: readonly Step[], start: PlanStart, id: string): string {
  const index = steps.findIndex((step) => step.id === id);
  const step = steps[index];
  if (!step) throw new TypeError(`the plan has no step "${id}"`);
  if (!isMade(step)) return accountsAddress(start, index);
  const factory = steps.find(({ id: other }) => other === FACTORY);
  return factoryAddressOf(step, addressIn(steps, start, FACTORY), factory?.args[0] as unknown as Home);
}

/** Address of the contract that the plan's transaction with this number creates. */
function accountsAddress({ account, nonce }: PlanStart, index: number): string {
  return getCreateAddress({ from: account, nonce: nonce + index });
}

/** With integers as decimal strings. */
const plain = (value: unknown): Argument => toPlain(value) as Argument;
