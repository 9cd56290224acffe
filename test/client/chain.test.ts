// Connecting to a deployment, and the errors if it is the wrong one or a contract refuses.
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { expect } from "chai";
import { encryptKeystoreJsonSync, Interface, Wallet } from "ethers";
import { connect, parseAddress, type Chain } from "../../client/chain.ts";
import { formatAmount, parseAmount } from "../../client/output.ts";
import { developmentAccounts, readKeyFile } from "../../contracts/accounts.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf } from "../helpers/errors.ts";

const AT = {
  audits: "0x1111111111111111111111111111111111111111",
  registry: "0x2222222222222222222222222222222222222222",
  ledger: "0x3333333333333333333333333333333333333333",
  challenges: "0x5555555555555555555555555555555555555555",
  token: "0x4444444444444444444444444444444444444444",
};
const abi = (name: string): Interface => new Interface(contractArtifact(name).abi);

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: [{ to: string; data: string } | string];
}

/** Answers like a chain with id 31337 and a deployment. All other calls fail with the data `reverts`. */
async function startChain(
  options: { code?: string; reverts?: string; token?: string; head?: number } = {},
): Promise<{ server: Server; rpcUrl: string }> {
  const answers = new Map<string, string>();
  const answer = (name: string, method: string, values: unknown[]): void => {
    const contract = abi(name);
    const selector = contract.getFunction(method)?.selector ?? "";
    answers.set(selector, contract.encodeFunctionResult(method, values));
  };
  answer("Audits", "registry", [AT.registry]);
  answer("Audits", "ledger", [AT.ledger]);
  answer("Audits", "challenges", [AT.challenges]);
  answer("Audits", "token", [options.token ?? AT.token]);
  answer("TestToken", "symbol", ["HFT"]);
  answer("TestToken", "decimals", [18]);

  const reply = ({ id, method, params }: Call): object => {
    const result = (value: unknown): object => ({ jsonrpc: "2.0", id, result: value });
    if (method === "eth_chainId") return result("0x7a69");
    const { head = 100 } = options;
    if (method === "eth_blockNumber") return result(`0x${head.toString(16)}`);
    if (method === "eth_getBlockByNumber")
      return result({ number: `0x${head.toString(16)}`, hash: `0x${"ab".repeat(32)}`, timestamp: "0x64" });
    if (method === "eth_call" || method === "eth_getCode") {
      const [, tag = "latest"] = params as unknown as [object, string?];
      if (tag !== "latest" && Number(tag) > head)
        return { jsonrpc: "2.0", id, error: { code: -32_000, message: "header not found" } };
    }
    if (method === "eth_getCode") return result(options.code ?? "0x01");
    if (method === "eth_call") {
      const [{ data }] = params as [{ data: string }];
      const known = answers.get(data.slice(0, 10));
      if (known !== undefined) return result(known);
      const error = { code: 3, message: "execution reverted", data: options.reverts ?? "0x" };
      return { jsonrpc: "2.0", id, error };
    }
    return result("0x1");
  };
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const calls = body as Call | Call[];
      response.end(JSON.stringify(Array.isArray(calls) ? calls.map(reply) : reply(calls)));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe("client: connecting", () => {
  const servers: Server[] = [];
  after(() => servers.forEach((server) => server.close()));
  const chains: Chain[] = [];
  after(() => chains.forEach((chain) => chain.close()));
  const start = async (options?: Parameters<typeof startChain>[0]): Promise<string> => {
    const { server, rpcUrl } = await startChain(options);
    servers.push(server);
    return rpcUrl;
  };
  const open = async (reverts?: string): Promise<Chain> => {
    const rpcUrl = await start(reverts === undefined ? {} : { reverts });
    const chain = await connect({ rpcUrl, audits: AT.audits });
    chains.push(chain);
    return chain;
  };
  const refusal = async (promise: Promise<unknown>): Promise<HoldfastError> => {
    const error = await errorOf(promise);
    if (error instanceof HoldfastError) return error;
    throw error;
  };

  it("finds the whole deployment from the Audits contract", async () => {
    const { chainId, addresses, symbol, decimals } = await open();
    expect({ chainId, addresses, symbol, decimals }).to.deep.equal({
      chainId: 31337n,
      addresses: AT,
      symbol: "HFT",
      decimals: 18,
    });
  });

  it("refuses another chain", async () => {
    const error = await refusal(connect({ rpcUrl: await start(), audits: AT.audits, chainId: 1n }));
    expect(error.details).to.deep.equal({ expected: "1", actual: "31337" });
    expect(error.message).to.match(/has the id 31337, not 1: give the URL of the right chain/);
  });

  it("refuses an address without a contract", async () => {
    const error = await refusal(connect({ rpcUrl: await start({ code: "0x" }), audits: AT.audits }));
    expect(error.message).to.match(/there is no Audits contract at 0x1111/);
  });

  it("refuses another token than the expected one", async () => {
    const error = await refusal(connect({ rpcUrl: await start(), audits: AT.audits, token: AT.audits }));
    expect(error.message).to.match(/pays in the token 0x4444.*, not in 0x1111/);
  });

  it("refuses what is no URL and no address", async () => {
    expect((await refusal(connect({ rpcUrl: "chain", audits: AT.audits }))).message).to.match(/is not a URL/);
    expect((await refusal(connect({ rpcUrl: await start(), audits: "0x1" }))).message).to.match(
      /is not an address/,
    );
    expect(() => parseAddress("0x1")).to.throw(/is not an address: give 0x and 40 hex digits/);
    const token = connect({ rpcUrl: await start(), audits: AT.audits, token: "token" });
    expect((await refusal(token)).message).to.match(/"token" is not an address/);
  });

  it("believes of two endpoints what both say, of a block that both have", async () => {
    const chain = await connect({ rpcUrl: [await start({ head: 101 }), await start()], audits: AT.audits });
    chains.push(chain);
    expect(chain.addresses).to.deep.equal(AT);
    expect(await chain.read("token", "decimals")).to.equal(18n);
  });

  it("refuses a deployment about which two endpoints disagree, and an answer", async () => {
    const two = async (other: Parameters<typeof startChain>[0]): Promise<string[]> => [
      await start(),
      await start(other),
    ];
    const error = await refusal(connect({ rpcUrl: await two({ token: AT.ledger }), audits: AT.audits }));
    expect(error.code).to.equal("unreachable");
    expect(error.message).to.match(/127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+ disagree about token/);
    const other = await refusal(connect({ rpcUrl: await two({ code: "0x" }), audits: AT.audits }));
    expect(other.message).to.match(/disagree about the code of Audits/);
  });

  it("takes addresses in any case, and says so if a digit is mistyped", () => {
    const address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    const digits = address.slice(2);
    for (const same of [
      address,
      address.toLowerCase(),
      `0x${digits.toUpperCase()}`,
      `0X${digits.toUpperCase()}`,
    ])
      expect(parseAddress(same), same).to.equal(address);
    expect(() => parseAddress(address.replace("dc3A", "dC3A"))).to.throw(
      /has a wrong checksum: a digit may be/,
    );
  });

  it("says how much is missing when the contract does", async () => {
    const reverts = abi("Ledger").encodeErrorResult("InsufficientBond", [3n, 30n, 150n]);
    const error = await refusal((await open(reverts)).read("ledger", "balanceOf", [AT.audits]));
    expect(error.code).to.equal("funds");
    expect(error.message).to.equal(
      "the contract refuses balanceOf: insufficient bond (node 3, free 30, needed 150); 120 is missing",
    );
    expect(error.details).to.deep.equal({ error: "InsufficientBond", node: 3n, free: 30n, needed: 150n });
  });

  it("names the contract's error and its values", async () => {
    const reverts = abi("Registry").encodeErrorResult("AcceptanceExpired", [5n, 6n]);
    const error = await refusal((await open(reverts)).read("registry", "nodeCount"));
    expect(error.message).to.match(/acceptance expired \(deadline 5, timestamp 6\)$/);
    expect(error.code).to.equal("chain");
  });

  it("says what terms that are out of bounds need", async () => {
    const reverts = abi("Settlement").encodeErrorResult("BadParameter", ["odds", 8n]);
    const error = await refusal((await open(reverts)).read("registry", "nodeCount"));
    expect(error.message).to.match(/bad parameter \(name odds, value 8\); .*need higher penalties/);
  });

  for (const [name, values, advice] of [
    [
      "HandingOver",
      [7],
      /handing over \(vNode 7\); another node is taking this vNode over, .*: use another vNode, or wait a few epochs/,
    ],
    [
      "Compacting",
      [7, 5],
      /compacting \(vNode 7, sinceEpoch 5\); .* compacting this vNode's directory: use another/,
    ],
    ["LockLimit", [3, 10, 12], /lock limit \(node 3, limit 10, needed 12\); .* raise --lock-per-epoch/],
    ["HasEnded", [8, 7], /has ended \(end 8, currentEpoch 7\); .*: store it again/],
  ] as const) {
    it(`says what to do about ${name}`, async () => {
      const reverts = abi("Registry").encodeErrorResult(name, [...values]);
      const error = await refusal((await open(reverts)).read("registry", "nodeCount"));
      expect(error.message).to.match(advice);
      expect([error.code, error.details["error"]]).to.deep.equal(["chain", name]);
    });
  }

  it("says what to do about a second challenge of one account", async () => {
    const reverts = abi("Challenges").encodeErrorResult("OneEach", [7, AT.token]);
    const error = await refusal((await open(reverts)).read("challenges", "minBond"));
    expect(error.message).to.match(
      /one each .*; this account already has an open challenge to this vNode: wait/,
    );
  });

  it("says that a contract refuses although it gives no reason, or half of one", async () => {
    for (const reverts of ["0x", "0xc7b1"]) {
      const error = await refusal((await open(reverts)).read("registry", "nodeCount"));
      expect(error.message, reverts).to.match(/^the contract refuses nodeCount: /);
    }
  });

  it("needs a key to send or sign", async () => {
    const chain = await open();
    expect((await refusal(chain.send("ledger", "bond", [1, 1]))).message).to.match(
      /this needs an account's key: give --key/,
    );
    expect(() => chain.account()).to.throw(/this needs an account/);
  });
});

describe("client: key files", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-account-"));
  });
  after(() => rm(folder, { recursive: true }));
  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  };
  const KEY = `0x${"01".repeat(32)}`;

  it("are hex or a keystore with its password", async () => {
    expect(await readKeyFile(await file("hex", `${KEY}\n`))).to.equal(KEY);
    expect(await readKeyFile(await file("bare", KEY.slice(2)))).to.equal(KEY);
    const { address } = new Wallet(KEY);
    const quick = { scrypt: { N: 2, r: 1, p: 1 } };
    const encrypted = encryptKeystoreJsonSync({ address, privateKey: KEY }, "secret", quick);
    const keystore = await file("keystore", encrypted);
    const password = await file("password", "secret\n");
    expect(await readKeyFile(keystore, password)).to.equal(KEY);
    expect((await errorOf(readKeyFile(keystore))).message).to.match(/name the file with its password/);
    const wrong = await file("wrong", "other");
    expect((await errorOf(readKeyFile(keystore, wrong))).message).to.match(/does not open with the password/);
  });

  it("are refused if others can read them, if they are missing or something else", async () => {
    expect((await errorOf(readKeyFile(await file("open", KEY, 0o644)))).message).to.match(/run `chmod 600/);
    expect((await errorOf(readKeyFile(join(folder, "none")))).message).to.match(/cannot be read/);
    expect((await errorOf(readKeyFile(await file("text", "hello")))).message).to.match(
      /neither a keystore nor/,
    );
  });

  it("are refused if they are no key of any account", async () => {
    const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (const number of ["0".repeat(64), order, "f".repeat(64)]) {
      const error = await errorOf(readKeyFile(await file("number", number)));
      expect(error).to.include({ code: "key" });
      expect(error.message, number).to.match(/number is no private key: it is zero, or too large/);
    }
    expect(await readKeyFile(await file("hex", KEY))).to.equal(KEY);
  });

  it("are told from a password that others can read, or that is not there", async () => {
    const { address } = new Wallet(KEY);
    const quick = { scrypt: { N: 2, r: 1, p: 1 } };
    const keystore = await file(
      "keystore",
      encryptKeystoreJsonSync({ address, privateKey: KEY }, "secret", quick),
    );
    const password = await file("password", "secret\n", 0o644);
    expect((await errorOf(readKeyFile(keystore, password))).message).to.equal(
      `others can read ${password}: run \`chmod 600 ${password}\``,
    );
    expect((await errorOf(readKeyFile(keystore, join(folder, "none")))).message).to.match(
      /the file .*none cannot be read/,
    );
    await chmod(password, 0o600);
    expect(await readKeyFile(keystore, password)).to.equal(KEY);
  });

  it("of development are those that everybody knows", () => {
    expect(developmentAccounts(2).map(({ address }) => address)).to.deep.equal([
      "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
      "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    ]);
  });
});

describe("client: amounts", () => {
  it("are tokens with a point on the way in and out", () => {
    expect(parseAmount("12", 18)).to.equal(12n * 10n ** 18n);
    expect(parseAmount("0.5", 2)).to.equal(50n);
    expect(formatAmount(1_500_000n, 6)).to.equal("1.5");
    expect(formatAmount(10n ** 18n + 1n, 18)).to.equal("1");
    expect(formatAmount(7n, 0)).to.equal("7");
    expect(formatAmount(0n, 18)).to.equal("0");
    expect(formatAmount(1n, 18)).to.equal("0.000000000000000001");
    expect(formatAmount(123n, 8)).to.equal("0.000001");
    expect(formatAmount(10n ** 11n, 18)).to.equal("0.0000001");
  });

  it("are refused with a sign, words or more decimals than the token has", () => {
    for (const text of ["-1", "+1", "1e3", "", ".5", "1.", "0x1", "1.234"])
      expect(() => parseAmount(text, 2), text).to.throw(/is not an amount/);
  });
});
