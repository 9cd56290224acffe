/**
 * Executes a plan with Ignition: in memory, or in a folder in which a later run can resume.
 */
import type {
  Artifact,
  ArtifactResolver,
  DeploymentResult,
  EIP1193Provider,
  ExecutionEventListener,
} from "@nomicfoundation/ignition-core";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { constructorAbi, linkedBytecode } from "./code.ts";
import { addressOf, FACTORY, type DeploymentPlan } from "./plan.ts";

export interface ExecuteOptions {
  readonly plan: DeploymentPlan;
  readonly provider: EIP1193Provider;
  /** Milliseconds between two looks at the chain. */
  readonly pollMs: number;
  /** Blocks until a contract counts as deployed, its own included; default 1. */
  readonly confirmations?: number;
  /** After each step. */
  readonly onStep?: ((id: string) => void) | undefined;
  readonly journal?: IgnitionJournal;
}

/** What a later run needs to resume. */
export interface IgnitionJournal {
  /** Folder of Ignition's own journal. */
  readonly folder: string;
  /** Hash of the transaction that was signed with this nonce, and may have been sent. */
  readonly hashOf: (nonce: number) => string | undefined;
}

/** Ignition's error for a transaction that it was about to send when the last run ended. */
const TRANSACTION_LOST = 10410;

type Ignition = typeof import("@nomicfoundation/ignition-core");

/** @throws HoldfastError "chain" if a contract cannot be deployed as planned */
export async function execute(options: ExecuteOptions): Promise<void> {
  const { plan, journal } = options;
  // Loaded here: it takes longer to load than most commands take to run.
  const [ignition, { holdfastModule }] = await Promise.all([
    import("@nomicfoundation/ignition-core"),
    import("./module.ts"),
  ]);
  const run = (): Promise<DeploymentResult> =>
    ignition.deploy({
      ignitionModule: holdfastModule(plan.steps),
      deploymentParameters: {},
      artifactResolver: resolverOf(plan),
      provider: options.provider,
      accounts: [plan.account],
      defaultSender: plan.account,
      executionEventListener: listener(options.onStep),
      ...(journal && { deploymentDir: journal.folder }),
      config: {
        requiredConfirmations: options.confirmations ?? 1,
        blockPollingInterval: options.pollMs,
        // Never raise a fee: that would be a second transaction with the same nonce. The wait ends with the run.
        timeBeforeBumpingFees: Number.MAX_SAFE_INTEGER,
      },
      disableFeeBumping: true,
    });
  const result = await run().catch((error: unknown) => {
    if (!journal || !isLost(error)) throw explain(error);
    return findLost(ignition, options, journal, error)
      .then(run)
      .catch((again: unknown) => {
        throw explain(again);
      });
  });
  checkResult(ignition, result, plan);
}

/**
 * Links the libraries here. Ignition would write their addresses in mixed case, and then not recognize its own transaction,
 * which the chain returns in lower case.
 */
function resolverOf(plan: DeploymentPlan): ArtifactResolver {
  return {
    loadArtifact: (name) => {
      const bytecode = linkedBytecode(name, (library) => addressOf(plan, library));
      return Promise.resolve({
        ...contractArtifact(name),
        ...(name !== FACTORY && { abi: constructorAbi(name) }),
        bytecode,
        linkReferences: {},
      } as unknown as Artifact);
    },
    getBuildInfo: () => Promise.resolve(undefined),
  };
}

function listener(onStep: ExecuteOptions["onStep"]): ExecutionEventListener {
  const ignore = (): Promise<void> => Promise.resolve();
  const done: ExecutionEventListener["deploymentExecutionStateComplete"] = ({ futureId, result }) => {
    if (!("error" in result)) onStep?.(stepOf(futureId));
    return Promise.resolve();
  };
  const steps = new Set<unknown>(["deploymentExecutionStateComplete", "callExecutionStateComplete"]);
  return new Proxy({} as ExecutionEventListener, {
    get: (_, name) => (steps.has(name) ? done : ignore),
  });
}

/** Ignition's "Holdfast#Ledger" as "Ledger". */
function stepOf(futureId: string): string {
  return futureId.slice(futureId.indexOf("#") + 1);
}

// ------------------------------------------------------------------------------------------------------------ recovery

interface LostTransaction {
  readonly number: number;
  readonly messageArguments: { readonly futureId: string; readonly nonce: number };
}

function isLost(error: unknown): error is Error & LostTransaction {
  return error instanceof Error && "number" in error && error.number === TRANSACTION_LOST;
}

/** The last run ended after signing a transaction and before noting that it was sent: finds it among the signed ones. */
async function findLost(
  { trackTransaction, wipe }: Ignition,
  { plan, provider, confirmations = 1 }: ExecuteOptions,
  { folder, hashOf }: IgnitionJournal,
  { messageArguments: { futureId, nonce } }: LostTransaction,
): Promise<void> {
  const hash = hashOf(nonce);
  if (hash === undefined) await wipe(folder, resolverOf(plan), futureId);
  else await trackTransaction(folder, hash, provider, confirmations);
}

// -------------------------------------------------------------------------------------------------------------- errors

function checkResult(
  { DeploymentResultType }: Ignition,
  result: DeploymentResult,
  plan: DeploymentPlan,
): void {
  if ("contracts" in result) {
    for (const { id, address } of Object.values(result.contracts)) {
      const expected = addressOf(plan, stepOf(id));
      if (address !== expected) throw elsewhere(stepOf(id), { expected, actual: address });
    }
    return;
  }
  const reasons =
    "errors" in result
      ? Object.entries(result.errors).map(([id, errors]) => `${stepOf(id)}: ${errors.join(", ")}`)
      : result.failed.map(({ futureId, error }) => `${stepOf(futureId)}: ${error}`);
  const advice =
    result.type === DeploymentResultType.RECONCILIATION_ERROR
      ? "this folder was begun with another version: use that version, or begin in a new folder"
      : "if a transaction failed on the chain, begin in a new folder; otherwise correct the cause and run the same command again";
  const message = `the deployment failed (${reasons.join("; ")}): ${advice}`;
  throw new HoldfastError("chain", message, { reasons });
}

function elsewhere(name: string, details: Readonly<Record<string, unknown>>): HoldfastError {
  const message = `${name} is not at its planned address, because the account sent something else in the meantime: deploy again`;
  return new HoldfastError("chain", message, details);
}

function explain(error: unknown): unknown {
  // These are our own errors, or mistakes in the program.
  if (!(error instanceof Error) || error instanceof HoldfastError || error instanceof TypeError) return error;
  const text = `the deployment stopped: ${error.message.replace(/^HHE\d+: /, "")}`;
  return new HoldfastError("chain", text, {}, { cause: error });
}
