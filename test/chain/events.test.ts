// Events as an endpoint gives them: in order, with the times of their blocks, and never empty because a backend lags.
import { expect } from "chai";
import { Interface, JsonRpcProvider, toBeHex, type JsonRpcPayload, type JsonRpcResult } from "ethers";
import { createEventSource, type Block, type ChainEvent, type EventSource } from "../../chain/events.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const ONE = `0x${"01".repeat(20)}`;
const OTHER = `0x${"02".repeat(20)}`;
const hex32 = (n: number, fill = "0"): string => `0x${n.toString(16).padStart(64, fill)}`;
const abi = new Interface([
  "event Stored(uint256 indexed vNode, uint32 serial)",
  "event Challenged(uint256 indexed id, tuple(uint32 epoch, uint256[] amounts) challenge)",
]);

/** A chain whose block n has n % 3 events; one backend of its endpoint may lag. */
class FakeRpc extends JsonRpcProvider {
  head = 20;
  /** Blocks that the backend which answers eth_getLogs has. */
  known = 20;
  saysTimes = true;
  readonly requests: { readonly method: string; readonly params: readonly unknown[] }[] = [];
  removed = false;

  constructor() {
    super("http://127.0.0.1:1", 31337n, { staticNetwork: true, cacheTimeout: -1 });
  }
  block(number: number): object {
    return {
      number: toBeHex(number),
      hash: hex32(number, "a"),
      parentHash: hex32(number - 1, "a"),
      timestamp: toBeHex(1000 + number),
      nonce: "0x00",
      difficulty: "0x0",
      gasLimit: "0x0",
      gasUsed: "0x0",
      miner: ONE,
      extraData: "0x",
      baseFeePerGas: "0x0",
      transactions: [],
    };
  }
  #logs(number: number): object[] {
    return Array.from({ length: number % 3 }, (_, i) => ({
      ...abi.encodeEventLog("Stored", [number, i]),
      address: ONE,
      blockNumber: toBeHex(number),
      blockHash: hex32(number, "a"),
      removed: this.removed,
      transactionHash: hex32(i, "b"),
      logIndex: toBeHex(i),
      ...(this.saysTimes && { blockTimestamp: toBeHex(1000 + number) }),
    })).reverse();
  }
  #answer(method: string, [first]: unknown[]): unknown {
    if (method === "eth_getBlockByNumber")
      return first === "latest"
        ? this.block(this.head)
        : Number(first) > this.head
          ? null
          : this.block(Number(first));
    if (method === "eth_getBlockByHash")
      return this.block(parseInt((first as string).slice(-4).replace(/a/g, ""), 16));
    const { fromBlock, toBlock, blockHash } = first as Record<string, string>;
    if (blockHash === undefined) {
      const numbers = Array.from({ length: this.known + 1 }, (_, n) => n);
      return numbers
        .filter((n) => n >= Number(fromBlock) && n <= Number(toBlock))
        .flatMap((n) => this.#logs(n));
    }
    const number = parseInt(blockHash.slice(-4).replace(/a/g, ""), 16);
    if (number > this.known) throw new Error("unknown block");
    return this.#logs(number);
  }
  override _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    return Promise.resolve(
      [payload].flat().map(({ id, method, params }) => {
        this.requests.push({ method, params: params as unknown[] });
        try {
          return { id, result: this.#answer(method, params as unknown[]) as string };
        } catch (error) {
          return {
            id,
            error: { code: -32_000, message: (error as Error).message },
          } as unknown as JsonRpcResult;
        }
      }),
    );
  }
}

describe("chain: events", () => {
  let rpc: FakeRpc;
  let source: EventSource;
  beforeEach(() => {
    rpc = new FakeRpc();
    source = createEventSource(rpc, new Map([[ONE, abi]]));
  });
  afterEach(() => rpc.destroy());
  const read = async (from: number, head?: Block): Promise<ChainEvent[]> => {
    const found: ChainEvent[] = [];
    let until = from - 1;
    for await (const { events, to } of source.events(from, head ?? (await source.block()))) {
      expect(events.every(({ block }) => block > until && block <= to)).to.equal(true);
      until = to;
      found.push(...events);
    }
    return found;
  };
  const placed = (events: readonly ChainEvent[]): unknown[] =>
    events.map(({ block, args, timestamp }) => [block, Number(args["serial"]), timestamp]);
  const expected = (from: number, to: number): unknown[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i).flatMap((n) =>
      Array.from({ length: n % 3 }, (_, i) => [n, i, 1000 + n]),
    );

  for (const says of [true, false])
    it(`come in log order, with the times of their blocks, ${says ? "said with them" : "asked for"}`, async () => {
      rpc.saysTimes = says;
      expect(placed(await read(2))).to.deep.equal(expected(2, 20));
    });

  it("have their arguments by name, lists and tuples too, as they can be kept", async () => {
    const log = abi.encodeEventLog("Challenged", [7, [5, [1, 2]]]);
    rpc._send = (payload) =>
      Promise.resolve(
        [payload].flat().map(({ id, method }) => ({
          id,
          result: (method === "eth_getLogs"
            ? [
                {
                  ...log,
                  address: ONE,
                  blockNumber: "0x14",
                  blockHash: hex32(20, "a"),
                  transactionHash: "0x",
                  logIndex: "0x0",
                },
              ]
            : rpc.block(20)) as unknown as string,
        })),
      );
    const [event] = await read(20, { number: 20, hash: hex32(20, "a"), parent: "", timestamp: 1020 });
    expect(structuredClone(event?.args)).to.deep.equal({
      id: 7n,
      challenge: { epoch: 5n, amounts: [1n, 2n] },
    });
  });

  it("of the newest block are asked for by its hash, and cost one request", async () => {
    const head = await source.block();
    rpc.requests.length = 0;
    expect(placed(await read(20, head))).to.deep.equal(expected(20, 20));
    expect(rpc.requests).to.deep.equal([
      { method: "eth_getLogs", params: [{ address: [ONE], blockHash: hex32(20, "a") }] },
    ]);
  });

  for (const behind of [1, 2, 3])
    it(`are never taken for absent from a backend that is ${behind} blocks behind`, async () => {
      rpc.known = 20 - behind;
      await holdfastOrRpcError(read(2));
      rpc.known = 20;
      expect(placed(await read(2))).to.deep.equal(expected(2, 20));
    });
  const holdfastOrRpcError = async (promise: Promise<unknown>): Promise<void> => {
    let failed = false;
    await promise.catch(() => (failed = true));
    expect(failed).to.equal(true);
  };

  it("of a block that was taken out are refused", async () => {
    rpc.removed = true;
    expect((await holdfastErrorOf(read(20))).code).to.equal("unreachable");
  });

  it("of contracts that are not ours are passed over", async () => {
    source = createEventSource(rpc, new Map([[OTHER, abi]]));
    expect(await read(2)).to.deep.equal([]);
  });

  it("do not speak of a block that is not there", async () => {
    expect(await source.blockHash(21)).to.equal(undefined);
    expect(await source.blockHash(20)).to.equal(hex32(20, "a"));
  });
});
