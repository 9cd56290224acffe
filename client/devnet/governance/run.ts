/**
 * Runs the local network's governance scenario from start to end.
 */
import { loadHashEngine } from "../../../circuits/artifacts.ts";
import type { SafeRecord } from "../../governance/safe.ts";
import { calendarOf, type Calendar } from "../../governance/time.ts";
import { isConserved, takeStock } from "../accounting.ts";
import { createChecks, type Checks } from "../checks.ts";
import { createHistory } from "../history.ts";
import { startNetwork, type Deployed } from "../network.ts";
import type { DevnetOptions } from "../options.ts";
import { castRoles } from "../roles.ts";
import { runSession, type Session } from "../session.ts";
import { createWitness } from "../witness.ts";
import { createCluster, offerTo } from "./account.ts";
import { createDecisions } from "./decisions.ts";
import { expectService } from "./expectations.ts";
import { createHandOvers, type HandOvers } from "./hand-overs.ts";
import { NODES, peopleOf, type People } from "./people.ts";
import type { GovernanceReport } from "./report.ts";
import { makeSafe } from "./safe.ts";
import { play } from "./scenario.ts";
import { scheduleOf } from "./schedule.ts";
import { createService, type Service } from "./service.ts";
import type { GovernanceStage } from "./stage.ts";
import { createStoring } from "./storing.ts";
import { createWatch, type Watch } from "./watch.ts";

export interface GovernanceResult {
  readonly report: GovernanceReport;
}

/** Milliseconds between two looks at the chain, of the nodes and of this process. */
const POLL_MS = 250;
/** Epochs are as short as they can be, since a hand-over takes many of them. */
const PACE = { pollMs: POLL_MS, spareSeconds: 1.5 };
/** vNodes of the cluster: candidates on probation store little, and for a few epochs only. */
const PROVERS = 4;
const CAPACITY = 16_384;
/** One token of 18 decimals: far above what any lock here takes. */
const BOND = 10n ** 18n;
/** The shortest that the contracts take is more than three epochs. A hand-over takes so many whole ones, and six more. */
const unbondSeconds = (epochSeconds: number): number => 3 * epochSeconds + 1;

export function runGovernance(options: DevnetOptions): Promise<GovernanceResult> {
  return runSession(options, perform);
}

async function perform({ options, folder, processes }: Session): Promise<GovernanceResult> {
  const { profile, log, signal, epochSeconds } = options;
  const started = performance.now();
  const checks = createChecks(log);
  const { verdicts, onLog } = createWitness();
  const decisions = createDecisions(log);
  const service = createService({ log });
  const opening = Promise.withResolvers<Opening>();
  const network = await startNetwork({
    ...{ profile, log, folder, processes, onLog, epochSeconds },
    ...{ provers: PROVERS, capacity: CAPACITY, bond: BOND, pace: PACE },
    ...{ roles: castRoles(NODES), unbondSeconds },
    meanwhile: async (deployed) => {
      opening.resolve(await open(deployed, { service, checks, signal }));
    },
  });
  const opened = await opening.promise;
  const { watch, watching, calendar, handOvers, safe } = opened;
  const storing = createStoring(await loadHashEngine(), signal);
  const stage: GovernanceStage = {
    ...{ options, folder, network, checks, storing, ...opened },
    decide: (decision, epoch = watch.epoch) => decisions.add({ ...decision, epoch }),
  };
  const epochs = scheduleOf(Number(calendar.changeDelay)).at(-1)?.epoch ?? 0;
  log(
    `each hand-over takes ${calendar.changeDelay} epochs: the account has the cluster back after ${epochs} epochs, ${epochs * network.deployment.epochSeconds} s, or later`,
  );
  const story = async (): Promise<void> => {
    const { object, excluded } = await play(stage, safe);
    const sha256 = await storing.readBack(stage.people.app, object, folder);
    checks.expect("the file comes back with the same SHA-256", sha256 === object.sha256, sha256);
    await expectService(stage, verdicts, excluded);
  };
  await Promise.race([story(), watching]);
  const { chain, deployment } = network;
  const money = await takeStock(chain);
  checks.expect(
    "tokens are conserved to the unit",
    isConserved(money),
    `the ledger holds ${money.held} units`,
  );
  const report: GovernanceReport = {
    profile,
    epochSeconds: deployment.epochSeconds,
    changeDelay: Number(calendar.changeDelay),
    decisions: decisions.all,
    handOvers: handOvers.all,
    epochs: service.rows,
    money,
    seconds: Math.round((performance.now() - started) / 1000),
    checks: checks.all,
    passed: checks.all.every(({ passed }) => passed),
  };
  chain.close();
  return { report };
}

/** What is there before the nodes are: the cluster, and its offer to the Safe, whose delay begins at once. */
interface Opening {
  readonly people: People;
  readonly calendar: Calendar;
  readonly watch: Watch;
  /** Rejects if the chain cannot be read. */
  readonly watching: Promise<never>;
  readonly cluster: bigint;
  readonly handOvers: HandOvers;
  readonly safe: SafeRecord;
}

async function open(
  deployed: Deployed,
  { service, checks, signal }: { service: Service; checks: Checks; signal: AbortSignal },
): Promise<Opening> {
  const { chain, deployment } = deployed;
  const people = peopleOf(deployed);
  const calendar = await calendarOf(chain);
  const history = createHistory({
    ...{ chain, signal, fromBlock: deployment.block },
    onUpdate: (events, epoch) => service.follow(events, epoch),
  });
  const watch = createWatch({ history, epoch: () => service.epoch, pollMs: POLL_MS, signal });
  const watching = watch.run().then(() => new Promise<never>(() => undefined));
  watching.catch(() => undefined); // reported where it is awaited
  const [cluster, safe] = await Promise.all([
    createCluster(deployed, people),
    makeSafe(people.deployer, people.owners),
  ]);
  const handOvers = createHandOvers({ chain, cluster, calendar, checks, watch });
  await handOvers.offered("account", "Safe", await offerTo(people, cluster, safe.safe));
  return { people, calendar, watch, watching, cluster, handOvers, safe };
}
