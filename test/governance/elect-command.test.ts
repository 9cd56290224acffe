// `holdfast governance elect`: what it reads, prints and refuses.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkElection } from "../../client/governance/election-file.ts";
import { outcomeTable } from "../../client/governance/outcome.ts";
import { elect } from "../../client/governance/phragmen.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorIn, holdfast } from "../helpers/cli.ts";

const ELECTION = {
  seats: 2,
  candidates: [
    { id: 1, stake: "10" },
    { id: "two", stake: 5 },
    { id: 3, stake: 0 },
  ],
  nominators: [
    { id: "7", stake: "90071992547409930000", targets: [1, "two"] },
    { id: 8, stake: 1, targets: ["3"] },
  ],
};

describe("governance: the elect command", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-elect-"));
  });
  after(() => rm(folder, { recursive: true }));
  const file = async (content: string): Promise<string> => {
    const path = join(folder, "election.json");
    await writeFile(path, content);
    return path;
  };

  it("prints winners, supports and edges, with ids as they were given", async () => {
    const { stdout, code } = await holdfast(
      "governance",
      "elect",
      await file(JSON.stringify(ELECTION)),
      "--json",
    );
    expect(code).to.equal(0);
    // The loads 1 / (b + 10) and (1 + b / (b + 10)) / (b + 5) - 1 / (b + 10) are equal, with the shared stake b.
    expect(JSON.parse(stdout)).to.deep.equal({
      winners: [1, "two"],
      supports: { 1: "45035996273704965010", two: "45035996273704965005" },
      edges: [
        { nominator: 1, candidate: 1, stake: "10" },
        { nominator: "two", candidate: "two", stake: "5" },
        { nominator: "7", candidate: 1, stake: "45035996273704965000" },
        { nominator: "7", candidate: "two", stake: "45035996273704965000" },
      ],
    });
  });

  it("prints a table of at most 80 columns for people", async () => {
    const { stdout } = await holdfast("governance", "elect", await file(JSON.stringify(ELECTION)));
    expect(stdout).to.match(/^2 seats, 3 candidates, 2 nominators: 2 elected\n\nseat {2}candidate/);
    const long = checkElection(
      { seats: 1, candidates: [{ id: `${"a".repeat(100)}z`, stake: "9".repeat(30) }], nominators: [] },
      "here",
    );
    const lines = outcomeTable(long, elect(long)).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(80);
    expect(lines[3]).to.match(/ {3}1 {2}aa+…aa+z {2}9{30} {6}1$/);
  });

  it("says where the mistakes are", async () => {
    const election = { ...ELECTION, seats: 0, candidates: [{ id: 1, stake: -1 }] };
    const result = await holdfast("governance", "elect", await file(JSON.stringify(election)), "--json");
    expect(result.code).to.equal(1);
    expect(errorIn(result)).to.include({ code: "bad-input" });
    expect(errorIn(result).message)
      .to.match(
        /election\.json is no election: seats: expected at least 1 seat; candidates\[0\]\.stake: expected/,
      )
      .and.match(/from 0 to 2\^53 - 1/);
    const none = await holdfast("governance", "elect", join(folder, "none.json"), "--json");
    expect(errorIn(none)).to.include({ code: "not-found" });
  });

  it("describes its file in its help", async () => {
    const { stdout } = await holdfast("governance", "elect", "--help");
    expect(stdout)
      .to.match(/"candidates": \[\{"id": 1/)
      .and.match(/own nominator/);
  });
});

describe("governance: an election that is written down", () => {
  const problems = (change: object): unknown => {
    try {
      checkElection({ ...ELECTION, ...change }, "here");
    } catch (error) {
      if (error instanceof HoldfastError) return error.details["problems"];
      throw error;
    }
    return undefined;
  };
  const candidates = (...stakes: unknown[]) => ({
    candidates: stakes.map((stake, id) => ({ id, stake })),
    nominators: [],
  });
  const nominator = (targets: unknown[], id: unknown = 1) => ({ nominators: [{ id, stake: 1, targets }] });

  it("may have nobody, and more seats than candidates", () => {
    expect(problems({ candidates: [], nominators: [] })).to.equal(undefined);
    expect(problems({ seats: 9 })).to.equal(undefined);
    expect(problems(nominator([]))).to.equal(undefined);
  });

  it("has stakes that are whole, not negative and exact", () => {
    const wrong = [-1, 1.5, 2 ** 53, "-1", "1.5", "0x1", "", " 1", null, undefined, true];
    const listed = problems(candidates(...wrong)) as string[];
    expect(listed).to.have.lengthOf(wrong.length);
    for (const [i, problem] of listed.entries())
      expect(problem).to.match(new RegExp(`^candidates\\[${i}\\]\\.stake: expected token units`));
    expect(problems(candidates(0, "0", 2 ** 53 - 1, "9".repeat(60), "007"))).to.equal(undefined);
  });

  it('has each id once, and 7 and "7" are the same', () => {
    const twice = { candidates: [7, 8, "7"].map((id) => ({ id, stake: 1 })), nominators: [] };
    expect(problems(twice)).to.deep.equal(["candidates[2].id: another candidate has this id, 7"]);
    const nominators = [1, 1].map((id) => ({ id, stake: 1, targets: [] }));
    expect(problems({ nominators })).to.deep.equal(["nominators[1].id: another nominator has this id, 1"]);
    for (const id of ["", 1.5, null, 2 ** 53, true])
      expect(problems({ candidates: [{ id, stake: 1 }], nominators: [] }), String(id)).to.deep.equal([
        "candidates[0].id: expected an id: a whole number within ±(2^53 - 1), or a string that is not empty",
      ]);
  });

  it("has targets that are candidates, each once, and at most 16", () => {
    expect(problems(nominator([1, 4]))).to.deep.equal(["nominators[0].targets[1]: there is no candidate 4"]);
    expect(problems(nominator([3, "3"]))).to.deep.equal([
      "nominators[0].targets[1]: 3 is among the targets already",
    ]);
    const many = Array.from({ length: 17 }, (_, i) => i);
    const all = { candidates: many.map((id) => ({ id, stake: 1 })) };
    expect(problems({ ...all, ...nominator(many) })).to.deep.equal([
      "nominators[0].targets: expected at most 16 targets",
    ]);
    expect(problems({ ...all, ...nominator(many.slice(1)) })).to.equal(undefined);
  });

  it("has a whole number of seats, 1 or more", () => {
    for (const seats of [0, -1, 1.5, "2", null, undefined])
      expect(problems({ seats }), String(seats)).to.have.lengthOf(1);
  });

  it("is an object with three members", () => {
    expect(problems({ candidates: undefined, nominators: {} })).to.have.lengthOf(2);
    expect(() => checkElection([], "here")).to.throw(HoldfastError, /^here is no election: file: /);
  });
});
