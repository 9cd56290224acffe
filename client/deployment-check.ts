/**
 * Reads a deployment back: that each contract runs this build's code and knows the others, before anyone trusts it with money.
 */
import { Contract, ContractFactory, getAddress, type Provider } from "ethers";
import { contractArtifact, type Gap } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";

export interface Finding {
  /** Such as "Audits runs this build's code". */
  readonly what: string;
  readonly value: string;
  /** undefined: that is for whoever reads it to say. */
  readonly ok: boolean | undefined;
}

export interface CheckOptions {
  /** Address of the Lens, which Audits does not know. */
  readonly lens?: string | undefined;
  /** What the verifier of profile 0 was made with: without it, any key passes. */
  readonly verifierArgs?: readonly unknown[] | undefined;
}

/** EIP-170: bytes. */
const MAX_CODE = 24_576;
const MAX_PROTOCOL_FEE = 500n;
const BEACONS = ["DrandBeacon", "PrevrandaoBeacon"] as const;

/**
 * Everything that can be reached from the Audits contract.
 *
 * @throws HoldfastError "chain" if there is no Audits contract at the address
 */
export async function checkDeployment(
  provider: Provider,
  audits: string,
  { lens, verifierArgs }: CheckOptions = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const find = (what: string, value: unknown, ok?: boolean): void => {
    findings.push({ what, value: String(value), ok });
  };
  const view = (name: string, address: string): Contract =>
    new Contract(address, contractArtifact(name).abi, provider);
  const read = (contract: Contract, method: string, ...args: unknown[]): Promise<unknown> => {
    return contract
      .getFunction(method)(...args)
      .catch(() => "no answer") as Promise<unknown>;
  };
  /** Whether a view answers with an address. */
  const wire = async (name: string, contract: Contract, method: string, expected: string): Promise<void> => {
    const value = await read(contract, method);
    find(`${name}.${method}`, value, value === expected);
  };
  const code = async (names: readonly string[], address: string): Promise<void> => {
    const actual = await provider.getCode(address);
    const bytes = (actual.length - 2) / 2;
    const fit = names.find((name) => isCodeOf(name, actual));
    find(`code of ${fit ?? names.join(" or ")}`, `${bytes} bytes`, fit !== undefined && bytes <= MAX_CODE);
    for (const [library, at] of fit === undefined ? [] : librariesOf(fit, actual)) await code([library], at);
  };

  const main = view("Audits", getAddress(audits));
  const [ledger, registry, challenges] = (await Promise.all(
    ["ledger", "registry", "challenges"].map(async (method) => String(await read(main, method))),
  )) as [string, string, string];
  if (![ledger, registry, challenges].every((address) => /^0x[0-9a-fA-F]{40}$/.test(address))) {
    const message = `there is no Audits contract at ${audits}: check the address and the chain`;
    throw new HoldfastError("chain", message, { audits });
  }
  await code(["Audits"], audits);
  await code(["Ledger"], ledger);
  await code(["Registry"], registry);
  await code(["Challenges"], challenges);

  const [books, list, court] = [
    view("Ledger", ledger),
    view("Registry", registry),
    view("Challenges", challenges),
  ];
  await wire("Ledger", books, "registry", registry);
  await wire("Ledger", books, "audits", getAddress(audits));
  await wire("Ledger", books, "challenges", challenges);
  await wire("Ledger", books, "token", String(await read(main, "token")));
  await wire("Registry", list, "ledger", ledger);
  await wire("Registry", list, "audits", getAddress(audits));
  await wire("Challenges", court, "ledger", ledger);
  await wire("Challenges", court, "registry", registry);
  await wire("Challenges", court, "audits", getAddress(audits));

  const [epochSeconds, genesis, fee, unbond] = [
    ...[await read(main, "epochSeconds"), await read(main, "genesis")],
    ...[await read(main, "protocolFee"), await read(books, "unbondSeconds")],
  ];
  find("protocol fee in basis points", fee, typeof fee === "bigint" && fee <= MAX_PROTOCOL_FEE);
  find("seconds of an epoch", epochSeconds, typeof epochSeconds === "bigint" && epochSeconds > 0n);
  find("seconds until a bond is released", unbond, Number(unbond) >= 2 * Number(epochSeconds));
  find("treasury", await read(books, "treasury"));
  find("least bond of a challenge", await read(court, "minBond"));

  for (let i = 0; i < Number(await read(main, "profileCount")); i++) {
    const [verifier, ...shape] = (await read(main, "profiles", i)) as [string, ...bigint[]];
    find(`profile ${i}: samples, depth of data, depth of the directory`, shape.join(", "));
    await code(["Groth16Verifier"], verifier);
    find(`profile ${i}: hash of the key`, await read(view("Groth16Verifier", verifier), "keyHash"));
    if (i === 0 && verifierArgs !== undefined) {
      const { bytecode, abi } = contractArtifact("Groth16Verifier");
      const { data } = await new ContractFactory(abi, bytecode).getDeployTransaction(...verifierArgs);
      // What a constructor returns is the code with all that it fills in.
      find(
        "profile 0: the key",
        verifier,
        (await provider.getCode(verifier)) === (await provider.call({ data })),
      );
    }
  }
  for (let i = 0; i < Number(await read(main, "beaconCount")); i++) {
    const address = String(await read(main, "beacons", i));
    await code(BEACONS, address);
    const beacon = view("DrandBeacon", address);
    const isDrand = isCodeOf("DrandBeacon", await provider.getCode(address));
    for (const method of isDrand ? ["drandGenesis", "drandPeriod"] : []) {
      find(`beacon ${i}: ${method}`, await read(beacon, method));
    }
    for (const [method, expected] of [
      ["genesis", genesis],
      ["epochSeconds", epochSeconds],
    ] as const) {
      const value = await read(beacon, method);
      find(`beacon ${i}: ${method}`, value, value === expected);
    }
  }
  if (lens !== undefined) {
    await code(["Lens"], lens);
    await wire("Lens", view("Lens", lens), "audits", getAddress(audits));
  }
  return findings;
}

// --------------------------------------------------------------------------------------------------------------- code

/** Apart from what a constructor fills in. */
function isCodeOf(name: string, code: string): boolean {
  const { deployedBytecode, immutableReferences, deployedLinkReferences } = contractArtifact(name);
  const gaps = [
    ...Object.values(immutableReferences).flat(),
    ...Object.values(deployedLinkReferences).flatMap((file) => Object.values(file).flat()),
  ];
  return code.length === deployedBytecode.length && masked(code, gaps) === masked(deployedBytecode, gaps);
}

function masked(code: string, gaps: readonly Gap[]): string {
  let result = code.toLowerCase();
  for (const { start, length } of gaps) {
    const at = 2 + 2 * start;
    result = result.slice(0, at) + "0".repeat(2 * length) + result.slice(at + 2 * length);
  }
  return result;
}

/** Each library that the code calls, and where. */
function librariesOf(name: string, code: string): [string, string][] {
  const { deployedLinkReferences } = contractArtifact(name);
  return Object.values(deployedLinkReferences).flatMap((file) =>
    Object.entries(file).flatMap(([library, gaps]) => {
      const places = gaps.map(({ start }) => getAddress(`0x${code.slice(2 + 2 * start, 42 + 2 * start)}`));
      return [...new Set(places)].map((place): [string, string] => [library, place]);
    }),
  );
}
