/**
 * Deploys the contracts, which know each other's addresses from the start: nobody can change them afterwards.
 */
import { ContractFactory, getCreateAddress, type ContractRunner, type Signer } from "ethers";
import { isLocalChain, refuseForgeable } from "../circuits/key-gate.ts";
import { contractArtifact } from "../contracts/artifacts.ts";
import type { DrandChain } from "../protocol/drand.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { inputWords, keyWords, proofWords, type SnarkjsKey, type SnarkjsProof } from "../protocol/groth16.ts";
import { PROFILES, type ProfileName } from "../protocol/profiles.ts";

export interface DeployOptions {
  /** Pays for the deployment, and has no power afterwards. */
  readonly signer: Signer;
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  /** Whether the key's secrets are known to whoever made it; default true. Such a key is for local chains only. */
  readonly insecureKey?: boolean;
  readonly knownAnswer: { readonly proof: SnarkjsProof; readonly publicSignals: readonly string[] };
  readonly drand: DrandChain;
  readonly epochSeconds: number;
  /** Start of epoch 0 in seconds, not in the future. */
  readonly genesis: number;
  /** Basis points of every payment. */
  readonly protocolFee: number;
  readonly treasury: string;
  /** Seconds from the request to the release of a bond; default 168 epochs. */
  readonly unbondSeconds?: number;
  /** The least bond of a challenge, in token units; default 10^15. */
  readonly minChallengeBond?: bigint;
  /** Default: a token for tests, which anyone may mint, on local chains only. */
  readonly token?: string;
  /** One line for people per contract. */
  readonly log?: (line: string) => void;
}

/** Plain data, to be written down as it is. */
export interface Deployment {
  readonly chainId: number;
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  /** Views in pages, for those who look around. */
  readonly lens: string;
  readonly challenges: string;
  readonly verifier: string;
  readonly beacon: string;
  readonly profile: ProfileName;
  readonly genesis: number;
  readonly epochSeconds: number;
  /** The first block that has something of the deployment in it. */
  readonly block: number;
}

const DEFAULT_UNBOND_EPOCHS = 168;
const DEFAULT_CHALLENGE_BOND = 10n ** 15n;

/**
 * @throws HoldfastError "key" for an insecure key, "chain" for a missing token, on a chain that is not a local one; "key" for
 *   one that anybody can forge with; "chain" if another transaction of the signer came between
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { signer, profile, drand, epochSeconds, genesis, protocolFee, treasury } = options;
  const chainId = await checkChain(options);
  const provider = providerOf(signer);
  const block = (await provider.getBlockNumber()) + 1;
  const create = createWith(signer, options.log ?? (() => undefined));
  const token = options.token ?? (await create("TestToken", []));
  const verifier = await create("Groth16Verifier", verifierArgs(options));
  const beacon = await create("DrandBeacon", [
    groupKeyWords(drand.publicKey),
    drand.genesis,
    drand.period,
    genesis,
    epochSeconds,
  ]);
  const segments = await create("Segments", []);
  const settlement = await create("Settlement", []);

  const [from, nonce] = [await signer.getAddress(), await signer.getNonce("pending")];
  const registry = getCreateAddress({ from, nonce: nonce + 1 });
  const audits = getCreateAddress({ from, nonce: nonce + 2 });
  const challenges = getCreateAddress({ from, nonce: nonce + 3 });
  const unbondSeconds = options.unbondSeconds ?? DEFAULT_UNBOND_EPOCHS * epochSeconds;
  const ledger = await create("Ledger", [token, registry, audits, challenges, treasury, unbondSeconds]);
  expectAddress("Registry", registry, await create("Registry", [ledger, audits], { Segments: segments }));
  const { samples, dataDepth, directoryDepth } = PROFILES[profile];
  const profiles = [{ verifier, samples, dataDepth, directoryDepth }];
  const made = await create(
    "Audits",
    [ledger, registry, profiles, [beacon], genesis, epochSeconds, protocolFee],
    { Settlement: settlement },
  );
  expectAddress("Audits", audits, made);
  const minBond = options.minChallengeBond ?? DEFAULT_CHALLENGE_BOND;
  expectAddress("Challenges", challenges, await create("Challenges", [ledger, registry, audits, minBond]));
  const lens = await create("Lens", [audits]);

  return {
    ...{ chainId: Number(chainId), token, ledger, registry, audits, challenges, lens, verifier, beacon },
    ...{ profile, genesis, epochSeconds, block },
  };
}

/** What Groth16Verifier is made with. */
export function verifierArgs({
  verificationKey,
  knownAnswer: { proof, publicSignals },
}: Pick<DeployOptions, "verificationKey" | "knownAnswer">): readonly unknown[] {
  return [keyWords(verificationKey), { proof: proofWords(proof), inputs: inputWords(publicSignals) }];
}

async function checkChain(options: DeployOptions): Promise<bigint> {
  const { signer, insecureKey = true, verificationKey, token } = options;
  const { chainId } = await providerOf(signer).getNetwork();
  await refuseForgeable({ insecure: insecureKey, verificationKey, chainId });
  if (token === undefined && !isLocalChain(chainId)) {
    const message = "name the token to pay with: test tokens are for local chains";
    throw new HoldfastError("chain", message, { chainId: String(chainId) });
  }
  return chainId;
}

type Create = (name: string, args: readonly unknown[], libraries?: Addresses) => Promise<string>;
type Addresses = Readonly<Record<string, string>>;

function createWith(signer: Signer, log: (line: string) => void): Create {
  return async (name, args, libraries = {}) => {
    const contract = await new ContractFactory(
      contractArtifact(name).abi,
      linkedBytecode(name, libraries),
      signer,
    ).deploy(...args);
    await contract.waitForDeployment();
    const address = await contract.getAddress();
    log(`${name} is at ${address}`);
    return address;
  };
}

/** With each library's address where the compiler left a gap for it. */
function linkedBytecode(name: string, libraries: Addresses): string {
  const { bytecode, linkReferences } = contractArtifact(name);
  let code = bytecode;
  for (const [library, gaps] of Object.values(linkReferences).flatMap((file) => Object.entries(file))) {
    const address = libraries[library];
    if (address === undefined) throw new TypeError(`${name} needs the library ${library}`);
    for (const { start, length } of gaps) {
      const at = 2 + 2 * start;
      code = code.slice(0, at) + address.slice(2).toLowerCase() + code.slice(at + 2 * length);
    }
  }
  return code;
}

function expectAddress(name: string, expected: string, actual: string): void {
  if (actual === expected) return;
  const message = `${name} is not where it should be, because the account sent something else meanwhile: deploy again`;
  throw new HoldfastError("chain", message, { expected, actual });
}

function providerOf({ provider }: ContractRunner): NonNullable<ContractRunner["provider"]> {
  if (provider) return provider;
  throw new TypeError('"signer" expected a signer with a provider');
}

/** As DrandBeacon takes it. */
function groupKeyWords(key: Uint8Array): bigint[] {
  if (key.length !== 128) throw new RangeError(`"publicKey" expected 128 bytes, got ${key.length}`);
  const hex = Buffer.from(key).toString("hex");
  return [0, 1, 2, 3].map((i) => BigInt(`0x${hex.slice(64 * i, 64 * i + 64)}`));
}
