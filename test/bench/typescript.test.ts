// What `npm run coverage:ts` counts of a source, and that `npm run mutants:ts` has what it names.
import { existsSync } from "node:fs";
import { expect } from "chai";
import { compare, type CountedScript } from "../../evidence/bench/typescript/coverage.ts";
import { TARGETS } from "../../evidence/bench/typescript/mutants.ts";
import { placesOf } from "../../evidence/bench/typescript/places.ts";

const SOURCE = `// Why.
import { a } from "./a.ts";
export interface Shape {
  readonly x: number;
}
type Word = "a" extends string ? 1 : 2;
declare const global: number;

export function f(x: number, y = 1): number {
  if (x > 9)
    throw new Error("no");
  const twice = (z: number) => 2 * z;
  for (const i of [1]) a(i);
  switch (x) {
    case 1:
      return x > 0 ? y : 0;
    default:
  }
  try {
    return twice(x) ?? 3;
  } catch {
    return a(x) && 4;
  }
}
`;

describe("bench: coverage of TypeScript", () => {
  it("takes statements for lines, and neither types, imports nor comments", () => {
    const lines = placesOf(SOURCE).statements.map(({ line }) => line);
    expect([...new Set(lines)]).to.deep.equal([10, 11, 12, 13, 14, 16, 19, 20, 22]);
  });

  it("takes for a branch what runs only if something decides so", () => {
    const branches = placesOf(SOURCE).branches.map(({ offset }) => SOURCE.slice(offset).split("\n", 1)[0]);
    expect(branches).to.deep.equal([
      "1): number {",
      'throw new Error("no");',
      "return x > 0 ? y : 0;",
      "y : 0;",
      "0;",
      "3;",
      "{",
      "4;",
    ]);
  });

  describe("a line", () => {
    const source = "g();\nif (b)\n  h();\nelse i();\n";
    const range = (text: string, count: number) => {
      const startOffset = source.indexOf(text);
      return { startOffset, endOffset: startOffset + text.length, count };
    };
    const script = (...ranges: object[]): CountedScript =>
      ({ url: "", functions: [{ ranges: [range(source, 1), ...ranges] }] }) as CountedScript;
    const lost = { line: 3, what: "h();" };

    it("is not reached if the innermost range has not run, in no process", () => {
      const { lines, unreached, branches, untaken } = compare(source, [script(range("h();", 0))]);
      expect({ lines, unreached, branches, untaken }).to.deep.equal({
        ...{ lines: 4, unreached: [lost], branches: 2, untaken: [lost] },
      });
    });

    it("is reached if one process has run it", () => {
      const both = [script(range("h();", 0)), script(range("i();", 0))];
      expect(compare(source, both)).to.deep.include({ unreached: [], untaken: [] });
    });

    it("is not reached where nobody has loaded the file", () => {
      expect(compare(source, []).unreached.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4]);
    });
  });
});

describe("bench: mutants of TypeScript", () => {
  it("are of sources that are there, and meet tests that are there", () => {
    for (const { sources, tests } of Object.values(TARGETS).flat())
      for (const path of [...sources, ...tests.map((name) => `test/${name}.test.ts`)])
        expect(existsSync(path), path).to.equal(true);
  });
});
