/**
 * The checks of a chain before the first contract is paid for.
 */
import { Contract, type JsonRpcProvider } from "ethers";
import { fetchDrandChain } from "../../drand/client.ts";
import type { DrandChain } from "../../drand/rounds.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { sourcesOf, type DeploymentConfig } from "./config.ts";

/** @throws HoldfastError "chain" or "bad-input", saying what to change; "unreachable" for a relay that does not answer */
export async function preflight(
  provider: JsonRpcProvider,
  config: DeploymentConfig,
  now: number,
): Promise<void> {
  if (config.genesis !== "now" && config.genesis > now) {
    const seconds = config.genesis - now;
    const message = `the genesis is ${seconds} s in the future on this chain: wait, or use "now"`;
    throw new HoldfastError("bad-input", message, { genesis: config.genesis, now });
  }
  if (config.token !== undefined) await checkToken(provider, config.token);
  const sources = sourcesOf(config);
  for (const [i, beacon] of config.beacons.entries()) {
    const source = sources[i];
    if (beacon.kind !== "drand" || source?.kind !== "drand") continue;
    if (source.chain.genesis > now) {
      const message = `beacons.${i}.genesis is ${source.chain.genesis - now} s in the future on this chain: wait for drand's first round, or correct it`;
      throw new HoldfastError("bad-input", message, { genesis: source.chain.genesis, now });
    }
    if (beacon.url === undefined || sameChain(await fetchDrandChain(beacon.url), source.chain)) continue;
    const message = `${beacon.url} publishes another key or other times than beacons.${i} of the configuration: find out which of them are drand's`;
    throw new HoldfastError("bad-input", message, { url: beacon.url });
  }
}

export function sameChain(a: DrandChain, b: DrandChain): boolean {
  return a.genesis === b.genesis && a.period === b.period && Buffer.compare(a.publicKey, b.publicKey) === 0;
}

async function checkToken(provider: JsonRpcProvider, token: string): Promise<void> {
  const abi = ["function decimals() view returns (uint8)", "function totalSupply() view returns (uint256)"];
  const contract = new Contract(token, abi, provider);
  try {
    await Promise.all(["decimals", "totalSupply"].map((name) => contract.getFunction(name)()));
  } catch (cause) {
    const message = `there is no ERC-20 token at ${token} on this chain: check the address and the chain`;
    throw new HoldfastError("chain", message, { token }, { cause });
  }
}
