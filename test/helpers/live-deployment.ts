/**
 * The contracts with the tiny circuit's key and a drand network of the test's own, deployed one by one.
 */
import { Contract, ContractFactory, getCreateAddress, type Wallet } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { linkedBytecode } from "../../client/deployment/code.ts";
import { makeKnownAnswer } from "../../client/keys/known-answer.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import type { DrandChain } from "../../protocol/drand.ts";
import { inputWords, keyWords, proofWords } from "../../protocol/groth16.ts";
import { present } from "./present.ts";

export interface LiveDeployment {
  readonly token: string;
  readonly ledger: string;
  readonly registry: string;
  readonly audits: string;
  readonly challenges: string;
  readonly lens: string;
  readonly factory: string;
  readonly beacon: string;
  readonly verifier: string;
}

export interface LiveTerms {
  readonly treasury: string;
  readonly genesis: number;
  readonly epochSeconds: number;
  readonly margin: number;
  readonly drand: DrandChain;
}

const AUDITS_LIBRARIES = ["Settlement", "Responsibility", "AuditViews", "Choices"];
const REGISTRY_LIBRARIES = ["Segments", "Compaction"];
const PROTOCOL_FEE = 200;
const UNBOND_EPOCHS = 168;
const MIN_CHALLENGE_BOND = 1_000n;

/** @param signer of nothing else meanwhile: the contracts know each other's addresses in advance */
export async function deployLive(signer: Wallet, terms: LiveTerms): Promise<LiveDeployment> {
  const { treasury, genesis, epochSeconds, margin, drand } = terms;
  const placed = new Map<string, string>();
  const at = (name: string): string => present(placed.get(name));
  const deploy = async (name: string, ...args: unknown[]): Promise<Contract> => {
    const code = linkedBytecode(name, at);
    const made = await new ContractFactory(contractArtifact(name).abi, code, signer).deploy(...args);
    await made.waitForDeployment();
    placed.set(name, await made.getAddress());
    return made as Contract;
  };

  await deploy("TestToken");
  for (const library of [...AUDITS_LIBRARIES, ...REGISTRY_LIBRARIES]) await deploy(library);
  // After the factory and the two that it makes: Ledger, Registry, Audits, Challenges.
  const nonce = await signer.getNonce();
  const later = (i: number): string => getCreateAddress({ from: signer.address, nonce: nonce + 3 + i });
  const audits = later(2);
  const factory = await deploy("Factory", { audits, genesis, epochSeconds, margin });
  const make = async (method: string, ...args: unknown[]): Promise<string> => {
    const made = (await factory.getFunction(method).staticCall(...args)) as string;
    await (await factory.getFunction(method).send(...args)).wait();
    return made;
  };
  const words = Buffer.from(drand.publicKey).toString("hex").match(/.{64}/g);
  const beacon = await make(
    ...["makeDrandBeacon", contractArtifact("DrandBeacon").bytecode, present(words ?? undefined).map(hex)],
    ...[drand.genesis, drand.period],
  );
  const { proof, publicSignals } = await makeKnownAnswer("tiny");
  const verifier = await make(
    ...["makeVerifier", contractArtifact("Groth16Verifier").bytecode],
    keyWords(await loadVerificationKey("tiny")),
    { proof: proofWords(proof), inputs: inputWords(publicSignals) },
  );
  const unbond = UNBOND_EPOCHS * epochSeconds;
  await deploy("Ledger", at("TestToken"), later(1), audits, later(3), treasury, unbond);
  await deploy("Registry", at("Ledger"), audits);
  await deploy(
    ...["Audits", at("Ledger"), at("Registry"), at("Factory")],
    [{ verifier, samples: 2, dataDepth: 2, directoryDepth: 2 }],
    ...[[beacon], genesis, epochSeconds, margin, PROTOCOL_FEE],
  );
  await deploy("Challenges", at("Ledger"), at("Registry"), audits, MIN_CHALLENGE_BOND);
  await deploy("Lens", audits);
  return {
    ...{ token: at("TestToken"), ledger: at("Ledger"), registry: at("Registry"), audits },
    ...{ challenges: at("Challenges"), lens: at("Lens"), factory: at("Factory"), beacon, verifier },
  };
}

const hex = (digits: string): string => `0x${digits}`;
