/**
 * Creates a deployment on a public chain: plans it, asks for consent, carries it out from a folder in which a later run can
 * resume, and checks the result.
 */
import { formatEther, type Wallet } from "ethers";
import type { Endpoints, EndpointsOptions } from "../../chain/endpoints.ts";
import { loadCircuitManifest, loadVerificationKey } from "../../circuits/artifacts.ts";
import { readKeyFile } from "../../contracts/accounts.ts";
import { requireSafeKey } from "../../keys/key-gate.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { connectSigner, latestTime } from "../chain.ts";
import { carryOut, type Resources } from "./carry-out.ts";
import { checkAgreed, wrongIn, type Finding } from "./check.ts";
import { sourcesOf, type DeploymentConfig } from "./config.ts";
import { checkFunds, estimateCost, type Cost } from "./cost.ts";
import { expectationsOfPlan } from "./expectations.ts";
import { openFolder, readPlan, type Origins, type SavedPlan } from "./folder.ts";
import { deploymentOf, makePlan, type Deployment, type DeploymentPlan, type ProfileKey } from "./plan.ts";
import { preflight } from "./preflight.ts";
import { checkPublicChain } from "./public-chain.ts";
import { checkOrigins, resendSigned } from "./resume.ts";

export interface CreateOptions {
  readonly config: DeploymentConfig;
  readonly folder: string;
  /** Only plan and estimate: nothing is written or sent. */
  readonly dryRun: boolean;
  /** Asks a person for consent. It throws if the person refuses. */
  readonly agree: (what: string) => Promise<void>;
  /** Gets a line of text for each step. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** Makes the proof that each verifier checks itself with. Default: makes a new one. */
  readonly knownAnswer?: typeof makeKnownAnswer;
  /** Waits before a request is repeated. */
  readonly wait?: EndpointsOptions["wait"];
}

export interface Created {
  readonly deployment: Deployment;
  /** Number of transactions that were missing when this run began, and what they may cost. */
  readonly missing: number;
  readonly cost: Cost;
  /** What the check found. Empty after a dry run. */
  readonly findings: readonly Finding[];
}

/** Settings that may change from one run to the next. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  "rpcUrl",
  "keyFile",
  "passwordFile",
  "maxFee",
  "confirmations",
]);

/**
 * @throws HoldfastError "key" for an insecure key on a public chain, "funds" if the account cannot pay, "bad-input" or
 *   "chain" if the configuration cannot be deployed, "locked" if another run uses the folder
 */
export async function createDeployment(options: CreateOptions): Promise<Created> {
  const { config } = options;
  const privateKey = await readKeyFile(config.keyFile, config.passwordFile);
  const warn = (facts: object, message: string): void =>
    options.log([message, ...Object.values(facts).map(String)].join(": "));
  const wallet = await connectSigner(config.rpcUrl, privateKey, BigInt(config.chainId), {
    log: { warn },
    wait: options.wait,
  });
  const provider = wallet.provider as Endpoints;
  try {
    const origins = await originsOf(config, wallet.address);
    if (options.dryRun) return await rehearse(options, wallet, provider, origins);
    const folder = await openFolder(options.folder);
    try {
      return await perform(options, { wallet, provider, folder }, origins);
    } finally {
      folder.close();
    }
  } finally {
    provider.destroy();
  }
}

async function rehearse(
  options: CreateOptions,
  wallet: Wallet,
  provider: Endpoints,
  origins: Origins,
): Promise<Created> {
  const { plan } = await planOf(options, wallet, provider, origins);
  const done = Math.max(0, (await provider.getTransactionCount(plan.account)) - plan.nonce);
  const missing = Math.max(0, plan.steps.length - done);
  const cost = await estimateCost(provider, plan, done, options.config.maxFee);
  return { deployment: deploymentOf(plan), missing, cost, findings: [] };
}

async function perform(options: CreateOptions, resources: Resources, origins: Origins): Promise<Created> {
  const { wallet, provider, folder } = resources;
  const saved = await planOf(options, wallet, provider, origins);
  const { plan } = saved;
  const signed = folder.signed();
  const missing = plan.steps.length - signed.length;
  const cost = await estimateCost(provider, plan, signed.length, options.config.maxFee);
  if (missing > 0) {
    await checkFunds(provider, plan, cost);
    await options.agree(describe(plan, missing, cost));
  }
  await folder.savePlan(saved);
  await resendSigned(provider, plan, signed);
  const complete = await carryOut(options, resources, saved);

  const deployment = deploymentOf(complete);
  options.log("checking the deployment");
  const expected = expectationsOfPlan(options.config, complete);
  // Other endpoints may be behind the one that has seen the last step.
  const block = Math.max(0, (await provider.getBlockNumber()) + 1 - options.config.confirmations);
  const findings = await checkAgreed(provider, deployment.audits, { lens: deployment.lens, expected, block });
  const wrong = wrongIn(findings);
  if (wrong.length > 0) {
    const message = `the deployment is complete, but ${wrong.join(", ")} is not as planned: do not use it`;
    throw new HoldfastError("chain", message, { wrong });
  }
  await folder.saveRecord(deployment);
  return { deployment, missing, cost, findings };
}

function describe(
  { account, chainId, nonce, steps }: DeploymentPlan,
  missing: number,
  { gas, most }: Cost,
): string {
  const which =
    missing === steps.length ? `${missing} transactions` : `the ${missing} transactions that are missing`;
  return `deploy with ${which} to the chain ${chainId} from ${account} (nonces ${nonce + steps.length - missing} to ${nonce + steps.length - 1}), for at most ${gas} gas, now ${formatEther(most)} of the chain's coin`;
}

// ---------------------------------------------------------------------------------------------------------------- plan

/** The plan of the folder, or a new one. */
async function planOf(
  options: CreateOptions,
  wallet: Wallet,
  provider: Endpoints,
  origins: Origins,
): Promise<SavedPlan> {
  const saved = await readPlan(options.folder);
  if (saved) {
    checkOrigins(saved.origins, origins);
    return saved;
  }
  const { config, log, knownAnswer = makeKnownAnswer } = options;
  const now = await latestTime(wallet);
  await preflight(provider, config, now);
  const keys: ProfileKey[] = [];
  for (const profile of config.profiles) {
    log(`making a proof for the ${profile} verifier to check itself with`);
    const verificationKey = await loadVerificationKey(profile);
    keys.push({ profile, verificationKey, knownAnswer: await knownAnswer(profile) });
  }
  const terms = {
    ...config,
    keys,
    beacons: sourcesOf(config),
    genesis: config.genesis === "now" ? now : config.genesis,
    minChallengeBond: BigInt(config.minChallengeBond),
  };
  const plan = makePlan(terms, {
    chainId: config.chainId,
    account: wallet.address,
    nonce: await provider.getTransactionCount(wallet.address, "pending"),
    block: (await provider.getBlockNumber()) + 1,
  });
  return { origins, plan };
}

/** @throws HoldfastError "key" for a key that money must not depend on; also those of checkPublicChain */
async function originsOf(config: DeploymentConfig, account: string): Promise<Origins> {
  const chainId = BigInt(config.chainId);
  const keys: Partial<Record<ProfileName, string>> = {};
  for (const profile of config.profiles) {
    await requireSafeKey(profile, { chainId, zkey: true, minContributions: config.minContributions });
    const { key } = await loadCircuitManifest(profile);
    if (key) keys[profile] = key.verificationKey;
  }
  checkPublicChain(chainId, config);
  const what = Object.entries(config).filter(([name]) => !CHANGEABLE.has(name));
  // In the form in which it will be read from the file.
  return JSON.parse(JSON.stringify({ ...Object.fromEntries(what), account, keys })) as Origins;
}
