/**
 * The node's connection to the chain: blocks, events, signatures and transactions. Only the files whose names begin
 * with chain use ethers. They read and send; the decisions are made elsewhere.
 */
import { verifyTypedData, Wallet, type TypedDataDomain } from "ethers";
import { createCounts } from "../chain/counts.ts";
import { openEndpoints, type Endpoints, type EndpointsOptions } from "../chain/endpoints.ts";
import { createEventSource } from "../chain/events.ts";
import { hashSegmentList } from "../chain/segment-list.ts";
import { createWallet } from "../chain/wallet.ts";
import { epochAt, sourcePoint } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { ACCEPTANCE, domain, EXTENSION, REQUEST } from "../protocol/typed-data.ts";
import { findContracts, transactionOf, type Contracts } from "./chain-contracts.ts";
import { refusing } from "./chain-errors.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import { createSurveys } from "./chain-surveys.ts";
import { createViews } from "./chain-views.ts";

export type * from "./chain-model.ts";

export interface ChainOptions extends Pick<EndpointsOptions, "log" | "now"> {
  /** One URL or several. */
  readonly rpcUrl: string | readonly string[];
  /** Address of the Audits contract. The other contracts are found from it. */
  readonly audits: string;
  readonly node: bigint;
  readonly privateKey: string;
  /** If given, any other chain is refused. */
  readonly chainId?: number | undefined;
  /** If given, any other token is refused. */
  readonly token?: string | undefined;
  /** Wei. */
  readonly maxFeePerGas: bigint;
}

/** Gas limit in percent of the estimate: the state may change before a transaction is mined. */
const GAS_MARGIN = 130n;

/** @throws HoldfastError "unreachable", "chain" or "key" unless chain, deployment and node are the expected ones */
export async function connectChain(options: ChainOptions): Promise<NodeChain> {
  const { rpcUrl, audits: auditsAddress, node, privateKey, maxFeePerGas } = options;
  const { chainId: expected, log, now } = options;
  const provider = await openEndpoints(rpcUrl, expected === undefined ? undefined : BigInt(expected), {
    log,
    now,
  });
  const { chainId } = await provider.getNetwork();
  try {
    const contracts = await findContracts(provider, auditsAddress, options.token);
    const wallet = new Wallet(privateKey, provider);
    const chain = await createChain({ provider, wallet, contracts, chainId, maxFeePerGas });
    await checkOperator(chain, node);
    return chain;
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

async function checkOperator(chain: NodeChain, node: bigint): Promise<void> {
  const { operator } = await chain.node(node);
  if (operator === chain.operator) return;
  const message = `node ${node} is operated by ${operator}, but the given key is that of ${chain.operator}: give the right key or node`;
  throw new HoldfastError("key", message, { node: String(node), operator, key: chain.operator });
}

// --------------------------------------------------------------------------------------------------------------- chain

interface Connection {
  readonly provider: Endpoints;
  readonly wallet: Wallet;
  readonly contracts: Contracts;
  readonly chainId: bigint;
  readonly maxFeePerGas: bigint;
}

async function createChain({
  provider,
  wallet,
  contracts,
  chainId,
  maxFeePerGas,
}: Connection): Promise<NodeChain> {
  const { audits, registry, challenges, errors } = contracts;
  const asked = <T>(what: string, answer: Promise<T>): Promise<T> => refusing(errors, what, answer);
  const constant = async (method: string): Promise<number> =>
    Number(await asked(method, audits.getFunction(method).staticCall() as Promise<bigint>));
  const registryAddress = await registry.getAddress();
  const auditsAddress = await audits.getAddress();
  const challengesAddress = await challenges.getAddress();
  const genesis = await constant("genesis");
  const epochSeconds = await constant("epochSeconds");
  const clock = { genesis, epochSeconds, margin: await constant("margin") };
  const signingDomain = domain(chainId, registryAddress) as TypedDataDomain;

  const source = createEventSource(
    provider,
    new Map([
      [registryAddress, registry.interface],
      [auditsAddress, audits.interface],
      [challengesAddress, challenges.interface],
    ]),
  );
  const views = createViews(provider, contracts, clock);
  const epochOf = (timestamp: number): number => epochAt(timestamp, clock);

  const pointOf = (epoch: number): number => sourcePoint(epoch, clock);

  return {
    ...createWallet<Call>({
      provider,
      wallet,
      chainId,
      maxFeePerGas,
      gasMargin: GAS_MARGIN,
      errors,
      transactionOf: (call) => transactionOf(contracts, call),
    }),
    ...views,
    ...createCounts(contracts, asked),
    ...createSurveys(source, views, { epochAt: epochOf, sourcePoint: pointOf }),
    chainId,
    registry: registryAddress,
    audits: auditsAddress,
    operator: wallet.address,
    epochSeconds,
    epochAt: epochOf,
    sourcePoint: pointOf,

    endpoints: () => provider.health(),
    block: () => asked("getBlock", source.block()),
    blockHash: (number) => asked("getBlock", source.blockHash(number)),

    async signAcceptance(terms) {
      const segments = hashSegmentList(terms.segments);
      return {
        segments,
        signature: await wallet.signTypedData(signingDomain, ACCEPTANCE, { ...terms, segments }),
      };
    },
    signExtension: (terms) => wallet.signTypedData(signingDomain, EXTENSION, terms),
    signRequest: (message) => wallet.signTypedData(signingDomain, REQUEST, message),
    requestSigner(message, signature) {
      try {
        return verifyTypedData(signingDomain, REQUEST, message, signature);
      } catch {
        return undefined;
      }
    },

    coins: () => asked("getBalance", provider.getBalance(wallet.address)),
    close: () => provider.destroy(),
  };
}
