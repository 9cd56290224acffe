// Files and tests that the documents name exist.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..", "..");
const THREATS = "docs/threats.md";
const GOVERNANCE = "docs/governance.md";
const [DECISIONS, SCHEMES] = [6, 6];
const NAMING = ["docs/architecture.md", "docs/glossary.md", "CONTRIBUTING.md"];
/** Stands for a name that the reader chooses. */
const ANY_NAME = /\bNAME\b/;

const isThere = (path: string): boolean => existsSync(join(ROOT, path));
/** In one line: a title may go over several. */
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8").replaceAll(/\s+/g, " ");
const groups = (text: string, pattern: RegExp): string[][] =>
  [...text.matchAll(pattern)].map((match) => match.slice(1).map((group?: string) => group ?? ""));

describe("docs: references", () => {
  for (const path of NAMING) {
    it(`name files that are there: ${path}`, () => {
      const named = groups(textOf(path), /`([\w./-]+\/[\w.-]+\.(?:ts|sol|circom|mjs|json|md))`/g).flat();
      expect(named).not.to.have.length(0);
      expect(named.filter((file) => !ANY_NAME.test(file) && !isThere(file))).to.deep.equal([]);
    });
  }

  /** Titles in quotation marks after their files: how many there are, and which are in no such file. */
  function namedTests(text: string): { count: number; missing: string[] } {
    const missing: string[] = [];
    let file = "";
    let count = 0;
    for (const [next = "", title = ""] of groups(
      text,
      /`([\w./-]+\.(?:test\.ts|t\.sol)|keys\/ceremony\/\w+\.ts)`|"([^"]+)"/g,
    )) {
      if (next !== "") file = join("test", next);
      if (title === "" || file === "") continue;
      count++;
      if (!isThere(file) || !textOf(file).includes(title)) missing.push(`${file}: ${title}`);
    }
    return { count, missing };
  }

  it(`name tests that are there: ${THREATS}`, () => {
    const { count, missing } = namedTests(textOf(THREATS));
    expect(count).to.be.greaterThan(100);
    expect(missing).to.deep.equal([]);
  });

  it(`name a test of each decision under each way of deciding: ${GOVERNANCE}`, () => {
    const [, tests = ""] = textOf(GOVERNANCE).split("## Tests");
    expect(namedTests(tests)).to.deep.equal({ count: DECISIONS * SCHEMES, missing: [] });
  });
});
