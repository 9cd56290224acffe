/**
 * Carries out the plan of a deployment's folder. Every transaction is signed here, and saved before it is sent.
 */
import type { Wallet } from "ethers";
import type { Endpoints } from "../../chain/endpoints.ts";
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { currentFees } from "../sending.ts";
import type { DeploymentConfig } from "./config.ts";
import { FEE_SETTING } from "./cost.ts";
import { execute } from "./execute.ts";
import type { DeploymentFolder, SavedPlan } from "./folder.ts";
import { addHeaders } from "./headers.ts";
import { addressOf, transactionOf, type DeploymentPlan } from "./plan.ts";
import { createProvider, type Send } from "./provider.ts";

export interface CarryOutOptions {
  readonly config: Pick<DeploymentConfig, "chainId" | "confirmations" | "maxFee">;
  /** Gets a line of text for each step. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Resources {
  readonly wallet: Wallet;
  readonly provider: Endpoints;
  readonly folder: DeploymentFolder;
}

/** Milliseconds between looks at the chain. */
const POLL_MS = { local: 20, other: 2000 };

/** Executes the steps up to each one that needs block headers, adds those to the plan, and goes on. */
export async function carryOut(
  options: CarryOutOptions,
  resources: Resources,
  saved: SavedPlan,
): Promise<DeploymentPlan> {
  const { provider, folder } = resources;
  let { plan } = saved;
  for (;;) {
    const open = plan.steps.findIndex(({ needsProbe }) => needsProbe !== undefined);
    const steps = open < 0 ? plan.steps : plan.steps.slice(0, open);
    await executeSteps(options, resources, { ...plan, steps }, plan.steps.length);
    if (open < 0) return plan;
    options.log("waiting for the blocks that show whether the chain has randomness");
    plan = await addHeaders(provider, plan, options.signal);
    await folder.savePlan({ ...saved, plan });
  }
}

async function executeSteps(
  { config, log, signal }: CarryOutOptions,
  { wallet, provider, folder }: Resources,
  plan: DeploymentPlan,
  total: number,
): Promise<void> {
  const send: Send = async (transaction) => {
    checkIsNext(plan, folder.signed().length, transaction);
    const order = { ...transaction, ...(await currentFees(provider, config.maxFee, FEE_SETTING)) };
    const raw = await wallet.signTransaction(await wallet.populateTransaction(order));
    folder.addSigned({ nonce: transaction.nonce, raw });
    return (await provider.broadcastTransaction(raw)).hash;
  };
  const local = isLocalChain(BigInt(config.chainId));
  await execute({
    plan,
    provider: createProvider(provider, send, signal),
    journal: folder.journal,
    pollMs: local ? POLL_MS.local : POLL_MS.other,
    confirmations: local ? 1 : config.confirmations,
    onStep: (id) => {
      const place = plan.steps.findIndex((step) => step.id === id) + 1;
      log(`${place} of ${total}: ${id} is at ${addressOf(plan, id)}`);
    },
  });
}

/** Only the plan's next step is ever signed, so that no contract is deployed twice or at another address. */
function checkIsNext(plan: DeploymentPlan, index: number, { nonce, to, data }: Parameters<Send>[0]): void {
  const step = plan.steps[index];
  const next = step && transactionOf(plan, step);
  if (next && nonce === plan.nonce + index && data === next.data && sameAddress(to, next.to)) return;
  const what = step?.id ?? "nothing more";
  const message = `the transaction with nonce ${nonce} is not the plan's next step (${what}, nonce ${plan.nonce + index}): the account sent something else in the meantime, or this folder was changed; begin in a new folder`;
  throw new HoldfastError("chain", message, { nonce, step: step?.id });
}

function sameAddress(given: Parameters<Send>[0]["to"], expected: string | undefined): boolean {
  if (typeof given !== "string" || expected === undefined) return given === expected;
  return given.toLowerCase() === expected.toLowerCase();
}
