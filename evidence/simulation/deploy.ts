/**
 * Deploys the contracts on the simulation's chain. All are real but the verifier, the beacons, and the factory that would have
 * made them.
 */
import { AbiCoder, getCreateAddress, Interface } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { MARGIN, MIN_CHALLENGE_BOND, PROFILE, PROTOCOL_FEE, UNBOND_SECONDS } from "./model.ts";
import { SECRET } from "./oracle.ts";

export interface Addresses {
  readonly genesis: number;
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  readonly challenges: string;
  readonly beacons: readonly string[];
  readonly treasury: string;
  readonly explain: (target: string, data: string, answer: string) => string;
}

interface Deployer {
  readonly request: (method: string, ...params: unknown[]) => Promise<unknown>;
  readonly send: (data: string) => Promise<{ contractAddress: string }>;
  readonly from: string;
  readonly beacons: number;
  readonly epochSeconds: number;
}

/** The most beacons that a deployment can begin with. The treasury adds the others. */
const FIRST_BEACONS = 4;

export async function deployWorld({
  request,
  send,
  from,
  beacons: count,
  epochSeconds,
}: Deployer): Promise<Addresses> {
  const create = async (name: string, values: unknown[] = [], libraries = {}): Promise<string> =>
    (await send(bytecodeOf(name, values, libraries))).contractAddress;
  const nonceOf = async (): Promise<number> =>
    Number(await request("eth_getTransactionCount", from, "latest"));
  const block = (await request("eth_getBlockByNumber", "latest", false)) as { timestamp: string };
  const genesis = Number(block.timestamp);
  const [, treasury] = (await request("eth_accounts")) as [string, string];

  const token = await create("TestToken");
  const verifier = await create("SealVerifier", [SECRET]);
  const factory = await create("AnyFactory");
  const forAudits = await linked(create, "Audits");
  const forRegistry = await linked(create, "Registry");
  const nonce = (await nonceOf()) + Math.min(count, FIRST_BEACONS);
  const at = (n: number): string => getCreateAddress({ from, nonce: nonce + n });
  const home = { audits: at(2), genesis, epochSeconds, margin: MARGIN };
  const beacons: string[] = [];
  for (let i = 0; i < Math.min(count, FIRST_BEACONS); i++) beacons.push(await create("GivenBeacon", [home]));
  const ledger = await create("Ledger", [token, at(1), at(2), at(3), treasury, UNBOND_SECONDS]);
  const registry = await create("Registry", [ledger, at(2)], forRegistry);
  const { samples, dataDepth, directoryDepth } = PROFILE;
  const profiles = [{ verifier, samples, dataDepth, directoryDepth }];
  const fixed = [ledger, registry, factory, profiles, beacons, genesis, epochSeconds, MARGIN, PROTOCOL_FEE];
  const audits = await create("Audits", fixed, forAudits);
  const challenges = await create("Challenges", [ledger, registry, audits, MIN_CHALLENGE_BOND]);
  const add = new Interface(contractArtifact("Audits").abi);
  while (beacons.length < count) {
    const beacon = await create("GivenBeacon", [{ ...home, audits }]);
    const data = add.encodeFunctionData("addBeacon", [beacon]);
    await request("eth_sendTransaction", { from: treasury, to: audits, data, gasPrice: "0x0" });
    beacons.push(beacon);
  }
  const contracts = { token, ledger, registry, audits, challenges };
  return { genesis, ...contracts, beacons, treasury: treasury.toLowerCase(), explain: explainer(contracts) };
}

/** Deploys a contract with the libraries that it is linked with. */
async function linked(
  create: (name: string) => Promise<string>,
  contract: string,
): Promise<Record<string, string>> {
  const addresses: Record<string, string> = {};
  const names = Object.values(contractArtifact(contract).linkReferences).flatMap((file) => Object.keys(file));
  for (const name of names) addresses[name] = await create(name);
  return addresses;
}

function bytecodeOf(name: string, values: readonly unknown[], libraries: Record<string, string>): string {
  const { abi, bytecode, linkReferences } = contractArtifact(name);
  let code = bytecode;
  for (const places of Object.values(linkReferences).flatMap((file) => Object.entries(file))) {
    const [library, gaps] = places;
    const address = libraries[library]?.slice(2).toLowerCase();
    if (address === undefined) throw new Error(`${name} needs ${library}`);
    for (const { start } of gaps)
      code = code.slice(0, 2 + 2 * start) + address + code.slice(2 + 2 * start + 40);
  }
  const { inputs } = new Interface(abi).deploy;
  return code + AbiCoder.defaultAbiCoder().encode(inputs, values).slice(2);
}

/** Explains which function failed, and why. */
function explainer(contracts: Record<string, string>): Addresses["explain"] {
  const names = ["Ledger", "Registry", "Audits", "Challenges", "TestToken"];
  const faces = names.map((name) => new Interface(contractArtifact(name).abi as never));
  return (target, data, answer) => {
    const [name = target] = Object.entries(contracts).find(([, address]) => address === target) ?? [];
    for (const face of faces) {
      const called = face.getFunction(`0x${data.slice(0, 8)}`);
      if (!called) continue;
      for (const other of faces) {
        const error = answer.length >= 8 ? other.parseError(`0x${answer}`) : null;
        if (error) return `${name}.${called.name}: ${error.name}(${error.args.join(", ")})`;
      }
      return `${name}.${called.name}: ${answer || "reverted"}`;
    }
    return `${name}: ${answer}`;
  };
}
