/**
 * How long a node in an old deployment takes to read all events from a local endpoint, and to start again afterwards.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Interface } from "ethers";
import { openEndpoints } from "../../chain/endpoints.ts";
import { openEventStore } from "../../chain/event-store.ts";
import { createEventSource } from "../../chain/events.ts";
import { createFollower } from "../../chain/follow.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { Knowledge } from "../../prover/holdings.ts";
import { AUDITS, CHALLENGES, REGISTRY, type MadeUp } from "./events-endpoint.ts";

export interface EventsSpeed {
  readonly events: number;
  readonly blocks: number;
  /** Seconds of elapsed time. */
  readonly firstRead: number;
  readonly nextStart: number;
  /** Size on disk, in 10^6 bytes. */
  readonly kept: number;
}

const EPOCH_SECONDS = 3_600;

export async function benchEvents(events: number): Promise<EventsSpeed> {
  const made: MadeUp = { events, eventsPerBlock: 4, vNodes: 1_000 };
  const folder = await mkdtemp(join(tmpdir(), "holdfast-events-"));
  const endpoint = fork(fileURLToPath(new URL("events-endpoint.ts", import.meta.url)), [
    JSON.stringify(made),
  ]);
  try {
    const [url] = (await once(endpoint, "message")) as [string];
    const path = join(folder, "events.sqlite");
    const first = await seconds(() => start(url, path));
    const next = await seconds(() => start(url, path));
    if (first.events !== events || next.events !== events)
      throw new Error(`read ${first.events} and ${next.events} events of ${events}`);
    return {
      events,
      blocks: events / made.eventsPerBlock,
      firstRead: first.seconds,
      nextStart: next.seconds,
      kept: Math.round((await stat(path)).size / 1e6),
    };
  } finally {
    endpoint.kill();
    await rm(folder, { recursive: true });
  }
}

/** Starts as a node does: reads all events, and builds the directory of a vNode. */
async function start(url: string, path: string): Promise<number> {
  const provider = await openEndpoints(url, undefined);
  const store = openEventStore(path, "bench");
  try {
    const abiOf = (name: string): Interface => new Interface(contractArtifact(name).abi);
    const source = createEventSource(
      provider,
      new Map([
        [REGISTRY, abiOf("Registry")],
        [AUDITS, abiOf("Audits")],
        [CHALLENGES, abiOf("Challenges")],
      ]),
    );
    const epochAt = (timestamp: number): number => Math.floor(timestamp / EPOCH_SECONDS);
    let known = new Knowledge(PROFILES.standard.directoryDepth);
    let count = 0;
    const reader = {
      restart() {
        known = new Knowledge(PROFILES.standard.directoryDepth);
        count = 0;
      },
      take(event: Parameters<Knowledge["learn"]>[0]) {
        known.learn(event, epochAt(event.timestamp));
        count++;
      },
      ready: () => undefined,
      check: () => {
        known.history(1n).latest();
        return Promise.resolve(undefined);
      },
    };
    const log = {
      warn: () => undefined,
      info: (facts: object) => void process.stderr.write(`${JSON.stringify(facts)}\n`),
    };
    await createFollower({ fromBlock: 1, epochAt }, { source, store, reader, log }).update();
    return count;
  } finally {
    store.close();
    provider.destroy();
  }
}

async function seconds(
  work: () => Promise<number>,
): Promise<{ readonly events: number; readonly seconds: number }> {
  const began = performance.now();
  const events = await work();
  return { events, seconds: Math.round((performance.now() - began) / 100) / 10 };
}
