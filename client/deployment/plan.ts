/**
 * What a deployment will be, decided before anything is sent: every contract in order, with its arguments and its address.
 *
 * The contracts know each other's addresses from the start, which nobody can change afterwards. An address follows from the
 * account and its nonce, so the order of the steps is part of the plan, and nothing else may use the account meanwhile.
 */
import { getCreateAddress } from "ethers";
import type { DrandChain } from "../../protocol/drand.ts";
import {
  inputWords,
  keyWords,
  proofWords,
  type SnarkjsKey,
  type SnarkjsProof,
} from "../../protocol/groth16.ts";
import { PROFILES, type ProfileName } from "../../protocol/profiles.ts";
import { initCode } from "./code.ts";

/** Words are decimal or hexadecimal strings, so that a plan can be written down and read again. */
export type Argument = string | number | Argument[] | { [name: string]: Argument };

export interface Step {
  /** Unique in the plan; a library's name for those that others are linked with. */
  readonly id: string;
  /** Name of the artifact. */
  readonly contract: string;
  readonly args: readonly Argument[];
  /** An earlier step, whose address and whose block's header, with those after it, will be the last arguments. */
  readonly needsProbe?: string;
}

export interface ProfileKey {
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  readonly knownAnswer: { readonly proof: SnarkjsProof; readonly publicSignals: readonly string[] };
}

export type BeaconSource =
  | { readonly kind: "drand"; readonly chain: DrandChain }
  /** See PrevrandaoBeacon: for chains where no provider proposes many blocks. */
  | { readonly kind: "prevrandao" };

export interface Terms {
  readonly treasury: string;
  /** Basis points of every payment. */
  readonly protocolFee: number;
  readonly epochSeconds: number;
  /** Start of epoch 0 in seconds, not in the future. */
  readonly genesis: number;
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
export interface Plan extends Origin {
  readonly genesis: number;
  readonly epochSeconds: number;
  readonly token: string;
  readonly profiles: readonly ProfileName[];
  readonly beacons: number;
  readonly steps: readonly Step[];
}

/** Plain data, to be written down as it is. */
export interface Deployment {
  readonly chainId: number;
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  /** Views in pages, for those who look around. */
  readonly lens: string;
  readonly challenges: string;
  /** Of profile 0. */
  readonly verifier: string;
  /** Beacon 0. */
  readonly beacon: string;
  /** Profile 0. */
  readonly profile: ProfileName;
  /** All of them, by their number in the Audits contract. */
  readonly profiles: readonly { readonly profile: ProfileName; readonly verifier: string }[];
  readonly beacons: readonly string[];
  readonly genesis: number;
  readonly epochSeconds: number;
  /** The first block that has something of the deployment in it. */
  readonly block: number;
}

export const DEFAULT_UNBOND_EPOCHS = 168;
/** Token units. */
export const DEFAULT_CHALLENGE_BOND = 10n ** 15n;
const TOKEN = "TestToken";

export function makePlan(terms: Terms, origin: Origin): Plan {
  const { genesis, epochSeconds, keys } = terms;
  const before = firstSteps(terms);
  const at = (id: string): string =>
    addressIn([...before, ...CORE.map((name) => ({ id: name }))], origin, id);
  const token = terms.token ?? at(TOKEN);
  return {
    ...{ ...origin, genesis, epochSeconds, token, beacons: terms.beacons.length },
    profiles: keys.map(({ profile }) => profile),
    steps: [...before, ...coreSteps(terms, token, at)],
  };
}

/** Where the step's contract is, or will be. */
export function addressOf(plan: Plan, id: string): string {
  return addressIn(plan.steps, plan, id);
}

/** What makes the step's contract. */
export function initCodeOf(plan: Plan, step: Step): string {
  return initCode(step, (library) => addressOf(plan, library));
}

/** What comes out of a plan that was carried out. */
export function deploymentOf(plan: Plan): Deployment {
  const { chainId, token, genesis, epochSeconds, block } = plan;
  const at = (id: string): string => addressOf(plan, id);
  const profiles = plan.profiles.map((profile) => ({ profile, verifier: at(verifierId(profile)) }));
  const beacons = Array.from({ length: plan.beacons }, (_, i) => at(beaconId(i)));
  return {
    ...{ chainId, token, ledger: at("Ledger"), registry: at("Registry"), audits: at("Audits") },
    ...{ lens: at("Lens"), challenges: at("Challenges"), profiles, beacons },
    ...{ verifier: profiles[0]?.verifier ?? "", beacon: beacons[0] ?? "" },
    ...{ profile: profiles[0]?.profile ?? "tiny", genesis, epochSeconds, block },
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

/** What the contracts below are made of, and know nothing of. */
function firstSteps({ token, keys, beacons, genesis, epochSeconds }: Terms): Step[] {
  return [
    ...(token === undefined ? [{ id: TOKEN, contract: TOKEN, args: [] }] : []),
    // First, as they are what a chain may refuse.
    ...beacons.flatMap((source, i) => beaconSteps(source, i, { genesis, epochSeconds })),
    { id: "Segments", contract: "Segments", args: [] },
    { id: "Settlement", contract: "Settlement", args: [] },
    ...keys.map(verifierStep),
  ];
}

export function verifierStep(key: ProfileKey): Step {
  return { id: verifierId(key.profile), contract: "Groth16Verifier", args: verifierArgs(key) };
}

type Times = Pick<Terms, "genesis" | "epochSeconds">;

export function drandStep(
  index: number,
  { publicKey, genesis: first, period }: DrandChain,
  { genesis, epochSeconds }: Times,
): Step {
  const args = [groupKeyWords(publicKey), first, period, genesis, epochSeconds];
  return { id: beaconId(index), contract: "DrandBeacon", args };
}

function beaconSteps(source: BeaconSource, index: number, times: Times): Step[] {
  if (source.kind === "drand") return [drandStep(index, source.chain, times)];
  const probe = `Probe_${index}`;
  return [
    { id: probe, contract: "PrevrandaoProbe", args: [] },
    {
      ...{ id: beaconId(index), contract: "PrevrandaoBeacon", needsProbe: probe },
      args: [times.genesis, times.epochSeconds],
    },
  ];
}

const CORE = ["Ledger", "Registry", "Audits", "Challenges", "Lens"] as const;

function coreSteps(terms: Terms, token: string, at: (id: string) => string): Step[] {
  const {
    treasury,
    unbondSeconds,
    keys,
    beacons: sources,
    genesis,
    epochSeconds,
    protocolFee,
    minChallengeBond,
  } = terms;
  const [ledger, registry, audits, challenges] = [
    at("Ledger"),
    at("Registry"),
    at("Audits"),
    at("Challenges"),
  ];
  const profiles = keys.map(({ profile }) => {
    const { samples, dataDepth, directoryDepth } = PROFILES[profile];
    return { verifier: at(verifierId(profile)), samples, dataDepth, directoryDepth };
  });
  const beacons = sources.map((_, i) => at(beaconId(i)));
  const args: Readonly<Record<(typeof CORE)[number], Argument[]>> = {
    Ledger: [token, registry, audits, challenges, treasury, unbondSeconds],
    Registry: [ledger, audits],
    Audits: [ledger, registry, profiles, beacons, genesis, epochSeconds, protocolFee],
    Challenges: [ledger, registry, audits, String(minChallengeBond)],
    Lens: [audits],
  };
  return CORE.map((name) => ({ id: name, contract: name, args: args[name] }));
}

function addressIn(steps: readonly Pick<Step, "id">[], { account, nonce }: Origin, id: string): string {
  const index = steps.findIndex((step) => step.id === id);
  if (index < 0) throw new TypeError(`the plan has no step "${id}"`);
  return getCreateAddress({ from: account, nonce: nonce + index });
}

/** With integers as decimal strings. */
function plain(value: unknown): Argument {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)),
  ) as Argument;
}
