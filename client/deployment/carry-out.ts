/**
 * Carries out the plan of a deployment's folder: every transaction is signed here, and written down before it is sent.
 */
import type { Wallet } from "ethers";
import type { Endpoints } from "../../chain/endpoints.ts";
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { offer } from "../sending.ts";
import type { DeploymentConfig } from "./config.ts";
import { ALLOWING } from "./cost.ts";
import { execute } from "./execute.ts";
import type { DeploymentFolder, SavedPlan } from "./folder.ts";
import { addHeaders } from "./headers.ts";
import { addressOf, transactionOf, type Plan } from "./plan.ts";
import { createProvider, type Send } from "./provider.ts";

export interface CarryOutOptions {
  readonly config: Pick<DeploymentConfig, "chainId" | "confirmations" | "maxFee">;
  /** One line for people per step. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Where it is done. */
export interface Stage {
  readonly wallet: Wallet;
  readonly provider: Endpoints;
  readonly folder: DeploymentFolder;
}

/** Milliseconds between looks at the chain. */
const POLL_MS = { local: 20, other: 2000 };

/** Up to each step that needs what the steps before it leave on the chain, and then on. */
export async function carryOut(options: CarryOutOptions, stage: Stage, saved: SavedPlan): Promise<Plan> {
  const { provider, folder } = stage;
  let { plan } = saved;
  for (;;) {
    const open = plan.steps.findIndex(({ needsProbe }) => needsProbe !== undefined);
    const steps = open < 0 ? plan.steps : plan.steps.slice(0, open);
    await executeSteps(options, stage, { ...plan, steps }, plan.steps.length);
    if (open < 0) return plan;
    options.log("waiting for the blocks that show whether the chain has randomness");
    plan = await addHeaders(provider, plan, options.signal);
    await folder.savePlan({ ...saved, plan });
  }
}

async function executeSteps(
  { config, log, signal }: CarryOutOptions,
  { wallet, provider, folder }: Stage,
  plan: Plan,
  total: number,
): Promise<void> {
  const send: Send = async (transaction) => {
    checkIsNext(plan, folder.signed().length, transaction);
    const order = { ...transaction, ...(await offer(provider, config.maxFee, ALLOWING)) };
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

/** Nothing else is ever signed: whatever a run makes of what it finds, no contract is deployed twice, or elsewhere. */
function checkIsNext(plan: Plan, index: number, { nonce, to, data }: Parameters<Send>[0]): void {
  const step = plan.steps[index];
  const next = step && transactionOf(plan, step);
  if (next && nonce === plan.nonce + index && data === next.data && sameAddress(to, next.to)) return;
  const what = step?.id ?? "nothing more";
  const message = `the transaction with nonce ${nonce} is not the plan's next (${what}, nonce ${plan.nonce + index}): the account sent something else meanwhile, or this folder was changed; begin in a new one`;
  throw new HoldfastError("chain", message, { nonce, step: step?.id });
}

function sameAddress(given: Parameters<Send>[0]["to"], expected: string | undefined): boolean {
  if (typeof given !== "string" || expected === undefined) return given === expected;
  return given.toLowerCase() === expected.toLowerCase();
}
