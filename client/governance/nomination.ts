/**
 * Nominated proof-of-stake as a cluster's manager: how its contracts are made, what they say, and what people send them.
 */
import { getCreateAddress, Interface, type JsonFragment } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { refuse } from "../chain-errors.ts";
import { parseAddress, type Chain, type Sent } from "../chain.ts";
import { readAll } from "./logs.ts";
import { makeContract, type OnMade } from "./making.ts";
import { elect, type Candidate, type Nominator } from "./phragmen.ts";
import { nominatorName, pageHash, submissionOf, type Submission } from "./submission.ts";

/** StakingTerms: times in epochs, amounts in token units. */
export interface StakingTerms {
  readonly seats: number;
  readonly eraEpochs: number;
  readonly electionEpochs: number;
  readonly unbondEpochs: number;
  readonly leastOwn: bigint;
  readonly leastNomination: bigint;
  readonly deposit: bigint;
  readonly solverReward: bigint;
  readonly pageReward: bigint;
}

export interface NewNomination {
  readonly cluster: bigint;
  readonly terms: StakingTerms;
  /** Basis points of the stake behind a seat. */
  readonly shares: { readonly miss: number; readonly fault: number; readonly lost: number };
  readonly crankReward: bigint;
  readonly maxVNodes: number;
}

export type Part = "manager" | "staking";

export interface Nomination {
  readonly manager: string;
  readonly staking: string;
  readonly view: <T>(part: Part, method: string, args?: readonly unknown[]) => Promise<T>;
  /** The calldata of a call, for dry runs. */
  readonly encode: (part: Part, method: string, args: readonly unknown[]) => string;
  readonly send: (part: Part, method: string, args: readonly unknown[]) => Promise<Sent>;
}

const NAMES: Readonly<Record<Part, string>> = { manager: "NominationManager", staking: "NominatedStaking" };
const abiOf = (part: Part): JsonFragment[] => contractArtifact(NAMES[part]).abi as unknown as JsonFragment[];

/** The shortest delay that the contract takes (Terms.sol). */
export const leastUnbondEpochs = (eraEpochs: number, quarterEpochs: bigint): number =>
  2 * eraEpochs + 16 + Math.ceil(Number(quarterEpochs) / 45);

/** Makes both contracts. The cluster must still be proposed to the manager. */
export async function createNomination(
  chain: Chain,
  { cluster, terms, shares, crankReward, maxVNodes }: NewNomination,
  onMade?: OnMade,
): Promise<Nomination> {
  const make = (part: Part, args: readonly unknown[]): Promise<string> =>
    makeContract(chain, NAMES[part], args, onMade);
  const { audits } = chain.addresses;
  const from = chain.account();
  // The staking names its manager, which is made next.
  const nonce = (await chain.provider.getTransactionCount(from).catch(refuse("getTransactionCount"))) + 1;
  const staking = await make("staking", [audits, getCreateAddress({ from, nonce }), terms]);
  const manager = await make("manager", [audits, cluster, staking, shares, crankReward, maxVNodes]);
  return openNomination(chain, manager);
}

/** @throws HoldfastError "chain" if there is no such manager */
export async function openNomination(chain: Chain, text: string): Promise<Nomination> {
  const manager = parseAddress(text);
  const code = await chain.provider.getCode(manager).catch(refuse("getCode"));
  if (code === "0x") {
    const message = `there is no nomination manager at ${manager} on this chain: check the address`;
    throw new HoldfastError("chain", message, { manager });
  }
  const staking = await chain.view<string>(abiOf("manager"), manager, "source");
  const at: Readonly<Record<Part, string>> = { manager, staking };
  const encode = (part: Part, method: string, args: readonly unknown[]): string =>
    new Interface(abiOf(part)).encodeFunctionData(method, args);
  return {
    ...at,
    view: <T>(part: Part, method: string, args: readonly unknown[] = []) =>
      chain.view<T>(abiOf(part), at[part], method, args),
    encode,
    send: (part, method, args) => chain.submit(method, at[part], encode(part, method, args)),
  };
}

// ---------------------------------------------------------------------------------------------------------- elections

interface Stake {
  readonly staked: bigint;
  readonly frozen: bigint;
  readonly election: bigint;
}

/** The election that runs, as the contract counts it, and its result. @throws HoldfastError "chain" if none runs */
export async function solve(
  { view }: Nomination,
  chain: Chain,
): Promise<{ era: number; submission: Submission }> {
  const era = Number(await view<bigint>("staking", "era")) + 1;
  const terms = await view<Record<string, bigint>>("staking", "terms");
  const ends = await view<bigint>("staking", "endsAt");
  const epoch = await chain.read<bigint>("audits", "currentEpoch");
  const begins = ends - (terms["electionEpochs"] ?? 0n);
  if (epoch < begins || epoch >= ends) {
    const message = `no election takes results now: the next one begins with epoch ${begins}, and this is epoch ${epoch}`;
    throw new HoldfastError("chain", message, { begins, ends, epoch });
  }
  const field = await view<Record<string, bigint>>("staking", "field");
  const isFrozen = ({ election }: Stake): boolean => election === BigInt(era);
  const candidates: Candidate[] = [];
  for (let id = 1; id <= Number(field["candidates"]); id++) {
    const { own, chilled } = await view<{ own: Stake; chilled: boolean }>("staking", "candidate", [id]);
    const counts = !chilled && own.staked >= (terms["leastOwn"] ?? 0n);
    const stake = isFrozen(own) ? own.frozen : counts ? own.staked : 0n;
    if (stake > 0n) candidates.push({ id, stake });
  }
  const known = new Set(candidates.map(({ id }) => id));
  const nominators: Nominator[] = [];
  for (let id = 1; id <= Number(field["nominators"]); id++) {
    const { stake, targets, frozenTargets } = await view<{
      stake: Stake;
      targets: bigint;
      frozenTargets: bigint;
    }>("staking", "nominator", [id]);
    const [budget, word] = isFrozen(stake) ? [stake.frozen, frozenTargets] : [stake.staked, targets];
    const backed = unpackTargets(word).filter((target) => known.has(target));
    nominators.push({ id: nominatorName(id), stake: budget, targets: backed });
  }
  return { era, submission: submissionOf(elect({ seats: Number(terms["seats"]), candidates, nominators })) };
}

/** The 16-bit numbers of a word, from the lowest up, without zeros. */
export function unpackTargets(word: bigint): number[] {
  return Array.from({ length: 16 }, (_, i) => Number((word >> BigInt(16 * i)) & 0xffffn)).filter(
    (target) => target !== 0,
  );
}

/** Submits a result, for which the deposit is approved, and shows all its pages. */
export async function submitResult(
  { send }: Nomination,
  chain: Chain,
  { winners, supports, pages }: Submission,
): Promise<Sent> {
  const account = chain.account();
  const hashes = pages.map((page) => pageHash(account, page));
  let sent = await send("staking", "submit", [winners, supports, hashes]);
  for (const page of pages) sent = await send("staking", "check", [account, page]);
  return sent;
}

/** The pages of the result that an era has, from the events of their checks. */
export async function pagesOf({ staking, view }: Nomination, chain: Chain, era: number): Promise<string[]> {
  const { election, submitter } = await view<{ election: bigint; submitter: string }>("staking", "eraOf", [
    era,
  ]);
  const pages: string[] = [];
  for (const { name, args } of await readAll(chain, staking, abiOf("staking"))) {
    if (name !== "PageChecked") continue;
    const [of, by, index, page] = args as [bigint, string, bigint, string];
    if (of === election && by === submitter) pages[Number(index)] = page;
  }
  return pages;
}
