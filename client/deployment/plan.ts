/**
 * What a deployment will be, decided before anything is sent: every contract in order, with its arguments and its address.
 *
 * The contracts know each other's addresses from the start, which nobody can change afterwards. An address follows from the
 * account and its nonce, so the order of the steps is part of the plan, and nothing else may use the account meanwhile.
 * Verifiers and beacons are made by the factory: anybody may make them, at addresses that follow from what they are.
 */
import { getCreateAddress, ZeroAddress } from "ethers";
import type { DrandChain } from "../../drand/rounds.ts";
import { inputWords, keyWords, proofWords, type SnarkjsKey, type SnarkjsProof } from "../../groth16/words.ts";
import type { Clock } from "../../protocol/epochs.ts";
import { toPlain } from "../../protocol/json.ts";
import { PROFILES, type ProfileName } from "../../protocol/profiles.ts";
import { initCode, librariesFor } from "./code.ts";
import { isMade, makingData, placeOf, type Home, type MadeStep } from "./made.ts";
import type { Argument, Step } from "./step.ts";

export interface ProfileKey {
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  readonly knownAnswer: { readonly proof: SnarkjsProof; readonly publicSignals: readonly string[] };
}

export type BeaconSource =
  | { readonly kind: "drand"; readonly chain: DrandChain }
  /** See PrevrandaoBeacon: for chains where no provider proposes many blocks. */
  | { readonly kind: "prevrandao" };

/** `genesis` is not in the future. */
export interface Terms extends Clock {
  readonly treasury: string;
  /** Basis points of every payment: 200 to 500. */
  readonly protocolFee: number;
  /** From the request to the release of a bond. */
  readonly unbondSeconds: number;
  /** The least bond of a challenge, in token units. */
  readonly minChallengeBond: bigint;
  /** Default: a token for tests, which anyone may mint. */
  readonly token?: string | undefined;
  /** One verifier for each: 1 to 4. */
  readonly keys: readonly ProfileKey[];
  /** 1 to 4. */
  readonly beacons: readonly BeaconSource[];
}

/** Where a plan begins. */
export interface Origin {
  readonly chainId: number;
  readonly account: string;
  /** Of the account's next transaction. */
  readonly nonce: number;
  /** The first block that can have something of the deployment in it. */
  readonly block: number;
}

/** Plain data, to be written down as it is. */
export interface Plan extends Origin, Clock {
  readonly token: string;
  readonly profiles: readonly ProfileName[];
  readonly beacons: number;
  readonly steps: readonly Step[];
}

/** Plain data, to be written down as it is. */
export interface Deployment extends Clock {
  readonly chainId: number;
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  /** Views in pages, for those who look around. */
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
  /** All of them, by their number in the Audits contract. */
  readonly profiles: readonly { readonly profile: ProfileName; readonly verifier: string }[];
  readonly beacons: readonly string[];
  /** The first block that has something of the deployment in it. */
  readonly block: number;
}

export const DEFAULT_UNBOND_EPOCHS = 168;
/** Token units. */
export const DEFAULT_CHALLENGE_BOND = 10n ** 15n;
const TOKEN = "TestToken";
/** The only contract that a plan calls. */
export const FACTORY = "Factory";

export function makePlan(terms: Terms, origin: Origin): Plan {
  const { genesis, epochSeconds, margin, keys } = terms;
  const clock = { genesis, epochSeconds, margin };
  const { length } = firstSteps(terms, { ...clock, audits: ZeroAddress });
  const core = (name: Core): string => accountsAddress(origin, length + CORE.indexOf(name));
  const before = firstSteps(terms, { ...clock, audits: core("Audits") });
  const at = (id: string): string => addressIn(before, origin, id);
  const token = terms.token ?? at(TOKEN);
  return {
    ...origin,
    ...clock,
    token,
    beacons: terms.beacons.length,
    profiles: keys.map(({ profile }) => profile),
    steps: [...before, ...coreSteps(terms, { token, at, core })],
  };
}

/** Where the step's contract is, or will be. */
export function addressOf(plan: Plan, id: string): string {
  return addressIn(plan.steps, plan, id);
}

export interface StepTransaction {
  /** undefined: it makes a contract itself. */
  readonly to?: string;
  readonly data: string;
}

/** What the step sends. */
export function transactionOf(plan: Plan, step: Step): StepTransaction {
  if (isMade(step)) return { to: addressOf(plan, FACTORY), data: makingData(step) };
  return { data: initCode(step, (library) => addressOf(plan, library)) };
}

/** What comes out of a plan that was carried out. */
export function deploymentOf(plan: Plan): Deployment {
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

/** What Groth16Verifier is made with. */
export function verifierArgs({
  verificationKey,
  knownAnswer: { proof, publicSignals },
}: Pick<ProfileKey, "verificationKey" | "knownAnswer">): Argument[] {
  return [
    plain(keyWords(verificationKey)),
    plain({ proof: proofWords(proof), inputs: inputWords(publicSignals) }),
  ];
}

/** As DrandBeacon takes it. */
export function groupKeyWords(key: Uint8Array): string[] {
  if (key.length !== 128) throw new RangeError(`"publicKey" expected 128 bytes, got ${key.length}`);
  const hex = Buffer.from(key).toString("hex");
  return [0, 1, 2, 3].map((i) => `0x${hex.slice(64 * i, 64 * i + 64)}`);
}

// --------------------------------------------------------------------------------------------------------------- steps

const verifierId = (profile: ProfileName): string => `Groth16Verifier_${profile}`;
const beaconId = (index: number): string => `Beacon_${index}`;

/** What the contracts below are made of, and know nothing of: but for the factory, which knows Audits. */
function firstSteps({ token, keys, beacons }: Terms, home: Home): Step[] {
  return [
    ...(token === undefined ? [{ id: TOKEN, contract: TOKEN, args: [] }] : []),
    { id: FACTORY, contract: "Factory", args: [{ ...home }] },
    // First, as they are what a chain may refuse.
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

interface Places {
  readonly token: string;
  /** Of the first steps. */
  readonly at: (id: string) => string;
  readonly core: (name: Core) => string;
}

function coreSteps(terms: Terms, { token, at, core }: Places): Step[] {
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

function addressIn(steps: readonly Step[], origin: Origin, id: string): string {
  const index = steps.findIndex((step) => step.id === id);
  const step = steps[index];
  if (!step) throw new TypeError(`the plan has no step "${id}"`);
  if (!isMade(step)) return accountsAddress(origin, index);
  const factory = steps.find(({ id: other }) => other === FACTORY);
  return placeOf(step, addressIn(steps, origin, FACTORY), factory?.args[0] as unknown as Home);
}

/** Of what the account's transaction with that number in the plan makes. */
function accountsAddress({ account, nonce }: Origin, index: number): string {
  return getCreateAddress({ from: account, nonce: nonce + index });
}

/** With integers as decimal strings. */
const plain = (value: unknown): Argument => toPlain(value) as Argument;
