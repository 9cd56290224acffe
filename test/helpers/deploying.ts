/**
 * Deployments in folders, on a chain behind a proxy that can lose transactions. Each test has a new account and folder.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { librariesFor } from "../../client/deployment/code.ts";
import { readDeploymentConfig, type DeploymentConfig } from "../../client/deployment/config.ts";
import { createDeployment, type Created } from "../../client/deployment/create.ts";
import type { SavedPlan } from "../../client/deployment/folder.ts";
import { present } from "../../evidence/world/present.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { fundedKey, leaveBigintsAlone, serveChain, type ServedChain } from "./deployments.ts";
import { errorOf } from "./errors.ts";
import { evmnet } from "./evmnet.ts";
import { makeFolder } from "./folder.ts";
import { startRpcProxy, type RpcProxy } from "./rpc-proxy.ts";

export const TREASURY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
export const DRAND = {
  kind: "drand",
  publicKey: Buffer.from(evmnet.publicKey).toString("hex"),
  genesis: evmnet.genesis,
  period: evmnet.period,
} as const;
/** Number of the first step after TestToken, Factory, the beacon, the libraries and the verifier. */
export const LEDGER = 4 + librariesFor(["Ledger", "Registry", "Audits", "Challenges", "Lens"]).length;
/** Number of all steps, with Ledger, Registry, Audits, Challenges and Lens. */
export const STEPS = LEDGER + 5;
export const BEACON = 2;

type CreateOptions = Parameters<typeof createDeployment>[0];

export interface Deploying {
  readonly chain: ServedChain;
  readonly proxy: RpcProxy;
  readonly home: string;
  readonly folder: string;
  /** The account that pays. */
  account: Awaited<ReturnType<typeof fundedKey>>;
  /** The lines that were shown, in all tests. */
  readonly lines: string[];
  /** @param changes to the settings */
  create(changes?: object, options?: Partial<CreateOptions>): Promise<Created>;
  /** The error of a creation that fails. */
  refusal(changes?: object, options?: Partial<CreateOptions>): Promise<HoldfastError>;
  /** Number of the account's transactions. */
  nonce(): Promise<number>;
  savedPlan(): Promise<SavedPlan>;
  /** Lets this many transactions through, and loses the next one. */
  cutAfter(transactions: number): Promise<void>;
  /** Sends another transaction with the account's next nonce. */
  otherTransaction(): Promise<string>;
  /** Hash of the account's transaction with this number. */
  hashOf(index: number, firstBlock: number): Promise<string>;
}

const answers = new Map<ProfileName, ReturnType<typeof makeKnownAnswer>>();
/** All deployments here use the same proof of a profile. */
function knownAnswer(profile: ProfileName): ReturnType<typeof makeKnownAnswer> {
  const answer = answers.get(profile) ?? makeKnownAnswer(profile);
  answers.set(profile, answer);
  return answer;
}

/** Call within `describe`. */
export function useDeployments(): Deploying {
  leaveBigintsAlone();
  let chain: ServedChain;
  let proxy: RpcProxy;
  let [home, folder, count] = ["", "", 0];
  before(async () => {
    await ensureProfile("tiny");
    chain = await serveChain();
    proxy = await startRpcProxy(chain.url);
    home = await makeFolder();
  });
  beforeEach(async () => {
    on.account = await fundedKey(chain.provider, home);
    folder = join(home, `deployment-${++count}`);
    [proxy.loses, proxy.answer] = [false, "passed on"];
    proxy.lies.clear();
  });
  after(async () => {
    proxy.close();
    await chain.close();
    await rm(home, { recursive: true });
  });

  const config = async (changes: object): Promise<DeploymentConfig> => {
    const path = join(home, "config.json");
    const settings = {
      rpcUrl: proxy.url,
      chainId: 31337,
      keyFile: on.account.keyFile,
      treasury: TREASURY,
      protocolFee: 200,
      epochSeconds: 3600,
      profiles: ["tiny"],
      beacons: [DRAND],
      ...changes,
    };
    await writeFile(path, JSON.stringify(settings));
    return readDeploymentConfig(path);
  };
  const on: Deploying = {
    get chain() {
      return chain;
    },
    get proxy() {
      return proxy;
    },
    get home() {
      return home;
    },
    get folder() {
      return folder;
    },
    account: undefined as unknown as Deploying["account"],
    lines: [],
    create: async (changes = {}, options = {}) =>
      createDeployment({
        config: await config(changes),
        folder,
        dryRun: false,
        signal: new AbortController().signal,
        agree: () => Promise.resolve(),
        log: (line) => on.lines.push(line),
        knownAnswer,
        wait: () => Promise.resolve(),
        ...options,
      }),
    async refusal(...args) {
      const error = await errorOf(on.create(...args));
      if (error instanceof HoldfastError) return error;
      throw error;
    },
    nonce: () => chain.provider.getTransactionCount(on.account.address),
    savedPlan: async () => JSON.parse(await readFile(join(folder, "plan.json"), "utf8")) as SavedPlan,
    async cutAfter(transactions) {
      const cutting = (async () => {
        for (let i = 0; i < transactions; i++) await proxy.next();
        proxy.loses = true;
      })();
      if (transactions === 0) await cutting;
      expect((await on.refusal()).code).to.equal("unreachable");
      proxy.loses = false;
    },
    async otherTransaction() {
      const transaction = { to: TREASURY, nonce: await on.nonce() };
      return on.account.wallet.signTransaction(await on.account.wallet.populateTransaction(transaction));
    },
    async hashOf(index, firstBlock) {
      for (let number = firstBlock; ; number++) {
        const block = present((await chain.provider.getBlock(number, true)) ?? undefined);
        const found = block.prefetchedTransactions.find(
          ({ from, nonce: sent }) => from === on.account.address && sent === index,
        );
        if (found) return found.hash;
      }
    },
  };
  return on;
}
