/**
 * A chain that listens on a loopback port, and what to deploy on it.
 */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JsonRpcProvider, parseEther, Wallet } from "ethers";
import { network } from "hardhat";
import { FIXED } from "../../chain/endpoint.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { present } from "../../evidence/world/present.ts";

export interface ServedChain {
  readonly url: string;
  readonly provider: JsonRpcProvider;
  close(): Promise<void>;
}

/** Hardhat's chain, which mines every transaction at once. */
export async function serveChain(chainId = 31337): Promise<ServedChain> {
  const server = await network.createServer({ network: "hardhat", override: { chainId } }, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  const provider = new JsonRpcProvider(url, chainId, FIXED);
  return {
    url,
    provider,
    async close() {
      provider.destroy();
      await server.close();
    },
  };
}

/** Call within `describe`. Ignition's journal has its own encoding of bigints, which the workers' toJSON would break. */
export function leaveBigintsAlone(): void {
  const toJSON = Object.getOwnPropertyDescriptor(BigInt.prototype, "toJSON");
  before(() => Reflect.deleteProperty(BigInt.prototype, "toJSON"));
  after(() => {
    if (toJSON) Object.defineProperty(BigInt.prototype, "toJSON", toJSON);
  });
}

/** A new account with this much of the chain's coin, and the file of its key. */
export async function fundedKey(
  provider: JsonRpcProvider,
  folder: string,
  coin = "10",
): Promise<{ keyFile: string; address: string; wallet: Wallet }> {
  const rich = new Wallet(present(developmentAccounts(1)[0]).privateKey, provider);
  const wallet = new Wallet(Wallet.createRandom().privateKey, provider);
  await (await rich.sendTransaction({ to: wallet.address, value: parseEther(coin) })).wait();
  const keyFile = join(folder, `${wallet.address}.key`);
  await writeFile(keyFile, wallet.privateKey);
  await chmod(keyFile, 0o600);
  return { keyFile, address: wallet.address, wallet };
}
