// Deployments in folders: a later run completes an interrupted one, and deploys no contract twice.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { GWEI } from "../../chain/fees.ts";
import { addressOf, transactionOf } from "../../client/deployment/plan.ts";
import { present } from "../../evidence/world/present.ts";
import { BEACON, LEDGER, STEPS, TREASURY, useDeployments } from "../helpers/deploying.ts";
import { fundedKey, serveChain } from "../helpers/deployments.ts";

describe("client: deployments that were begun", function () {
  this.timeout(300_000);
  const on = useDeployments();

  it("go on after each transaction that does not reach the chain, and send it again", async () => {
    for (let step = 0; step < STEPS; step++) {
      // The transaction that the last run lost comes first.
      await on.cutAfter(step === 0 ? 0 : 1);
      expect(await on.nonce()).to.equal(step);
    }
    const { missing } = await on.create();
    expect([missing, await on.nonce()]).to.deep.equal([0, STEPS]);
  });

  it("go on after each transaction whose answer does not come back, and do not send it again", async () => {
    on.proxy.answer = "lost";
    for (let step = 0; step < STEPS; step++) {
      expect((await on.refusal()).code).to.equal("unreachable");
      expect(await on.nonce()).to.equal(step + 1);
    }
    on.proxy.answer = "passed on";
    const { missing, deployment } = await on.create();
    expect([missing, await on.nonce()]).to.deep.equal([0, STEPS]);
    expect(deployment.audits).to.equal(addressOf((await on.savedPlan()).plan, "Audits"));
  });

  it("go on after a run that ended before it had signed what it was about to send", async () => {
    await on.cutAfter(3);
    const database = new Database(join(on.folder, "signed.sqlite"));
    expect(database.prepare("DELETE FROM signed WHERE nonce = 3").run().changes).to.equal(1);
    database.close();
    await on.create();
    expect(await on.nonce()).to.equal(STEPS);
  });

  it("go on when somebody else has had the factory make what was to be made, and send theirs all the same", async () => {
    await on.cutAfter(BEACON);
    const { plan } = await on.savedPlan();
    const step = present(plan.steps[BEACON]);
    const other = await fundedKey(on.chain.provider, on.home);
    await (await other.wallet.sendTransaction(transactionOf(plan, step))).wait();
    expect(await on.chain.provider.getCode(addressOf(plan, step.id))).not.to.equal("0x");
    const { deployment } = await on.create();
    expect([deployment.beacon, await on.nonce()]).to.deep.equal([addressOf(plan, step.id), STEPS]);
  });

  it("go on after a run that ended while Ignition wrote its journal", async () => {
    await on.cutAfter(2);
    const path = join(on.folder, "ignition", "journal.jsonl");
    await writeFile(path, `${await readFile(path, "utf8")}\n{"futureId":"Holdf`);
    await on.create();
    expect(await on.nonce()).to.equal(STEPS);
  });

  it("deploy nothing twice where Ignition's journal was lost", async () => {
    await on.cutAfter(5);
    await rm(join(on.folder, "ignition"), { recursive: true });
    const { code, message } = await on.refusal();
    expect(code).to.equal("chain");
    expect(message).to.match(/is not the plan's next step \(\w+, nonce 6\).*begin in a new folder/);
    expect(await on.nonce()).to.equal(6);
  });

  it("send nothing when they are complete, and read everything back again", async () => {
    const first = await on.create();
    await (await on.account.wallet.sendTransaction({ to: TREASURY })).wait();
    const again = await on.create();
    expect(again.missing).to.equal(0);
    expect(again.deployment).to.deep.equal(first.deployment);
    expect(again.findings).to.deep.equal(first.findings);
    expect(await on.nonce()).to.equal(STEPS + 1);
  });

  it("stop at a signal, and go on later", async () => {
    const ending = new AbortController();
    const log = (line: string): void => {
      if (line.startsWith("4 of ")) ending.abort();
    };
    expect((await on.refusal({}, { log, signal: ending.signal })).code).to.equal("aborted");
    expect(await on.nonce()).to.equal(4);
    expect((await on.create()).missing).to.equal(STEPS - 4);
  });

  it("stop where a unit of gas costs more than is allowed, and go on when that is over or allowed", async () => {
    on.account = await fundedKey(on.chain.provider, on.home, "200");
    const ending = new AbortController();
    const log = (line: string): void => {
      if (line.startsWith("2 of ")) ending.abort();
    };
    await on.refusal({}, { log, signal: ending.signal });
    const ask = async (gwei: bigint): Promise<void> => {
      await on.chain.provider.send("hardhat_setNextBlockBaseFeePerGas", [`0x${(gwei * GWEI).toString(16)}`]);
      await on.chain.provider.send("evm_mine", []);
    };
    await ask(600n);
    const { code, message } = await on.refusal();
    expect(code).to.equal("chain");
    expect(message).to.match(
      /the chain asks \d{4} gwei for a unit of gas, more than 500: .*maxFeeGwei \d{4}/,
    );
    expect(await on.nonce()).to.equal(2);
    const later = (line: string): void => {
      if (line.startsWith("3 of ")) void ask(2000n);
    };
    expect((await on.refusal({ maxFeeGwei: 2000 }, { log: later })).message).to.include("maxFeeGwei");
    await ask(1n);
    await on.create();
    expect(await on.nonce()).to.equal(STEPS);
  });

  it("refuse to go on when the account has sent something else", async () => {
    await on.cutAfter(LEDGER);
    await on.chain.provider.send("eth_sendRawTransaction", [await on.otherTransaction()]);
    const error = await on.refusal();
    expect(error.code).to.equal("chain");
    expect(error.message).to.match(
      /sent something else in the meantime, so Ledger cannot get its planned address: begin in a new folder/,
    );
    expect(await on.nonce()).to.equal(LEDGER + 1);
  });

  it("refuse to go on when the account has sent something else, and nothing was signed for that nonce", async () => {
    await on.cutAfter(LEDGER);
    const database = new Database(join(on.folder, "signed.sqlite"));
    database.exec(`DELETE FROM signed WHERE nonce = ${LEDGER}`);
    database.close();
    await on.chain.provider.send("eth_sendRawTransaction", [await on.otherTransaction()]);
    expect((await on.refusal()).message).to.match(
      /so Ledger cannot get its planned address: begin in a new folder/,
    );
  });

  it("refuse to go on with other settings or another key, and name them", async () => {
    await on.cutAfter(1);
    const changed = await on.refusal({ protocolFee: 300, epochSeconds: 7200 });
    expect(changed).to.have.property("code", "bad-input");
    expect(changed.details["changed"]).to.deep.equal(["protocolFee", "epochSeconds", "unbondSeconds"]);
    on.account = await fundedKey(on.chain.provider, on.home);
    expect((await on.refusal()).details["changed"]).to.deep.equal(["account"]);
  });

  it("are made again, as planned, on a local chain that began anew", async () => {
    await on.cutAfter(2);
    const other = await serveChain();
    try {
      await other.provider.send("hardhat_setBalance", [on.account.address, "0x8ac7230489e80000"]);
      const { plan } = await on.savedPlan();
      await other.provider.send("evm_setNextBlockTimestamp", [plan.genesis + 1]);
      const { deployment } = await on.create({ rpcUrl: other.url });
      expect(deployment.audits).to.equal(addressOf(plan, "Audits"));
      expect(await other.provider.getTransactionCount(on.account.address)).to.equal(STEPS);
    } finally {
      await other.close();
    }
  });

  it("are one run's at a time", async () => {
    await on.cutAfter(1);
    const codes: string[] = [];
    const agree = async (): Promise<void> => {
      codes.push((await on.refusal()).code);
    };
    await on.create({}, { agree });
    expect(codes).to.deep.equal(["locked"]);
  });
});
