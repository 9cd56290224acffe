// Deployments in folders: what a run that is cut off leaves, the next one completes, with no contract deployed twice.
import { expect } from "chai";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { GWEI } from "../../chain/fees.ts";
import { readDeploymentConfig, type DeploymentConfig } from "../../client/deployment/config.ts";
import { gasOf } from "../../client/deployment/cost.ts";
import { createDeployment, type Created } from "../../client/deployment/create.ts";
import type { SavedPlan } from "../../client/deployment/folder.ts";
import { makeKnownAnswer } from "../../client/keys/known-answer.ts";
import { librariesFor } from "../../client/deployment/code.ts";
import { addressOf, transactionOf } from "../../client/deployment/plan.ts";
import { ensureProfile } from "../../client/keys/make.ts";
import { publicKeyOf } from "../../protocol/drand.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { createRelay } from "../../verifier/relay.ts";
import { fundedKey, leaveBigintsAlone, serveChain, type ServedChain } from "../helpers/deployments.ts";
import { errorOf } from "../helpers/errors.ts";
import { evmnet } from "../helpers/evmnet.ts";
import { makeFolder } from "../helpers/folder.ts";
import { present } from "../helpers/present.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";

const TREASURY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const DRAND = {
  kind: "drand",
  publicKey: Buffer.from(evmnet.publicKey).toString("hex"),
  genesis: evmnet.genesis,
  period: evmnet.period,
} as const;
/** TestToken, Factory, the beacon, libraries, the verifier. */
const LEDGER = 4 + librariesFor(["Ledger", "Registry", "Audits", "Challenges", "Lens"]).length;
/** And Ledger, Registry, Audits, Challenges, Lens. */
const STEPS = LEDGER + 5;
const BEACON = 2;

const answers = new Map<ProfileName, ReturnType<typeof makeKnownAnswer>>();
/** One proof of a profile does for all deployments here. */
function knownAnswer(profile: ProfileName): ReturnType<typeof makeKnownAnswer> {
  const answer = answers.get(profile) ?? makeKnownAnswer(profile);
  answers.set(profile, answer);
  return answer;
}

describe("client: deployments in folders", function () {
  this.timeout(300_000);
  leaveBigintsAlone();
  let chain: ServedChain;
  let proxy: RpcProxy;
  let home: string;
  let folder: string;
  let account: Awaited<ReturnType<typeof fundedKey>>;
  let count = 0;
  before(async () => {
    await ensureProfile("tiny");
    chain = await serveChain();
    proxy = await startRpcProxy(chain.url);
    home = await makeFolder();
  });
  beforeEach(async () => {
    account = await fundedKey(chain.provider, home);
    folder = join(home, `deployment-${++count}`);
    [proxy.loses, proxy.answer] = [false, "passed on"];
    proxy.lies.clear();
  });
  after(async () => {
    proxy.close();
    await chain.close();
    await rm(home, { recursive: true });
  });

  const config = async (changes: object = {}): Promise<DeploymentConfig> => {
    const path = join(home, "config.json");
    const settings = {
      ...{ rpcUrl: proxy.url, chainId: 31337, keyFile: account.keyFile, treasury: TREASURY },
      ...{ protocolFee: 200, epochSeconds: 3600, profiles: ["tiny"], beacons: [DRAND], ...changes },
    };
    await writeFile(path, JSON.stringify(settings));
    return readDeploymentConfig(path);
  };
  const lines: string[] = [];
  const create = async (
    changes: object = {},
    options: Partial<Parameters<typeof createDeployment>[0]> = {},
  ): Promise<Created> =>
    createDeployment({
      ...{ config: await config(changes), folder, dryRun: false, signal: new AbortController().signal },
      agree: () => Promise.resolve(),
      log: (line) => lines.push(line),
      knownAnswer,
      ...options,
    });
  const refusal = async (...args: Parameters<typeof create>): Promise<HoldfastError> => {
    const error = await errorOf(create(...args));
    if (error instanceof HoldfastError) return error;
    throw error;
  };
  const nonce = (): Promise<number> => chain.provider.getTransactionCount(account.address);
  const savedPlan = async (): Promise<SavedPlan> =>
    JSON.parse(await readFile(join(folder, "plan.json"), "utf8")) as SavedPlan;
  /** Lets that many transactions through, and loses the next. */
  const cutAfter = async (transactions: number): Promise<void> => {
    const cutting = (async () => {
      for (let i = 0; i < transactions; i++) await proxy.next();
      proxy.loses = true;
    })();
    if (transactions === 0) await cutting;
    expect((await refusal()).code).to.equal("unreachable");
    proxy.loses = false;
  };

  it("complete in one run, which reads everything back and leaves a record", async () => {
    lines.length = 0;
    const { deployment, findings, missing } = await create();
    expect([missing, await nonce()]).to.deep.equal([STEPS, STEPS]);
    expect(findings.filter(({ ok }) => ok === false)).to.deep.equal([]);
    const compared = findings.filter(({ ok }) => ok === true).map(({ what }) => what);
    expect(compared).to.include.members([
      "chain",
      "token",
      "treasury",
      "start of epoch 0",
      "profile 0: the key",
    ]);
    expect(compared).to.include.members([
      "beacon 0: group key of drand's evmnet",
      "least bond of a challenge",
    ]);
    const record: unknown = JSON.parse(await readFile(join(folder, "deployment.json"), "utf8"));
    expect(record).to.deep.equal(deployment);
    expect(lines.filter((line) => line.includes(` of ${STEPS}: `))).to.have.length(STEPS);
    expect(lines).to.include(`${STEPS} of ${STEPS}: Lens is at ${deployment.lens}`);
    expect(lines).to.include(`${BEACON + 1} of ${STEPS}: Beacon_0 is at ${deployment.beacon}`);
  });

  it("go on after each transaction that does not reach the chain, and send it again", async () => {
    for (let step = 0; step < STEPS; step++) {
      // The one that the run before lost comes first.
      await cutAfter(step === 0 ? 0 : 1);
      expect(await nonce()).to.equal(step);
    }
    const { missing } = await create();
    expect([missing, await nonce()]).to.deep.equal([0, STEPS]);
  });

  it("go on after each transaction whose answer does not come back, and do not send it again", async () => {
    proxy.answer = "lost";
    for (let step = 0; step < STEPS; step++) {
      expect((await refusal()).code).to.equal("unreachable");
      expect(await nonce()).to.equal(step + 1);
    }
    proxy.answer = "passed on";
    const { missing, deployment } = await create();
    expect([missing, await nonce()]).to.deep.equal([0, STEPS]);
    expect(deployment.audits).to.equal(addressOf((await savedPlan()).plan, "Audits"));
  });

  it("go on after a run that ended before it had signed what it was about to send", async () => {
    await cutAfter(3);
    const database = new Database(join(folder, "signed.sqlite"));
    expect(database.prepare("DELETE FROM signed WHERE nonce = 3").run().changes).to.equal(1);
    database.close();
    await create();
    expect(await nonce()).to.equal(STEPS);
  });

  it("go on when somebody else has had the factory make what was to be made, and send theirs all the same", async () => {
    await cutAfter(BEACON);
    const { plan } = await savedPlan();
    const step = present(plan.steps[BEACON]);
    const other = await fundedKey(chain.provider, home);
    await (await other.wallet.sendTransaction(transactionOf(plan, step))).wait();
    expect(await chain.provider.getCode(addressOf(plan, step.id))).not.to.equal("0x");
    const { deployment } = await create();
    expect([deployment.beacon, await nonce()]).to.deep.equal([addressOf(plan, step.id), STEPS]);
  });

  it("go on after a run that ended while Ignition wrote its journal", async () => {
    await cutAfter(2);
    const path = join(folder, "ignition", "journal.jsonl");
    await writeFile(path, `${await readFile(path, "utf8")}\n{"futureId":"Holdf`);
    await create();
    expect(await nonce()).to.equal(STEPS);
  });

  it("deploy nothing twice where Ignition's journal was lost", async () => {
    await cutAfter(5);
    await rm(join(folder, "ignition"), { recursive: true });
    const { code, message } = await refusal();
    expect(code).to.equal("chain");
    expect(message).to.match(/is not the plan's next \(\w+, nonce 6\).*begin in a new one/);
    expect(await nonce()).to.equal(6);
  });

  it("send nothing when they are complete, and read everything back again", async () => {
    const first = await create();
    await (await account.wallet.sendTransaction({ to: TREASURY })).wait();
    const again = await create();
    expect(again.missing).to.equal(0);
    expect(again.deployment).to.deep.equal(first.deployment);
    expect(again.findings).to.deep.equal(first.findings);
    expect(await nonce()).to.equal(STEPS + 1);
  });

  it("are read back from two endpoints where there are several, which must say the same", async () => {
    const other = await startRpcProxy(chain.url);
    try {
      other.lies.set("eth_getCode", () => "0x");
      const rpcUrl = [proxy.url, other.url];
      const { code, message } = await refusal({ rpcUrl });
      expect([code, await nonce()]).to.deep.equal(["unreachable", STEPS]);
      expect(message).to.match(/disagree about the deployment/);
      other.lies.clear();
      expect((await create({ rpcUrl })).findings.filter(({ ok }) => ok === false)).to.deep.equal([]);
    } finally {
      other.close();
    }
  });

  it("stop at a signal, and go on later", async () => {
    const ending = new AbortController();
    const log = (line: string): void => {
      if (line.startsWith("4 of ")) ending.abort();
    };
    expect((await refusal({}, { log, signal: ending.signal })).code).to.equal("aborted");
    expect(await nonce()).to.equal(4);
    expect((await create()).missing).to.equal(STEPS - 4);
  });

  it("offer no tip that is out of all proportion, whatever the endpoint asks for", async () => {
    proxy.lies.set("eth_maxPriorityFeePerGas", () => `0x${(2_000_000n * GWEI).toString(16)}`);
    const { cost } = await create();
    expect(cost.gasPrice < 100n * GWEI, String(cost.gasPrice)).to.equal(true);
    const { plan } = await savedPlan();
    for (let i = 0; i < STEPS; i++) {
      const found = await chain.provider.getTransaction(await hashOf(i, plan.block));
      expect(present(found?.maxPriorityFeePerGas ?? undefined) <= 30n * GWEI).to.equal(true);
    }
  });

  it("stop where a unit of gas costs more than is allowed, and go on when that is over or allowed", async () => {
    account = await fundedKey(chain.provider, home, "200");
    const ending = new AbortController();
    const log = (line: string): void => {
      if (line.startsWith("2 of ")) ending.abort();
    };
    await refusal({}, { log, signal: ending.signal });
    const ask = async (gwei: bigint): Promise<void> => {
      await chain.provider.send("hardhat_setNextBlockBaseFeePerGas", [`0x${(gwei * GWEI).toString(16)}`]);
      await chain.provider.send("evm_mine", []);
    };
    await ask(600n);
    const { code, message } = await refusal();
    expect(code).to.equal("chain");
    expect(message).to.match(
      /the chain asks \d{4} gwei for a unit of gas, more than 500: .*maxFeeGwei \d{4}/,
    );
    expect(await nonce()).to.equal(2);
    const later = (line: string): void => {
      if (line.startsWith("3 of ")) void ask(2000n);
    };
    expect((await refusal({ maxFeeGwei: 2000 }, { log: later })).message).to.include("maxFeeGwei");
    await ask(1n);
    await create();
    expect(await nonce()).to.equal(STEPS);
  });

  it("refuse to go on when the account has sent something else", async () => {
    await cutAfter(LEDGER);
    await chain.provider.send("eth_sendRawTransaction", [await otherTransaction()]);
    const error = await refusal();
    expect(error.code).to.equal("chain");
    expect(error.message).to.match(
      /sent something else meanwhile, so Ledger cannot be .*begin in a new folder/,
    );
    expect(await nonce()).to.equal(LEDGER + 1);
  });

  it("refuse to go on when the account has sent something else, and nothing was signed for that nonce", async () => {
    await cutAfter(LEDGER);
    const database = new Database(join(folder, "signed.sqlite"));
    database.exec(`DELETE FROM signed WHERE nonce = ${LEDGER}`);
    database.close();
    await chain.provider.send("eth_sendRawTransaction", [await otherTransaction()]);
    expect((await refusal()).message).to.match(/so Ledger cannot be .*begin in a new folder/);
  });

  it("refuse to go on with other settings or another key, and name them", async () => {
    await cutAfter(1);
    const changed = await refusal({ protocolFee: 300, epochSeconds: 7200 });
    expect(changed).to.have.property("code", "bad-input");
    expect(changed.details["changed"]).to.deep.equal(["protocolFee", "epochSeconds", "unbondSeconds"]);
    account = await fundedKey(chain.provider, home);
    expect((await refusal()).details["changed"]).to.deep.equal(["account"]);
  });

  it("are made again, as planned, on a local chain that began anew", async () => {
    await cutAfter(2);
    const other = await serveChain();
    try {
      await other.provider.send("hardhat_setBalance", [account.address, "0x8ac7230489e80000"]);
      const { plan } = await savedPlan();
      await other.provider.send("evm_setNextBlockTimestamp", [plan.genesis + 1]);
      const { deployment } = await create({ rpcUrl: other.url });
      expect(deployment.audits).to.equal(addressOf(plan, "Audits"));
      expect(await other.provider.getTransactionCount(account.address)).to.equal(STEPS);
    } finally {
      await other.close();
    }
  });

  it("are one run's at a time", async () => {
    await cutAfter(1);
    const codes: string[] = [];
    const agree = async (): Promise<void> => {
      codes.push((await refusal()).code);
    };
    await create({}, { agree });
    expect(codes).to.deep.equal(["locked"]);
  });

  it("show what they would do, and leave no trace, in a dry run", async () => {
    const { deployment, missing, cost } = await create({}, { dryRun: true });
    expect([missing, await nonce()]).to.deep.equal([STEPS, 0]);
    expect(cost.gas > 30_000_000n && cost.most === cost.gas * cost.gasPrice).to.equal(true);
    expect(await errorOf(readFile(join(folder, "plan.json")))).to.have.property("code", "ENOENT");
    expect((await create()).deployment.audits).to.equal(deployment.audits);
  });

  it("send nothing that was not agreed to", async () => {
    const agree = (what: string): Promise<void> => {
      expect(what).to.match(
        /^deploy with \d+ transactions to the chain 31337 from 0x\w{40} \(nonces 0 to \d+\), for at most \d+ gas/,
      );
      return Promise.reject(new HoldfastError("aborted", "no"));
    };
    expect((await refusal({}, { agree })).message).to.equal("no");
    expect(await nonce()).to.equal(0);
  });

  it("begin with several profiles and beacons, and cost no more gas than was said, nor much less", async () => {
    await ensureProfile("demo");
    const beacons = [DRAND, { kind: "prevrandao" }];
    const { deployment, findings } = await create({ profiles: ["demo", "tiny"], beacons });
    expect(deployment.profiles.map(({ profile }) => profile)).to.deep.equal(["demo", "tiny"]);
    expect(deployment.beacons).to.have.length(2);
    const compared = findings.filter(({ what }) => /^profile \d: the key$|^beacon \d: kind$/.test(what));
    expect(compared.map(({ ok }) => ok)).to.deep.equal([true, true, true, true]);

    const { plan } = await savedPlan();
    for (const [i, step] of plan.steps.entries()) {
      const hash = await hashOf(i, plan.block);
      const used = present((await chain.provider.getTransactionReceipt(hash)) ?? undefined).gasUsed;
      const [least, most] = [used, (used * 5n) / 4n + 200_000n];
      expect(
        gasOf(plan, step) >= least && gasOf(plan, step) < most,
        `${step.id}: ${used} of ${gasOf(plan, step)}`,
      ).to.equal(true);
    }
  });

  describe("refuse", () => {
    it("an account that cannot pay, and say how much is missing", async () => {
      account = await fundedKey(chain.provider, home, "0.001");
      const error = await refusal();
      expect(error.code).to.equal("funds");
      expect(error.message).to.match(
        /has 0\.001 of the chain's coin, and \d+ gas may cost .*: send it 0\.\d+ more/,
      );
      expect(await nonce()).to.equal(0);
    });

    it("a genesis in the future", async () => {
      const genesis = present((await chain.provider.getBlock("latest")) ?? undefined).timestamp + 1000;
      const error = await refusal({ genesis });
      expect(error.code).to.equal("bad-input");
      expect(error.message).to.match(/the genesis is \d+ s in the future on this chain/);
    });

    it("a drand network that has not begun", async () => {
      const genesis = present((await chain.provider.getBlock("latest")) ?? undefined).timestamp + 1000;
      const error = await refusal({ beacons: [{ ...DRAND, genesis }] });
      expect(error.message).to.match(/beacons\.0\.genesis is \d+ s in the future/);
    });

    it("a drand key that is not the one that a relay publishes", async () => {
      const secret = 5n;
      const relay = createRelay({ secret, genesis: 1_700_000_000, period: 3 }, { clock: () => 0 });
      const url = await relay.listen({ port: 0 });
      try {
        const own = { ...DRAND, genesis: 1_700_000_000, url };
        expect((await refusal({ beacons: [own] })).message).to.match(/publishes another key or other times/);
        const publicKey = Buffer.from(publicKeyOf(secret)).toString("hex");
        expect((await create({ beacons: [{ ...own, publicKey }] }, { dryRun: true })).missing).to.equal(
          STEPS,
        );
      } finally {
        await relay.close();
      }
    });

    it("a token that is none", async () => {
      const error = await refusal({ token: TREASURY });
      expect(error.code).to.equal("chain");
      expect(error.message).to.match(/no ERC-20 token at/);
    });

    it("another chain than the configuration's", async () => {
      expect((await refusal({ chainId: 1 })).message).to.match(/has the id 31337, not 1/);
    });

    it("a key made for development on a chain that is not a local one", async () => {
      const other = await serveChain(5);
      try {
        account = await fundedKey(other.provider, home);
        const error = await refusal({ rpcUrl: other.url, chainId: 5 });
        expect(error.code).to.equal("key");
        expect(error.message).to.match(/this key was made for development/);
      } finally {
        await other.close();
      }
    });
  });

  /** With the account's next nonce, signed by hand. */
  async function otherTransaction(): Promise<string> {
    const transaction = await account.wallet.populateTransaction({ to: TREASURY, nonce: await nonce() });
    return account.wallet.signTransaction(transaction);
  }

  /** Of the account, by its nonce. */
  async function hashOf(index: number, firstBlock: number): Promise<string> {
    for (let number = firstBlock; ; number++) {
      const block = present((await chain.provider.getBlock(number, true)) ?? undefined);
      const found = block.prefetchedTransactions.find(
        ({ from, nonce: sent }) => from === account.address && sent === index,
      );
      if (found) return found.hash;
    }
  }
});
