/**
 * Checks a deployment before anyone trusts it with money: each contract must run this build's code and know the others.
 */
import { Contract, getAddress, isCallException, isError, type Provider } from "ethers";
import type { Endpoints } from "../../chain/endpoints.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { EVMNET } from "../../keys/trust.ts";
import { maxMargin, minMargin } from "../../protocol/epochs.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { MAX_PROTOCOL_FEE, MIN_PROTOCOL_FEE } from "../../protocol/limits.ts";
import { refuse } from "../chain-errors.ts";
import { initCode, isCodeOf, isMadeBy, librariesOf } from "./code.ts";
import { minUnbond } from "./config.ts";
import type { Expectations, ExpectedProfile } from "./expectations.ts";
import { codeHash } from "./made.ts";
import { groupKeyWords, type BeaconSource } from "./plan.ts";

export interface Finding {
  /** Such as "code of Audits". */
  readonly what: string;
  readonly value: string;
  /** undefined: the reader must judge. */
  readonly ok: boolean | undefined;
}

export interface CheckOptions {
  /** Address of the Lens, which cannot be found from Audits. */
  readonly lens?: string | undefined;
  readonly expected?: Expectations | undefined;
  /** The block to read at; with several endpoints, this one or a later one. Default: the latest. */
  readonly block?: number | undefined;
}

/** EIP-170: bytes. */
const MAX_CODE = 24_576;
const BEACONS = ["DrandBeacon", "PrevrandaoBeacon"] as const;
/** The deployment's times, which the factory and all beacons share. */
const TIMES = ["genesis", "epochSeconds", "margin"] as const;

/**
 * As checkDeployment. With several endpoints, two must agree about each answer.
 *
 * @throws HoldfastError as checkDeployment; "unreachable" unless two agree
 */
export async function checkAgreed(
  endpoints: Endpoints,
  audits: string,
  options: CheckOptions = {},
): Promise<Finding[]> {
  const block = await endpoints.sharedBlock(options.block);
  const check = (provider: Provider): Promise<Finding[]> =>
    checkDeployment(provider, audits, { ...options, block });
  return endpoints.agreed(check, "the deployment");
}

/**
 * Checks everything that can be reached from the Audits contract.
 *
 * @throws HoldfastError "chain" if there is no Audits contract at the address; "unreachable" if the chain does not answer
 */
export async function checkDeployment(
  provider: Provider,
  audits: string,
  { lens, expected = {}, block }: CheckOptions = {},
): Promise<Finding[]> {
  const reader = createReader(provider, block);
  const { chainId } = await provider.getNetwork();
  reader.compare("chain", chainId, expected.chainId);
  const core = await findCore(reader, getAddress(audits));
  await checkWires(reader, core);
  await checkFactory(reader, core);
  await checkTerms(reader, core, expected);
  await checkProfiles(reader, core, expected.profiles ?? []);
  await checkBeacons(reader, core, expected.beacons ?? []);
  if (lens !== undefined) {
    await reader.code(["Lens"], lens);
    await reader.wire("Lens", lens, "audits", core.audits);
  }
  return reader.findings;
}

/** The names of the findings that are wrong. */
export function wrongIn(findings: readonly Finding[]): string[] {
  return findings.filter(({ ok }) => ok === false).map(({ what }) => what);
}

// --------------------------------------------------------------------------------------------------------------- parts

interface Core {
  readonly audits: string;
  readonly ledger: string;
  readonly registry: string;
  readonly challenges: string;
  readonly factory: string;
}

async function findCore({ read, code }: Reader, audits: string): Promise<Core> {
  const names = ["ledger", "registry", "challenges", "factory"];
  const places = await Promise.all(names.map(async (name) => String(await read("Audits", audits, name))));
  const [ledger, registry, challenges, factory] = places as [string, string, string, string];
  if (!places.every((address) => /^0x[0-9a-fA-F]{40}$/.test(address))) {
    const message = `there is no Audits contract at ${audits}: check the address and the chain`;
    throw new HoldfastError("chain", message, { audits });
  }
  await code(["Audits"], audits);
  await code(["Ledger"], ledger);
  await code(["Registry"], registry);
  await code(["Challenges"], challenges);
  await code(["Factory"], factory);
  return { audits, ledger, registry, challenges, factory };
}

async function checkWires({ wire, read }: Reader, core: Core): Promise<void> {
  const { audits, ledger, registry, challenges } = core;
  await wire("Ledger", ledger, "registry", registry);
  await wire("Ledger", ledger, "audits", audits);
  await wire("Ledger", ledger, "challenges", challenges);
  await wire("Ledger", ledger, "token", String(await read("Audits", audits, "token")));
  await wire("Registry", registry, "ledger", ledger);
  await wire("Registry", registry, "audits", audits);
  await wire("Challenges", challenges, "ledger", ledger);
  await wire("Challenges", challenges, "registry", registry);
  await wire("Challenges", challenges, "audits", audits);
}

/** Checks that the factory makes this build's contracts, for this deployment. */
async function checkFactory({ read, wire, compare }: Reader, { audits, factory }: Core): Promise<void> {
  await wire("Factory", factory, "audits", audits);
  for (const name of TIMES)
    compare(
      `factory: ${name}`,
      await read("Factory", factory, name),
      String(await read("Audits", audits, name)),
    );
  const codes = {
    verifierCode: "makeVerifier",
    drandCode: "makeDrandBeacon",
    prevrandaoCode: "makePrevrandaoBeacon",
  } as const;
  for (const [name, making] of Object.entries(codes))
    compare(`factory: ${name}`, await read("Factory", factory, name), codeHash(making));
}

async function checkTerms(reader: Reader, core: Core, expected: Expectations): Promise<void> {
  const { read, compare } = reader;
  const { audits, ledger, challenges } = core;
  const epoch = await read("Audits", audits, "epochSeconds");
  const margin = await read("Audits", audits, "margin");
  const fee = await read("Audits", audits, "protocolFee");
  const unbond = await read("Ledger", ledger, "unbondSeconds");
  const legal = {
    fee: isWithin(fee, MIN_PROTOCOL_FEE, MAX_PROTOCOL_FEE),
    epoch: typeof epoch === "bigint" && epoch > 0n,
    margin: isWithin(margin, minMargin(Number(epoch)), maxMargin(Number(epoch))),
    unbond: Number(unbond) >= minUnbond(Number(epoch)),
  };
  compare("token", await read("Ledger", ledger, "token"), expected.token);
  compare("treasury", await read("Ledger", ledger, "treasury"), expected.treasury);
  compare("protocol fee in basis points", fee, expected.protocolFee, legal.fee);
  compare("start of epoch 0", await read("Audits", audits, "genesis"), expected.genesis);
  compare("seconds of an epoch", epoch, expected.epochSeconds, legal.epoch);
  compare("seconds of the margin", margin, expected.margin, legal.margin);
  compare("seconds until a bond is released", unbond, expected.unbondSeconds, legal.unbond);
  const minBond = await read("Challenges", challenges, "minBond");
  compare("least bond of a challenge", minBond, expected.minChallengeBond);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "bigint" && least <= value && value <= most;
}

async function checkProfiles(
  reader: Reader,
  { audits, factory }: Core,
  expected: readonly ExpectedProfile[],
): Promise<void> {
  const { read, compare, code, find } = reader;
  const count = Number(await read("Audits", audits, "profileCount"));
  if (count < expected.length) find("number of profiles", count, false);
  for (let i = 0; i < count; i++) {
    const [verifier, ...shape] = (await read("Audits", audits, "profiles", i)) as [string, ...bigint[]];
    const { shape: profile, verifierArgs } = expected[i] ?? {};
    const wanted = profile && [profile.samples, profile.dataDepth, profile.directoryDepth].join(", ");
    compare(`profile ${i}: samples, depth of data, depth of the directory`, shape.join(", "), wanted);
    await code(["Groth16Verifier"], verifier);
    const made = await read("Factory", factory, "isVerifier", verifier);
    find(`profile ${i}: made by the factory`, made, made === true);
    find(`profile ${i}: hash of the key`, await read("Groth16Verifier", verifier, "keyHash"));
    if (verifierArgs === undefined) continue;
    const data = initCode({ contract: "Groth16Verifier", args: verifierArgs }, getAddress);
    find(`profile ${i}: the key`, verifier, await reader.isMadeBy(verifier, data));
  }
}

async function checkBeacons(
  reader: Reader,
  { audits, factory }: Core,
  expected: readonly BeaconSource[],
): Promise<void> {
  const { read, compare, code, find } = reader;
  const count = Number(await read("Audits", audits, "beaconCount"));
  if (count < expected.length) find("number of beacons", count, false);
  for (let i = 0; i < count; i++) {
    const address = String(await read("Audits", audits, "beacons", i));
    const source = expected[i];
    const kind = await code(BEACONS, address);
    if (source) compare(`beacon ${i}: kind`, kind, source.kind === "drand" ? BEACONS[0] : BEACONS[1]);
    const made = await read("Factory", factory, "isBeacon", address);
    find(`beacon ${i}: made by the factory`, made, made === true);
    if (kind === "DrandBeacon")
      await checkDrand(reader, i, address, source?.kind === "drand" ? source : undefined);
    compare(`beacon ${i}: audits`, await read("DrandBeacon", address, "audits"), audits);
    for (const method of TIMES) {
      const value = await read("DrandBeacon", address, method);
      compare(`beacon ${i}: ${method}`, value, String(await read("Audits", audits, method)));
    }
  }
}

/** Compares with the configuration, or else with drand's evmnet, the network that everybody knows. */
async function checkDrand(
  { read, compare, find }: Reader,
  index: number,
  address: string,
  source: Extract<BeaconSource, { kind: "drand" }> | undefined,
): Promise<void> {
  const ask = (method: string): Promise<unknown> => read("DrandBeacon", address, method);
  const words = await ask("publicKey");
  const key = Array.isArray(words) ? (words as readonly bigint[]).map(toWord).join("") : String(words);
  const isEvmnet = key === keyText(EVMNET.publicKey);
  const chain = source?.chain ?? (isEvmnet ? EVMNET : undefined);
  const name = `beacon ${index}: group key${isEvmnet ? " of drand's evmnet" : ""}`;
  if (chain) compare(name, key, keyText(chain.publicKey));
  else find(`${name}, which is not drand's evmnet's`, key);
  compare(`beacon ${index}: drandGenesis`, await ask("drandGenesis"), chain?.genesis);
  compare(`beacon ${index}: drandPeriod`, await ask("drandPeriod"), chain?.period);
}

function toWord(word: bigint): string {
  return word.toString(16).padStart(64, "0");
}

function keyText(key: Uint8Array): string {
  return groupKeyWords(key)
    .map((word) => word.slice(2))
    .join("");
}

// -------------------------------------------------------------------------------------------------------------- reader

type Comparable = string | number | bigint;

interface Reader {
  readonly findings: Finding[];
  readonly find: (what: string, value: unknown, ok?: boolean) => void;
  /** Compares with the expected value, unless that is undefined. `legal` must be true in any case. */
  readonly compare: (what: string, value: unknown, expected: Comparable | undefined, legal?: boolean) => void;
  /** The answer of a view, or "no answer". */
  readonly read: (contract: string, address: string, method: string, ...args: unknown[]) => Promise<unknown>;
  /** Checks that a view answers with this address. */
  readonly wire: (contract: string, address: string, method: string, expected: string) => Promise<void>;
  /** Whether the address has the code that this init code creates. */
  readonly isMadeBy: (address: string, data: string) => Promise<boolean>;
  /** Which of these contracts runs at the address. Also checks its libraries. */
  readonly code: (names: readonly string[], address: string) => Promise<string | undefined>;
}

function createReader(provider: Provider, block: number | undefined): Reader {
  const at = block === undefined ? {} : { blockTag: block };
  const findings: Finding[] = [];
  const find: Reader["find"] = (what, value, ok) => void findings.push({ what, value: String(value), ok });
  const read: Reader["read"] = (contract, address, method, ...args) =>
    new Contract(address, contractArtifact(contract).abi, provider)
      .getFunction(method)(...args, at)
      .catch((error: unknown) => {
        // The contract refuses or does not exist. All other errors mean that the endpoint does not answer.
        if (isCallException(error) || isError(error, "BAD_DATA")) return "no answer";
        return refuse(method)(error);
      }) as Promise<unknown>;
  const code: Reader["code"] = async (names, address) => {
    const actual = await provider.getCode(address, block).catch(refuse("getCode"));
    const bytes = (actual.length - 2) / 2;
    const fit = names.find((name) => isCodeOf(name, actual));
    find(`code of ${fit ?? names.join(" or ")}`, `${bytes} bytes`, fit !== undefined && bytes <= MAX_CODE);
    for (const [library, at] of fit === undefined ? [] : librariesOf(fit, actual)) await code([library], at);
    return fit;
  };
  return {
    findings,
    find,
    read,
    code,
    isMadeBy: (address, data) => isMadeBy(provider, address, data, block).catch(refuse("getCode")),
    compare: (what, value, expected, legal) =>
      find(
        what,
        value,
        expected === undefined ? legal : String(value) === String(expected) && legal !== false,
      ),
    wire: async (contract, address, method, expected) => {
      const value = await read(contract, address, method);
      find(`${contract}.${method}`, value, value === expected);
    },
  };
}
