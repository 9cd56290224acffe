/**
 * A node's HTTP interface with a fake chain, and requests to it.
 */
import { createHash } from "node:crypto";
import type { Wallet } from "ethers";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { encodeAuthorization } from "../../protocol/authorization.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { REQUEST } from "../../protocol/typed-data.ts";
import { createAccess } from "../../prover/auth.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { openJournal, type Journal, type Upload } from "../../prover/journal.ts";
import type { ServerOptions } from "../../prover/server-options.ts";
import { createServer } from "../../prover/server.ts";
import { STARTING, type NodeStatus } from "../../prover/status.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { BUCKET, DOMAIN, NODE, OWNER, VNODE, type FakeChain } from "./fake-chain.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { testSegment } from "./segments.ts";

export const profile = PROFILES.tiny;
export const NOW = 1_000_000;
export const sha256 = (body: Uint8Array | string): string => createHash("sha256").update(body).digest("hex");
let nonce = 0n;

export interface Signed {
  signer?: Wallet;
  node?: bigint;
  method?: string;
  path?: string;
  body?: Uint8Array | string;
  expiry?: bigint;
  nonce?: bigint;
}

export async function authorization(request: Signed): Promise<string> {
  const message = {
    node: request.node ?? NODE,
    method: request.method ?? "GET",
    path: request.path ?? "/",
    bodyHash: `0x${sha256(request.body ?? "")}`,
    expiry: request.expiry ?? BigInt(NOW + 60),
    nonce: request.nonce ?? ++nonce,
  };
  return encodeAuthorization(
    message,
    await (request.signer ?? OWNER).signTypedData(DOMAIN, REQUEST, message),
  );
}

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** A segment that is uploaded. */
export const { data, root, leaves, bytes } = testSegment(9_000, 1);
export const uploadPath = (name: string = root.slice(2), bucket = BUCKET): string =>
  `/v1/vnodes/${VNODE}/buckets/${bucket}/segments/${name}`;
/** The upload as the journal has it. */
export const uploadTo = (bucket: bigint): Upload => ({
  account: OWNER.address,
  vNode: VNODE,
  bucket,
  root,
  price: 4n * BigInt(leaves),
});
export const readPath = `/v1/buckets/${BUCKET}/segments/${root.slice(2)}`;

export interface RunningServer {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly journal: Journal;
  readonly compacting: Set<bigint>;
  readonly clock: FakeClock;
  /** The status that the node reports. */
  status: NodeStatus;
  stop(): Promise<void>;
}

export interface Limits extends Partial<ServerOptions> {
  readonly quotaBytes?: number;
}

/** Starts a server on an existing folder. */
export async function startServer(
  folder: string,
  chain: FakeChain,
  { quotaBytes = 1e6, ...limits }: Limits = {},
): Promise<RunningServer> {
  const clock = createFakeClock(NOW * 1000);
  const log = pino({ level: "silent" });
  const journal = openJournal(folder);
  const store = await createStore(
    { folder, profile, quotaBytes, reserveBytes: 0 },
    { engine: referenceEngine },
  );
  const holdings = createHoldings(
    { node: NODE, directoryDepth: profile.directoryDepth, fromBlock: 0 },
    { chain, log },
  );
  await holdings.update();
  const compacting = new Set<bigint>();
  const running: Pick<RunningServer, "status"> = {
    status: { ...STARTING, ready: true, problem: undefined, epoch: 1, time: NOW },
  };
  const chainTime = (): number => running.status.time;
  const access = createAccess(NODE, { chain, holdings, journal, clock, chainTime });
  const app = await createServer(
    {
      node: NODE,
      profile,
      acceptSeconds: 600,
      minRent: 0n,
      maxUploads: 8,
      requestsPerMinute: 1000,
      ...limits,
    },
    { chain, access, store, holdings, journal, compacting, status: () => running.status, clock, log },
  );
  const stop = async (): Promise<void> => {
    await app.close();
    journal.close();
  };
  return Object.assign(running, { app, store, journal, compacting, clock, stop });
}

/** @param app the one of the running test */
export function requestsTo(app: () => FastifyInstance) {
  const put = async (path: string, body: Uint8Array, signed: Signed = {}): Promise<Answer> => {
    const response = await app().inject({
      method: "PUT",
      url: path,
      payload: Buffer.from(body),
      headers: {
        "content-type": "application/octet-stream",
        authorization: await authorization({ method: "PUT", path, body, ...signed }),
      },
    });
    const { error } = response.json<{ error?: { code: string; message: string } }>();
    return { status: response.statusCode, code: error?.code ?? "", message: error?.message ?? "" };
  };
  const get = async (path: string, signed: Signed = {}, headers: Record<string, string> = {}) =>
    app().inject({
      method: "GET",
      url: path,
      headers: { ...headers, authorization: await authorization({ path, ...signed }) },
    });

  /** Posts a signed request with a JSON body. */
  const post = async (path: string, order: object, signed: Signed = {}) => {
    const body = JSON.stringify(order);
    return app().inject({
      method: "POST",
      url: path,
      payload: body,
      headers: {
        "content-type": "application/json",
        authorization: await authorization({ method: "POST", path, body, ...signed }),
      },
    });
  };
  const messageOf = async (answer: ReturnType<typeof post>): Promise<string> =>
    (await answer).json<{ error: { message: string } }>().error.message;

  return { put, get, post, messageOf };
}
