/**
 * The auditor's calls as transactions, and previews of what settling would cost and pay. Only this file and chain.ts
 * use ethers.
 */
import {
  AbiCoder,
  concat,
  Interface,
  type Contract,
  type Provider,
  type ParamType,
  type Result,
  type TransactionRequest,
} from "ethers";
import { refusing } from "../chain/refusals.ts";
import { contractArtifact } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";

/** All calls that an auditor sends. */
export type AuditCall =
  | {
      readonly kind: "recordBeacon";
      readonly beacon: number;
      readonly epoch: number;
      readonly evidence: Uint8Array;
    }
  /** Settles up to so many epochs of each vNode. */
  | { readonly kind: "settle"; readonly vNodes: readonly bigint[]; readonly epochs: number }
  /** Ends a challenge that nobody answered in time. */
  | { readonly kind: "expire"; readonly challenge: bigint };

/** The gas and the reward of settling a vNode now. */
export interface Preview {
  readonly vNode: bigint;
  readonly cluster: bigint;
  /** The last settled epoch, now and after settling; equal if there is nothing to settle. */
  readonly from: number;
  readonly through: number;
  /** Basis points of the cluster's payments that go to auditors. */
  readonly auditFee: number;
  readonly gas: bigint;
  /** Token units for the account that settles. */
  readonly reward: bigint;
}

/** The transaction of a call, without fees and nonce. */
export function transactionOf(
  { audits, challenges }: { readonly audits: Contract; readonly challenges: Contract },
  call: AuditCall,
): TransactionRequest {
  const encode = (contract: Contract, method: string, args: readonly unknown[]): string =>
    contract.interface.encodeFunctionData(method, args);
  switch (call.kind) {
    case "recordBeacon":
      return {
        to: audits.target,
        data: encode(audits, "recordBeacon", [call.beacon, call.epoch, call.evidence]),
      };
    case "settle": {
      const calls = call.vNodes.map((vNode) => encode(audits, "settle", [vNode, call.epochs]));
      const [only] = calls;
      return {
        to: audits.target,
        data: calls.length === 1 && only !== undefined ? only : encode(audits, "multicall", [calls]),
      };
    }
    case "expire":
      return { to: challenges.target, data: encode(challenges, "expire", [call.challenge]) };
  }
}

/** Libraries and beacons that revert with errors of their own. */
const LIBRARIES = ["Settlement", "Responsibility", "DrandBeacon", "PrevrandaoBeacon"];

/** ABIs of everything that can revert with errors of its own. */
export function errorsOf(contracts: readonly Contract[]): Interface[] {
  return [
    ...contracts.map((contract) => contract.interface),
    ...LIBRARIES.map((name) => new Interface(contractArtifact(name).abi)),
  ];
}

/** Previews for the first of the vNodes: for as many as fit into one call. */
export type AskPreviews = (vNodes: readonly bigint[], epochs: number) => Promise<Preview[]>;

export function createPreviews(
  provider: Pick<Provider, "call">,
  { audits, account, errors }: { audits: string; account: string; errors: readonly Interface[] },
): AskPreviews {
  const { abi, bytecode } = contractArtifact("SettlementPreview");
  const { deploy } = new Interface(abi);
  const coder = AbiCoder.defaultAbiCoder();
  return async (vNodes, epochs) => {
    const data = concat([bytecode, coder.encode(deploy.inputs, [audits, vNodes, epochs])]);
    const answer = await refusing(errors, "a preview of settling", provider.call({ from: account, data }));
    return read(coder, answer).map((row, i) => ({
      vNode: vNodes[i] ?? 0n,
      cluster: row["cluster"] as bigint,
      from: Number(row["from"]),
      through: Number(row["through"]),
      auditFee: Number(row["auditFee"]),
      gas: row["gas"] as bigint,
      reward: row["reward"] as bigint,
    }));
  };
}

/** SettlementPreview.Outcome. No ABI contains what a constructor returns. */
const OUTCOMES: readonly (string | ParamType)[] = [
  "tuple(uint32 cluster, uint32 from, uint32 through, uint16 auditFee, uint256 gas, uint256 reward)[]",
];

function read(coder: AbiCoder, answer: string): Result[] {
  try {
    const [rows] = coder.decode(OUTCOMES, answer) as unknown as [Result];
    return rows.toArray() as Result[];
  } catch (cause) {
    const message = "the endpoint gave no preview of settling: try again, or use another endpoint";
    throw new HoldfastError("unreachable", message, {}, { cause });
  }
}
