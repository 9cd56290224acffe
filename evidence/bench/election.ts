/**
 * The gas of an election with nominated staking: 16 seats, 64 candidates, 1,000 nominators with 16 targets each.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { dataLength } from "ethers";
import { elect } from "../../client/governance/phragmen.ts";
import { PAGE_SIZE, pageHash, submissionOf } from "../../client/governance/submission.ts";
import { randomOf } from "../simulation/random.ts";
import { electionOf, nominatingWorld, TERMS } from "../world/nominating.ts";
import { present } from "../world/present.ts";
import { EPOCH, FUNDS, RENT } from "../world/world.ts";

export interface ElectionRow {
  readonly transaction: string;
  readonly gas: number;
}

const SEATS = 16;
const CANDIDATES = 64;
const NOMINATORS = 1_000;
const TARGETS = 16;
const WEI = 10n ** 20n;

type Sent = Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>;

export async function benchElection(log: (line: string) => void): Promise<ElectionRow[]> {
  // Epochs in which all of them can register.
  const terms = { seats: SEATS, eraEpochs: 1_000, unbondEpochs: 2_034, leastNomination: 1_000n };
  const world = await nominatingWorld({}, terms);
  const { staking, nomination, registry, token, ethers, people, audits } = world;
  const { networkHelpers } = world.chain;
  const random = randomOf("bench", "election");
  const rows: ElectionRow[] = [];
  const gasOf = async (sent: Sent): Promise<number> => Number((await (await sent).wait())?.gasUsed);
  const count = async (transaction: string, sent: Sent): Promise<number> => {
    const gas = await gasOf(sent);
    rows.push({ transaction, gas });
    return gas;
  };
  const person = async (kind: number, i: number): Promise<HardhatEthersSigner> => {
    const address = ethers.toBeHex(BigInt(kind) * 2n ** 32n + BigInt(i), 20);
    await networkHelpers.impersonateAccount(address);
    await networkHelpers.setBalance(address, WEI);
    const signer = await ethers.getSigner(address);
    await token.mint(signer, FUNDS);
    await token.connect(signer).approve(staking, FUNDS);
    return signer;
  };
  const units = (): bigint => BigInt(random.between(1_000, 100_000_000));

  log(`${CANDIDATES} candidates`);
  for (let id = present(world.people.providers).length + 1; id <= CANDIDATES; id++) {
    const provider = await person(1, id);
    await registry.connect(provider).registerNode(provider, "", 1000, RENT, 1n, "");
    await registry.connect(provider).trust(nomination, true);
    const offered = staking.connect(provider).offer(id, 1_000, units(), 0);
    await (id === CANDIDATES ? count("offer", offered) : offered);
  }
  log(`${NOMINATORS} nominators`);
  for (let i = 1; i <= NOMINATORS; i++) {
    const targets = [...new Set(Array.from({ length: 40 }, () => random.between(1, CANDIDATES)))]
      .slice(0, TARGETS)
      .toSorted((a, b) => a - b);
    const nominated = staking.connect(await person(2, i)).nominate(targets, units(), 0);
    await (i === NOMINATORS ? count("nominate", nominated) : nominated);
  }
  const ends = Number(await staking.endsAt());
  const now = Math.max(Number(await audits.currentEpoch()), ends - TERMS.electionEpochs);
  await world.toEpoch(now);
  const began = performance.now();
  const { winners, supports, pages } = submissionOf(elect(await electionOf(staking)));
  log(`solved in ${Math.round(performance.now() - began)} ms, reading it included`);

  const { bob, stranger } = people;
  const hashes = pages.map((page) => pageHash(bob.address, page));
  await count(
    `submit, ${pages.length} pages`,
    staking.connect(bob).submit([...winners], [...supports], hashes),
  );
  let [sum, most, bytes] = [0, 0, 0];
  for (const page of pages) {
    const gas = await gasOf(staking.connect(stranger).check(bob, page));
    [sum, most, bytes] = [sum + gas, Math.max(most, gas), bytes + dataLength(page)];
  }
  rows.push({ transaction: `check, a page of ${PAGE_SIZE} nominators, the dearest`, gas: most });
  rows.push({ transaction: `check, all ${NOMINATORS} nominators, ${bytes} bytes`, gas: sum });
  await world.toEpoch(ends);
  await networkHelpers.time.increase(EPOCH);
  for (const vNode of [1, 2]) await world.settle(vNode);
  await count("turn, the first era", nomination.turn());
  await token.mint(staking, FUNDS);
  await world.toEpoch(Number(await staking.endsAt()));
  for (const vNode of [1, 2]) await world.settle(vNode);
  await count(`turn, rewards of ${SEATS} seats`, nomination.turn());
  let [paid, dearest] = [0, 0];
  for (const [index, page] of pages.entries()) {
    const gas = await gasOf(staking.connect(stranger).distribute(1, index, page));
    [paid, dearest] = [paid + gas, Math.max(dearest, gas)];
  }
  rows.push({ transaction: `distribute, a page of ${PAGE_SIZE} nominators, the dearest`, gas: dearest });
  rows.push({ transaction: `distribute, all ${NOMINATORS} nominators`, gas: paid });
  await count("place, a vNode", nomination.place(1));
  return rows;
}
