/**
 * A chain in this process with the real contracts, on which many accounts act in one transaction.
 *
 * Single transactions would take most of a simulation's time. So acts are queued, and each block has one transaction with all
 * of them (contracts/test-support/Stage.sol). model.ts computes what they would cost in gas.
 */
import { getCreateAddress, Interface } from "ethers";
import { network } from "hardhat";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { deployWorld, type Addresses } from "./deploy.ts";
import { EPOCH_SECONDS } from "./model.ts";
import { word } from "./words.ts";

export type Hex = `0x${string}`;

/** The outcome of an act. */
export interface Outcome {
  readonly success: boolean;
  /** The returned data, or the revert data. */
  readonly answer: string;
}

export interface Act {
  readonly actor: string;
  readonly target: string;
  /** Hexadecimal digits, without 0x. */
  readonly data: string;
  /** Called with the outcome. Without it, the act must not fail. */
  readonly then?: ((outcome: Outcome) => void) | undefined;
  readonly wanted?: boolean | undefined;
}

export interface Question {
  readonly target: string;
  readonly data: string;
}

export type Scene = Awaited<ReturnType<typeof createScene>>;

/** No limits for the block of all acts. Each single act is far below the limit of a transaction. */
const CHAIN = { hardfork: "prague", blockGasLimit: 2n ** 50n, allowUnlimitedContractSize: true };
/** Acts per transaction. Very long transactions are slow. */
const TOGETHER = 64;
const GAS = `0x${(2n ** 48n).toString(16)}`;
const STAGE = new Interface(contractArtifact("Stage").abi);
const ACTED = STAGE.getEvent("Acted")?.topicHash;

/** @param beacons number of beacons: one for each market that records for itself, and one for all others */
export async function createScene(beacons: number, epochSeconds = EPOCH_SECONDS) {
  const chain = await network.create({ network: "hardhat", override: CHAIN as never });
  const request = (method: string, ...params: unknown[]): Promise<unknown> =>
    chain.provider.request({ method, params });
  const [from] = (await request("eth_accounts")) as [string];
  const send = async (data: string, to?: string): Promise<Receipt> => {
    const transaction = { from, data, gas: GAS, gasPrice: "0x0", ...(to === undefined ? {} : { to }) };
    const hash = await request("eth_sendTransaction", transaction);
    return (await request("eth_getTransactionReceipt", hash)) as Receipt;
  };
  await request("hardhat_setNextBlockBaseFeePerGas", "0x0");
  const world: Addresses = await deployWorld({ request, send, from, beacons, epochSeconds });
  const stage = (await send(contractArtifact("Stage").bytecode)).contractAddress;
  let hired = 0;
  let queue: Act[] = [];

  const performSome = async (acts: readonly Act[]): Promise<number> => {
    const { logs, gasUsed } = await send(encodePerform(acts.map(packed).join("")), stage);
    const reported = new Map(logs.filter(({ topics }) => topics[0] === ACTED).map(readActed));
    for (const [i, { then, data, target }] of acts.entries()) {
      const outcome = reported.get(i);
      if (!outcome) continue;
      if (then) then(outcome);
      else throw new Error(`an act failed: ${world.explain(target, data, outcome.answer)}`);
    }
    return Number(gasUsed);
  };

  const scene = {
    ...world,
    stage,
    chainId: 31337n,

    /** Creates accounts. */
    async hire(count: number): Promise<string[]> {
      await send(STAGE.encodeFunctionData("hire", [count]), stage);
      // The first contract that a contract creates has the nonce 1.
      const addresses = Array.from({ length: count }, (_, i) =>
        getCreateAddress({ from: stage, nonce: hired + i + 1 }).toLowerCase(),
      );
      hired += count;
      return addresses;
    },

    act: (act: Act): unknown => queue.push(act),

    /**
     * Performs the queued acts `seconds` after the epoch's start, or a second after the last block.
     *
     * @returns the gas used
     */
    async perform(epoch?: number, seconds = 0): Promise<number> {
      if (epoch !== undefined)
        await request("evm_setNextBlockTimestamp", world.genesis + epoch * epochSeconds + seconds);
      const acts = queue;
      queue = [];
      let gas = 0;
      for (let i = 0; i < acts.length; i += TOGETHER) gas += await performSome(acts.slice(i, i + TOGETHER));
      return gas;
    },

    /** The words that each view returned. Empty if it reverted. */
    async ask(questions: readonly Question[]): Promise<bigint[][]> {
      if (questions.length === 0) return [];
      const script = questions.map((q) => packed({ ...q, actor: stage })).join("");
      const call = { from, to: stage, data: encodeAsk(script), gas: GAS };
      const answer = (await request("eth_call", call, "latest")) as string;
      return readAnswers(answer.slice(2));
    },

    close: (): Promise<void> => chain.close(),
  };
  return scene;
}

interface Receipt {
  readonly contractAddress: string;
  readonly gasUsed: string;
  readonly logs: readonly Log[];
}

interface Log {
  readonly topics: readonly string[];
  readonly data: string;
}

const PERFORM = selectorOf("perform");
const ASK = selectorOf("ask");

function selectorOf(name: string): string {
  const selector = STAGE.getFunction(name)?.selector;
  if (selector === undefined) throw new Error(`Stage has no ${name}`);
  return selector;
}

const encodePerform = (script: string): string => PERFORM + bytesArgument(script);
const encodeAsk = (script: string): string => ASK + bytesArgument(script);

function bytesArgument(hex: string): string {
  const length = hex.length / 2;
  return word(32) + word(length) + hex.padEnd(64 * Math.ceil(length / 32), "0");
}

function packed({ actor, target, data, wanted }: Act): string {
  const length = (data.length / 2).toString(16).padStart(6, "0");
  return `${actor.slice(2)}${target.slice(2)}${wanted === true ? "01" : "00"}${length}${data}`;
}

function readActed({ data }: Log): [number, Outcome] {
  const at = (i: number): string => data.slice(2 + 64 * i, 66 + 64 * i);
  const length = Number(`0x${at(3)}`);
  const answer = data.slice(2 + 64 * 4, 2 + 64 * 4 + 2 * length);
  return [Number(`0x${at(0)}`), { success: at(1).endsWith("1"), answer }];
}

function readAnswers(hex: string): bigint[][] {
  const numberAt = (at: number): number => parseInt(hex.slice(2 * at + 48, 2 * at + 64), 16);
  const list = 32;
  const count = numberAt(list);
  return Array.from({ length: count }, (_, i) => {
    const at = list + 32 + numberAt(list + 32 + 32 * i);
    const words = Math.floor(numberAt(at) / 32);
    return Array.from({ length: words }, (_, j) => {
      const start = 2 * (at + 32 + 32 * j);
      return BigInt(`0x${hex.slice(start, start + 64)}`);
    });
  });
}
