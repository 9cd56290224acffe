// `npm run coverage` counts each outcome of each condition, and each line, once.
import { createRequire } from "node:module";
import { expect } from "chai";
import { watchBranches } from "../../evidence/bench/coverage/branches.ts";
import { compare } from "../../evidence/bench/coverage/run.ts";

const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };

const CONTENT = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

// Ä
error E(uint256 a);

contract C {
    function f(uint256 a, bool b) external view returns (uint256 sum) {
        require(a != 0 && (b || !(a > 9 && a < 99)), E(a));
        for (uint256 i = 0; i < a; ++i) if (i % 2 == 0) sum += b ? 1 : 2;
        // Why.

        try this.f(a, b) returns (uint256) {} catch { sum = 0; }
        while (sum > 99) sum -= 1;
        bool c = b && a == 3;
        assert(c || !c);
    }
}
`;

describe("scripts: coverage", () => {
  describe("a watched contract", () => {
    const { source, lines, branches } = watchBranches(CONTENT);

    it("has both outcomes of whatever decides, and of each part of it", () => {
      const conditions = [...branches.values()].map((b) => `${b.line}: ${b.condition} ${b.outcome}`);
      const expected = [
        "9: a != 0 && (b || !(a > 9 && a < 99))",
        "9: a != 0",
        "9: b",
        "9: a > 9",
        "9: a < 99",
        "10: i < a",
        "10: i % 2 == 0",
        "10: b",
        "13: try",
        "14: sum > 99",
        "15: b",
        "15: a == 3",
        "16: c || !c",
        "16: c",
        "16: !c",
      ];
      expect(conditions.sort()).to.deep.equal(expected.flatMap((c) => [`${c} false`, `${c} true`]).sort());
    });

    it("has its lines where they were, and compiles", () => {
      const names = /_branch\d+\(((?:true|false)\);)?/g;
      const bare = (text: string) => text.replace(names, "").replace(/[\s)]/g, "");
      const own = source.split("\n").slice(0, lines);
      expect(own.map(bare)).to.deep.equal(CONTENT.split("\n").map(bare));
      const input = { language: "Solidity", sources: { c: { content: source } } };
      const { errors = [] } = JSON.parse(solc.compile(JSON.stringify(input))) as {
        errors?: { severity: string }[];
      };
      expect(errors.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    });

    it("says which way a try has gone", () => {
      expect(source).to.match(/\{ (_branch\d+)\(true\);\} catch \{ \1\(false\); sum = 0/);
    });

    it("is Solidity, or is refused", () => {
      expect(() => watchBranches("contract {")).to.throw("not Solidity");
    });
  });

  describe("a report", () => {
    const content = "pragma solidity 0.8.37;\nfunction f(bool b) pure {\n  // Why.\n  if (b) g();\n}\n";
    const tag = (digit: string) => digit.repeat(64);
    const hit = (digit: string) => `L.sendHit(0x${tag(digit)});`;
    const watched = watchBranches(content);
    const counted = watched.source
      .replace("  // Why.", `${hit("1")}  // Why.`)
      .replace(" g();", `{ ${hit("2")} g(); }`)
      .replace("return true;", `${hit("3")} return true;`)
      .replace("return false;", `${hit("4")} return false;`);
    const look = (...digits: string[]) =>
      compare("f.sol", { content, counted, hits: new Set(digits.map(tag)) });

    it("finds a line and both outcomes of its condition", () => {
      expect(look("1", "2", "3", "4")).to.deep.equal({
        row: { file: "f.sol", lines: 1, linesReached: 1, branches: 2, branchesTaken: 2 },
        missing: [],
      });
    });

    it("says what was not reached", () => {
      expect(look("1", "4")).to.deep.equal({
        row: { file: "f.sol", lines: 1, linesReached: 0, branches: 2, branchesTaken: 1 },
        missing: [
          { file: "f.sol", line: 4, what: "if (b) g();" },
          { file: "f.sol", line: 4, what: "b is true" },
        ],
      });
    });
  });
});
