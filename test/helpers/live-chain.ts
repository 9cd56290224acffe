/**
 * The real contracts, with the tiny circuit's key, on a separate chain that listens on a loopback port. The test says when
 * epochs pass.
 */
import { JsonRpcProvider, Wallet } from "ethers";
import { network } from "hardhat";
import { FIXED } from "../../chain/endpoint.ts";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { connect, type Chain } from "../../client/chain.ts";
import { deploy, type Deployment } from "../../client/deployment/deploy.ts";
import { developmentAccounts, type DevelopmentAccount } from "../../contracts/accounts.ts";
import { createRelay } from "../../drand/relay.ts";
import { startAnvil } from "../../evidence/world/anvil.ts";
import { ON_ANVIL } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { ensureProfile } from "../../keys/make.ts";
import { sourcePoint } from "../../protocol/epochs.ts";

/** Seconds: no epoch ends by itself. */
export const EPOCH_SECONDS = 10_000;
export const RENT = 10n ** 21n;
const FUNDS = 10n ** 9n;
/** Seconds from an epoch's start until its randomness can be known. */
export const MARGIN = 1_000;
/** A segment pays a multiple of 2^3 units per epoch. */
export const QUANTUM_BITS = 3;
const PARAMS = {
  odds: 1,
  window: 9_000,
  grace: 1,
  maxMisses: 2,
  slashMultiple: 5,
  faultMultiple: 10,
  syncEpochs: 3,
  bondEpochs: 20,
  managerFee: 200,
  auditFee: 100,
  reporterShare: 1000,
};

export interface LiveNode {
  readonly id: bigint;
  readonly owner: Chain;
  readonly operator: DevelopmentAccount;
}

export interface LiveChain {
  readonly rpcUrl: string;
  readonly relayUrl: string;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  readonly manager: Chain;
  readonly app: Chain;
  readonly appKey: string;
  readonly managerKey: string;
  readonly nodes: readonly LiveNode[];
  /** Ends the running epoch, and lets the next one's margin pass. */
  nextEpoch(): Promise<number>;
  setUrl(node: LiveNode, url: string): Promise<void>;
  close(): Promise<void>;
}

async function listen(): Promise<{ rpcUrl: string; stop: () => Promise<void> }> {
  if (ON_ANVIL) return { rpcUrl: await startAnvil(), stop: () => Promise.resolve() };
  const server = await network.createServer("hardhat", "127.0.0.1", 0);
  const { address, port } = await server.listen();
  return { rpcUrl: `http://${address}:${port}`, stop: () => server.close() };
}

/** Three nodes with bonds, a cluster with a vNode on each of the first two, the third as standby, and a bucket. */
export async function startLiveChain(): Promise<LiveChain> {
  await ensureProfile("tiny");
  const { rpcUrl, stop } = await listen();
  const provider = new JsonRpcProvider(rpcUrl, undefined, FIXED);
  const [deployer, manager, app, treasury, ...others] = developmentAccounts(10) as [
    ...[DevelopmentAccount, DevelopmentAccount, DevelopmentAccount, DevelopmentAccount],
    ...DevelopmentAccount[],
  ];
  const time = async (): Promise<number> =>
    present((await provider.getBlock("latest")) ?? undefined).timestamp;
  const genesis = await time();
  let chainTime = genesis;
  const relay = createRelay(
    { secret: 12345n, genesis: genesis - 1, period: 1 },
    { clock: () => chainTime + 1 },
  );
  const relayUrl = await relay.listen({ port: 0 });
  const deployment = await deploy({
    signer: new Wallet(deployer.privateKey, provider),
    profile: "tiny",
    epochSeconds: EPOCH_SECONDS,
    margin: MARGIN,
    genesis,
    verificationKey: await loadVerificationKey("tiny"),
    knownAnswer: await makeKnownAnswer("tiny"),
    drand: relay.chain,
    protocolFee: 200,
    treasury: treasury.address,
  });
  const chain = await connect({ rpcUrl, audits: deployment.audits });
  const as = ({ privateKey }: DevelopmentAccount): Chain => chain.as(privateKey);
  const fund = async (who: Chain): Promise<void> => {
    await who.send("token", "mint", [who.account(), FUNDS]);
    await who.send("token", "approve", [chain.addresses.ledger, FUNDS]);
    await who.send("ledger", "deposit", [who.account(), FUNDS]);
  };
  const register = async (i: number): Promise<LiveNode> => {
    const [owner, operator] = [as(present(others[2 * i])), present(others[2 * i + 1])];
    await fund(owner);
    const offer = [operator.address, "http://127.0.0.1:1", 1000, RENT, FUNDS, ""];
    await owner.send("registry", "registerNode", offer);
    await owner.send("ledger", "bond", [i + 1, FUNDS]);
    await owner.send("registry", "trust", [manager.address, true]);
    return { id: BigInt(i + 1), owner, operator };
  };
  const nodes = [await register(0), await register(1), await register(2)];
  await fund(as(app));
  await as(manager).send("registry", "createCluster", [0, 0, QUANTUM_BITS, PARAMS, "one"]);
  await as(manager).send("registry", "addVNodes", [1, [10, 20]]);
  await as(manager).send("registry", "assign", [1, 1]);
  await as(manager).send("registry", "assign", [2, 2]);
  await as(manager).send("registry", "addStandby", [1, 3]);
  await as(app).send("registry", "createBucket", [1, false]);

  return {
    rpcUrl,
    relayUrl,
    provider,
    deployment,
    nodes,
    manager: as(manager),
    app: as(app),
    appKey: app.privateKey,
    managerKey: manager.privateKey,
    async nextEpoch() {
      const epoch = Math.floor(((await time()) - genesis) / EPOCH_SECONDS) + 1;
      chainTime = sourcePoint(epoch, deployment);
      await provider.send("evm_setNextBlockTimestamp", [chainTime]);
      await provider.send("evm_mine", []);
      return epoch;
    },
    async setUrl({ id, owner, operator }, url) {
      await owner.send("registry", "updateNode", [id, operator.address, url, 1000, RENT, FUNDS, ""]);
    },
    async close() {
      chain.close();
      provider.destroy();
      await relay.close();
      await stop();
    },
  };
}
