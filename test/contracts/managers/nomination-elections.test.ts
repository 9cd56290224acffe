// Nominated staking: which results of an election the contract accepts, and who loses a deposit.
import { expect } from "chai";
import { concat, dataSlice, ZeroAddress } from "ethers";
import { encodeEntry, pageHash, type Submission } from "../../../client/governance/submission.ts";
import { nominatingWorld, TERMS, type Nominating } from "../../../evidence/world/nominating.ts";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";
import { expectConserved, nominating, STATUS } from "../../helpers/nominating.ts";

const FINDERS = TERMS.deposit / 4n;

/** An entry of one edge or several. */
const entry = (nominator: number, ...edges: [seat: number, stake: bigint][]): string =>
  encodeEntry(
    nominator,
    edges.map(([seat, stake]) => ({ seat, stake })),
  );

describe("contracts: elections of nominated staking", () => {
  let world: Nominating;
  /** Candidates 1, 2 and 3 have 1,000, 2,000 and 3,000. Nominator 1 has 3,000 for 1 and 2, nominator 2 500 for 3. */
  const fresh = freshWorld(async () => {
    const made = await nominatingWorld();
    const { nominate, toElection } = nominating(() => made);
    await nominate(made.people.alice, 3_000n, 1, 2);
    await nominate(made.people.bob, 500n, 3);
    await toElection();
    return made;
  }) as () => Promise<Nominating>;
  beforeEach(async () => {
    world = await fresh();
  });
  afterEach(() => expectConserved(world));
  const { solve, submit, check, submitAll, statusOf, refused, credit, toEnd } = nominating(() => world);
  /** 2 and 3 with all that is theirs. */
  const best = {
    winners: [2, 3],
    supports: [5_000n, 3_500n],
    pages: [concat([entry(1, [0, 3_000n]), entry(2, [1, 500n])])],
  };
  /** The same with less behind them. */
  const worse = {
    ...best,
    supports: [4_999n, 3_400n],
    pages: [concat([entry(1, [0, 2_999n]), entry(2, [1, 400n])])],
  };

  it("accept what sequential Phragmén says, page by page", async () => {
    const { auditor } = world.people;
    const submission = await solve(1);
    expect(submission).to.deep.equal({ ...best, pages: [entry(1, [0, 3_000n]), entry(2, [1, 500n])] });
    await expect(submit(auditor, submission)).to.changeTokenBalance(
      world.ethers,
      world.token,
      auditor,
      -TERMS.deposit,
    );
    await expect(check(auditor, submission.pages[0] ?? ""))
      .to.emit(world.staking, "PageChecked")
      .withArgs(1, auditor, 0, submission.pages[0]);
    expect(await statusOf(auditor)).to.equal(STATUS.open);
    await expect(check(auditor, submission.pages[1] ?? ""))
      .to.emit(world.staking, "Judged")
      .withArgs(1, auditor, STATUS.best, world.people.stranger);
    expect(await world.staking.bestOf(1)).to.equal(auditor.address);
    expect(await credit(auditor)).to.equal(TERMS.deposit);
  });

  it("take the deposit of one that is infeasible, and give a quarter of it to who shows it", async () => {
    const { auditor, stranger, treasury } = world.people;
    const page = concat([entry(1, [0, 3_001n]), entry(2, [1, 500n])]);
    await submit(auditor, { ...best, supports: [5_001n, 3_500n], pages: [page] });
    await expect(check(auditor, page))
      .to.emit(world.staking, "Judged")
      .withArgs(1, auditor, STATUS.infeasible, stranger);
    expect([await credit(auditor), await credit(stranger), await credit(treasury)]).to.deep.equal([
      0n,
      FINDERS,
      TERMS.deposit - FINDERS,
    ]);
    expect(await world.staking.bestOf(1)).to.equal(ZeroAddress);
    await refused(check(auditor, page), "NotOpen", 1, auditor, STATUS.infeasible);
    await refused(submit(auditor, best), "OneEach", 1, auditor);
  });

  it("give nothing to a submitter who shows that its own is infeasible", async () => {
    const { auditor, treasury } = world.people;
    const page = entry(1, [1, 1n]);
    await submit(auditor, { ...best, supports: [5_000n, 3_501n], pages: [page] });
    await check(auditor, page, auditor);
    expect([await credit(auditor), await credit(treasury)]).to.deep.equal([0n, TERMS.deposit]);
  });

  const all1 = entry(1, [0, 3_000n]);
  const all2 = entry(2, [1, 500n]);
  const without2 = { supports: [5_000n, 3_000n] };
  /** Each claims what its edges would add up to. */
  const infeasible: Record<string, Partial<Submission>> = {
    "a page with nobody in it": { pages: ["0x"] },
    "stake for a candidate whom the nominator does not back": {
      supports: [4_500n, 3_500n],
      pages: [entry(1, [0, 2_500n], [1, 500n])],
    },
    "more than a nominator has": {
      supports: [5_000n, 3_501n],
      pages: [concat([all1, entry(2, [1, 501n])])],
    },
    "more than a nominator has, in two edges": {
      winners: [1, 2],
      supports: [2_000n, 4_001n],
      pages: [entry(1, [0, 1_000n], [1, 2_001n])],
    },
    "a seat twice for a nominator": { pages: [concat([entry(1, [0, 1_500n], [0, 1_500n]), all2])] },
    "seats out of order": {
      winners: [1, 2],
      supports: [2_000n, 4_000n],
      pages: [entry(1, [1, 2_000n], [0, 1_000n])],
    },
    "a nominator twice on a page": {
      supports: [8_000n, 3_500n],
      pages: [concat([all1, all1, all2])],
    },
    "a nominator on two pages": { supports: [8_000n, 3_500n], pages: [all1, concat([all1, all2])] },
    "nominators out of order": { pages: [concat([all2, all1])] },
    "a nominator that there is not": { pages: [concat([all1, entry(3, [1, 500n])])] },
    "a seat that there is not": { ...without2, pages: [concat([all1, entry(2, [2, 500n])])] },
    "an edge without stake": { ...without2, pages: [concat([all1, entry(2, [1, 0n])])] },
    "an entry without edges": { ...without2, pages: [concat([all1, entry(2)])] },
    "a page that ends within an entry": { pages: [dataSlice(concat([all1, all2]), 0, 35)] },
    "a page that ends within an id": { ...without2, pages: [concat([all1, "0x000000"])] },
    "less than it claims": { pages: [concat([entry(1, [0, 2_999n]), all2])] },
    "more than it claims": { pages: [concat([all1, all2])], supports: [4_999n, 3_500n] },
    "nothing at all": { pages: ["0x"] },
  };
  for (const [what, change] of Object.entries(infeasible)) {
    it(`find infeasible what has ${what}`, async () => {
      const { auditor } = world.people;
      const submission = { ...best, ...change };
      await submit(auditor, submission);
      for (const page of submission.pages) await check(auditor, page);
      expect(await statusOf(auditor)).to.equal(STATUS.infeasible);
    });
  }

  it("refuse a page that was not promised, or not yet", async () => {
    const { auditor } = world.people;
    const pages = [entry(1, [0, 3_000n]), entry(2, [1, 500n])];
    await submit(auditor, { ...best, pages });
    const [first = "", second = ""] = pages;
    await refused(
      check(auditor, second),
      "OtherPage",
      pageHash(auditor.address, first),
      pageHash(auditor.address, second),
    );
  });

  it("refuse winners that are too few, too many, not in order, not eligible, or backed by less than they have", async () => {
    const { auditor } = world.people;
    const attempt = (winners: number[], supports: bigint[]) =>
      submit(auditor, { winners, supports, pages: best.pages });
    await refused(attempt([2], [5_000n]), "WrongSeats", 1, 2);
    await refused(attempt([1, 2, 3], [5_000n, 5_000n, 5_000n]), "WrongSeats", 3, 2);
    await refused(attempt([2, 3], [5_000n]), "WrongSeats", 2, 2);
    await refused(attempt([3, 2], [5_000n, 5_000n]), "BadWinner", 2);
    await refused(attempt([2, 2], [5_000n, 5_000n]), "BadWinner", 2);
    await refused(attempt([2, 4], [5_000n, 5_000n]), "BadWinner", 4);
    await refused(attempt([2, 3], [5_000n, 2_999n]), "BadWinner", 3);
    const many = { ...best, pages: Array.from({ length: 65 }, () => "0x00") };
    await refused(submit(auditor, many), "TooManyPages", 65);
    await refused(submit(auditor, { ...best, pages: [] }), "Unbacked");
  });

  it("count a candidate that is chilled or taken out meanwhile, and none that came meanwhile", async () => {
    const { auditor, bob } = world.people;
    const two = world.people.providers[1];
    if (!two) throw new Error("there is no second provider");
    await world.staking.connect(two).chill(2, true);
    await world.registry.connect(bob).registerNode(bob, "", 10, 1, 1, "");
    await world.staking.connect(bob).offer(4, 0, 9_000, 0);
    await refused(submit(auditor, { ...best, winners: [3, 4], supports: [3_500n, 9_000n] }), "BadWinner", 4);
    await submitAll(auditor, best);
    expect(await statusOf(auditor)).to.equal(STATUS.best);
  });

  describe("choose the better one", () => {
    it("by the least support, then the sum, then the sum of squares", async () => {
      const { auditor, bob, alice, stranger } = world.people;
      // 1 and 2 share nominator 1: least 2,000, then evenly 3,000.
      const shared = (to1: bigint, to2: bigint): Submission => ({
        winners: [1, 2],
        supports: [1_000n + to1, 2_000n + to2],
        pages: [
          entry(
            1,
            ...(
              [
                [0, to1],
                [1, to2],
              ] as [number, bigint][]
            ).filter(([, stake]) => stake > 0n),
          ),
        ],
      });
      await submitAll(auditor, shared(1_000n, 1_000n));
      await refused(submit(bob, shared(500n, 2_500n)), "NotBetter", 1_500, 6_000, 1_500 ** 2 + 4_500 ** 2);
      // As much at least, and more in all.
      await submitAll(bob, shared(1_000n, 2_000n));
      expect([await statusOf(auditor), await statusOf(bob)]).to.deep.equal([STATUS.beaten, STATUS.best]);
      await refused(
        submit(stranger, shared(1_000n, 1_999n)),
        "NotBetter",
        2_000,
        5_999,
        2_000 ** 2 + 3_999 ** 2,
      );
      await submitAll(alice, best);
      expect(await world.staking.bestOf(1)).to.equal(alice.address);
      expect(await credit(bob)).to.equal(TERMS.deposit);
    });

    it("of the same least support and sum by the sum of squares", async () => {
      const three = await nominatingWorld({}, { seats: 3 });
      const { auditor, bob } = three.people;
      const other = nominating(() => three);
      await other.nominate(three.people.alice, 3_000n, 1, 2, 3);
      await other.toElection();
      const to = (a: bigint, b: bigint, c: bigint): Submission => ({
        winners: [1, 2, 3],
        supports: [1_000n + a, 2_000n + b, 3_000n + c],
        pages: [
          entry(
            1,
            ...(
              [
                [0, a],
                [1, b],
                [2, c],
              ] as [number, bigint][]
            ).filter(([, stake]) => stake > 0n),
          ),
        ],
      });
      await other.submitAll(auditor, to(1_000n, 0n, 1_500n));
      await other.refused(
        other.submit(bob, to(1_000n, 0n, 1_500n)),
        "NotBetter",
        2_000,
        8_500,
        2_000 ** 2 + 2_000 ** 2 + 4_500 ** 2,
      );
      await other.submitAll(bob, to(1_000n, 500n, 1_000n));
      expect(await three.staking.bestOf(1)).to.equal(bob.address);
    });

    it("of equal ones the one that was submitted first, even if its pages come last", async () => {
      const { auditor, bob } = world.people;
      await submit(auditor, best);
      await submitAll(bob, best);
      expect(await world.staking.bestOf(1)).to.equal(bob.address);
      for (const page of best.pages) await check(auditor, page);
      expect([await statusOf(bob), await statusOf(auditor)]).to.deep.equal([STATUS.beaten, STATUS.best]);
    });

    it("that is shown by the deadline, and keep the deposit of what is not", async () => {
      const { auditor, bob, stranger } = world.people;
      await submitAll(bob, worse);
      await submit(auditor, best);
      await refused(world.staking.forfeit(1, auditor), "StillRuns", 1);
      await toEnd();
      await refused(check(auditor, best.pages[0] ?? ""), "NoElection", 0);
      await refused(submit(stranger, best), "NoElection", 0);
      await world.staking.connect(stranger).forfeit(1, auditor);
      expect([await statusOf(auditor), await credit(stranger)]).to.deep.equal([STATUS.infeasible, FINDERS]);
      expect(await world.staking.bestOf(1)).to.equal(bob.address);
      await refused(world.staking.forfeit(1, bob), "NotOpen", 1, bob, STATUS.best);
    });
  });

  describe("protect who computes the best one", () => {
    it("from one who copies what it promises: the pages are bound to the submitter", async () => {
      const { auditor, stranger, bob } = world.people;
      const promised = best.pages.map((page) => pageHash(auditor.address, page));
      // The copy of the call comes first.
      await world.staking.connect(bob).submit(best.winners, best.supports, promised);
      await submit(auditor, best);
      const [page = ""] = best.pages;
      await refused(check(bob, page), "OtherPage", promised[0], pageHash(bob.address, page));
      await check(auditor, page);
      expect(await world.staking.bestOf(1)).to.equal(auditor.address);
      await toEnd();
      await world.staking.connect(stranger).forfeit(1, bob);
      expect(await credit(bob)).to.equal(0n);
    });

    it("from one who copies its pages: who submits later is not better", async () => {
      const { auditor, bob } = world.people;
      await submit(auditor, best);
      // The page is seen in the pool, and shown first under another name.
      await submitAll(bob, best);
      await check(auditor, best.pages[0] ?? "");
      expect(await world.staking.bestOf(1)).to.equal(auditor.address);
      await refused(submit(world.people.stranger, best), "NotBetter", 3_500, 8_500, 5_000 ** 2 + 3_500 ** 2);
    });
  });

  it("say what was submitted", async () => {
    const { auditor } = world.people;
    await expect(submit(auditor, best))
      .to.emit(world.staking, "Submitted")
      .withArgs(
        ...named(world.staking, "Submitted", {
          election: 1,
          submitter: auditor,
          winners: best.winners,
          backings: best.supports,
          pages: best.pages.map((page) => pageHash(auditor.address, page)),
        }),
      );
  });
});
