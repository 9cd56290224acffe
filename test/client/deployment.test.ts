// Deployments in folders: what a run deploys, shows and refuses.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { GWEI } from "../../chain/fees.ts";
import { gasOf } from "../../client/deployment/cost.ts";
import { createRelay } from "../../drand/relay.ts";
import { publicKeyOf } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import { ensureProfile } from "../../keys/make.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { BEACON, DRAND, STEPS, TREASURY, useDeployments } from "../helpers/deploying.ts";
import { fundedKey, serveChain } from "../helpers/deployments.ts";
import { errorOf } from "../helpers/errors.ts";
import { startRpcProxy } from "../helpers/rpc-proxy.ts";

describe("client: deployments in folders", function () {
  this.timeout(300_000);
  const on = useDeployments();

  it("complete in one run, which reads everything back and leaves a record", async () => {
    on.lines.length = 0;
    const { deployment, findings, missing } = await on.create();
    expect([missing, await on.nonce()]).to.deep.equal([STEPS, STEPS]);
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
    const record: unknown = JSON.parse(await readFile(join(on.folder, "deployment.json"), "utf8"));
    expect(record).to.deep.equal(deployment);
    expect(on.lines.filter((line) => line.includes(` of ${STEPS}: `))).to.have.length(STEPS);
    expect(on.lines).to.include(`${STEPS} of ${STEPS}: Lens is at ${deployment.lens}`);
    expect(on.lines).to.include(`${BEACON + 1} of ${STEPS}: Beacon_0 is at ${deployment.beacon}`);
  });

  it("are read back from two endpoints where there are several, which must say the same", async () => {
    const other = await startRpcProxy(on.chain.url);
    try {
      other.lies.set("eth_getCode", () => "0x");
      const rpcUrl = [on.proxy.url, other.url];
      const { code, message } = await on.refusal({ rpcUrl });
      expect([code, await on.nonce()]).to.deep.equal(["unreachable", STEPS]);
      expect(message).to.match(/disagree about the deployment/);
      other.lies.clear();
      expect((await on.create({ rpcUrl })).findings.filter(({ ok }) => ok === false)).to.deep.equal([]);
    } finally {
      other.close();
    }
  });

  it("offer no tip that is out of all proportion, whatever the endpoint asks for", async () => {
    on.proxy.lies.set("eth_maxPriorityFeePerGas", () => `0x${(2_000_000n * GWEI).toString(16)}`);
    const { cost } = await on.create();
    expect(cost.gasPrice < 100n * GWEI, String(cost.gasPrice)).to.equal(true);
    const { plan } = await on.savedPlan();
    for (let i = 0; i < STEPS; i++) {
      const found = await on.chain.provider.getTransaction(await on.hashOf(i, plan.block));
      expect(present(found?.maxPriorityFeePerGas ?? undefined) <= 30n * GWEI).to.equal(true);
    }
  });

  it("show what they would do, and leave no trace, in a dry run", async () => {
    const { deployment, missing, cost } = await on.create({}, { dryRun: true });
    expect([missing, await on.nonce()]).to.deep.equal([STEPS, 0]);
    expect(cost.gas > 30_000_000n && cost.most === cost.gas * cost.gasPrice).to.equal(true);
    expect(await errorOf(readFile(join(on.folder, "plan.json")))).to.have.property("code", "ENOENT");
    expect((await on.create()).deployment.audits).to.equal(deployment.audits);
  });

  it("send nothing that was not agreed to", async () => {
    const agree = (what: string): Promise<void> => {
      expect(what).to.match(
        /^deploy with \d+ transactions to the chain 31337 from 0x\w{40} \(nonces 0 to \d+\), for at most \d+ gas/,
      );
      return Promise.reject(new HoldfastError("aborted", "no"));
    };
    expect((await on.refusal({}, { agree })).message).to.equal("no");
    expect(await on.nonce()).to.equal(0);
  });

  it("begin with several profiles and beacons, and cost no more gas than was said, nor much less", async () => {
    await ensureProfile("demo");
    const beacons = [DRAND, { kind: "prevrandao" }];
    const { deployment, findings } = await on.create({ profiles: ["demo", "tiny"], beacons });
    expect(deployment.profiles.map(({ profile }) => profile)).to.deep.equal(["demo", "tiny"]);
    expect(deployment.beacons).to.have.length(2);
    const compared = findings.filter(({ what }) => /^profile \d: the key$|^beacon \d: kind$/.test(what));
    expect(compared.map(({ ok }) => ok)).to.deep.equal([true, true, true, true]);

    const { plan } = await on.savedPlan();
    for (const [i, step] of plan.steps.entries()) {
      const hash = await on.hashOf(i, plan.block);
      const used = present((await on.chain.provider.getTransactionReceipt(hash)) ?? undefined).gasUsed;
      const [least, most] = [used, (used * 5n) / 4n + 200_000n];
      expect(
        gasOf(plan, step) >= least && gasOf(plan, step) < most,
        `${step.id}: ${used} of ${gasOf(plan, step)}`,
      ).to.equal(true);
    }
  });

  describe("refuse", () => {
    it("an account that cannot pay, and say how much is missing", async () => {
      on.account = await fundedKey(on.chain.provider, on.home, "0.001");
      const error = await on.refusal();
      expect(error.code).to.equal("funds");
      expect(error.message).to.match(
        /has 0\.001 of the chain's coin, and \d+ gas may cost .*: send it 0\.\d+ more/,
      );
      expect(await on.nonce()).to.equal(0);
    });

    it("a genesis in the future", async () => {
      const genesis = present((await on.chain.provider.getBlock("latest")) ?? undefined).timestamp + 1000;
      const error = await on.refusal({ genesis });
      expect(error.code).to.equal("bad-input");
      expect(error.message).to.match(/the genesis is \d+ s in the future on this chain/);
    });

    it("a drand network that has not begun", async () => {
      const genesis = present((await on.chain.provider.getBlock("latest")) ?? undefined).timestamp + 1000;
      const error = await on.refusal({ beacons: [{ ...DRAND, genesis }] });
      expect(error.message).to.match(/beacons\.0\.genesis is \d+ s in the future/);
    });

    it("a drand key that is not the one that a relay publishes", async () => {
      const secret = 5n;
      const relay = createRelay({ secret, genesis: 1_700_000_000, period: 3 }, { clock: () => 0 });
      const url = await relay.listen({ port: 0 });
      try {
        const own = { ...DRAND, genesis: 1_700_000_000, url };
        expect((await on.refusal({ beacons: [own] })).message).to.match(
          /publishes another key or other times/,
        );
        const publicKey = Buffer.from(publicKeyOf(secret)).toString("hex");
        expect((await on.create({ beacons: [{ ...own, publicKey }] }, { dryRun: true })).missing).to.equal(
          STEPS,
        );
      } finally {
        await relay.close();
      }
    });

    it("a token that is none", async () => {
      const error = await on.refusal({ token: TREASURY });
      expect(error.code).to.equal("chain");
      expect(error.message).to.match(/no ERC-20 token at/);
    });

    it("another chain than the configuration's", async () => {
      expect((await on.refusal({ chainId: 1 })).message).to.match(/has the id 31337, not 1/);
    });

    it("a key made for development on a chain that is not a local one", async () => {
      const other = await serveChain(5);
      try {
        on.account = await fundedKey(other.provider, on.home);
        const error = await on.refusal({ rpcUrl: other.url, chainId: 5 });
        expect(error.code).to.equal("key");
        expect(error.message).to.match(/this key was made for development/);
      } finally {
        await other.close();
      }
    });
  });
});
