/**
 * `deployment add-profile` and `add-beacon`.
 */
import { InvalidArgumentError, type Command } from "commander";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { decodePublicKey } from "../../drand/rounds.ts";
import { requireSafeKey } from "../../keys/key-gate.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { profileNamed } from "../../protocol/profiles.ts";
import type { Chain } from "../chain.ts";
import { addToDeployment, type AddOptions } from "../deployment/add.ts";
import { drandStep, verifierStep } from "../deployment/plan.ts";
import { agree, printResult } from "../output.ts";
import { count, spendingCommand, withChain, type ChainOptions } from "./common.ts";

interface AddProfileOptions extends ChainOptions {
  readonly profile: string;
  readonly minContributions?: number;
  readonly at?: string;
}

interface AddBeaconOptions extends ChainOptions {
  readonly publicKey: Uint8Array;
  readonly drandGenesis: number;
  readonly period: number;
  readonly at?: string;
}

export function addAddCommands(deployment: Command): void {
  spendingCommand(
    deployment,
    "add-profile",
    "makes a verifier through the factory; with the treasury's key, also adds it to the deployment",
  )
    .requiredOption("--profile <name>", "profile whose key in build/ the verifier gets")
    .option("--min-contributions <n>", "least number of contributions to the key's ceremony", count)
    .option("--at <address>", "address of the verifier, if it exists already")
    .action(addProfile);
  spendingCommand(
    deployment,
    "add-beacon",
    "makes a drand beacon through the factory; with the treasury's key, also adds it to the deployment",
  )
    .requiredOption("--public-key <hex>", "drand's group key, 256 hex digits", groupKey)
    .requiredOption("--drand-genesis <seconds>", "time of drand's round 1, in seconds since 1970", count)
    .requiredOption("--period <seconds>", "seconds from one round to the next", count)
    .option("--at <address>", "address of the beacon, if it exists already")
    .action(addBeacon);
}

async function addProfile({ profile, at, minContributions, ...options }: AddProfileOptions): Promise<void> {
  const { name, samples, dataDepth, directoryDepth } = profileNamed(profile);
  await withChain(options, async (chain) => {
    await requireSafeKey(name, { chainId: chain.chainId, zkey: true, minContributions });
    const verificationKey = await loadVerificationKey(name);
    const step = verifierStep({ profile: name, verificationKey, knownAnswer: await makeKnownAnswer(name) });
    const argument = (verifier: string) => ({ verifier, samples, dataDepth, directoryDepth });
    await add(`the profile ${name}`, options, chain, { step, at, argument, method: "addProfile" });
  });
}

async function addBeacon(given: AddBeaconOptions): Promise<void> {
  const { publicKey, drandGenesis, period, at, ...options } = given;
  await withChain(options, async (chain) => {
    const index = Number(await chain.read<bigint>("audits", "beaconCount"));
    const step = drandStep(index, { publicKey, genesis: drandGenesis, period });
    await add("a drand beacon", options, chain, { step, at, argument: String, method: "addBeacon" });
  });
}

async function add(
  what: string,
  options: ChainOptions,
  chain: Chain,
  addition: Omit<AddOptions, "chain">,
): Promise<void> {
  const account = chain.account();
  const treasury = await chain.read<string>("ledger", "treasury");
  const deploys = addition.at === undefined ? `make a ${addition.step.contract} for ${what}` : "";
  const adds = account === treasury ? `add ${what} to the deployment, which cannot be undone` : "";
  const will = [deploys, adds].filter((part) => part !== "");
  if (will.length > 0) await agree(`${will.join(" and ")}, from ${account}`, options);
  const result = await addToDeployment({ chain, ...addition });
  printResult(result, options);
}

function groupKey(text: string): Uint8Array {
  try {
    if (!/^[0-9a-f]{256}$/.test(text)) throw new RangeError("expected 256 hex digits");
    const bytes = Uint8Array.from(Buffer.from(text, "hex"));
    decodePublicKey(bytes);
    return bytes;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
