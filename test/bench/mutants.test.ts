// The mutants of a contract: each kind of change, as code that compiles.
import { createRequire } from "node:module";
import { expect } from "chai";
import { mutantsOf } from "../../evidence/bench/mutants/operators.ts";

interface Output {
  readonly errors?: readonly { readonly severity: string }[];
  readonly sources: { readonly a: { readonly ast: unknown } };
}
const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };

const SOURCE = `pragma solidity 0.8.37;
contract C {
    event E(uint256 value);
    uint256 private x;
    function f(uint256 a) external {
        require(a < 7);
        x += a;
        g();
        emit E(a);
        for (uint256 i = 0; i < a; ++i) g();
        assembly { sstore(0, add(a, 1)) }
    }
    function g() private { x = 1; }
}`;

function compile(content: string): Output {
  const settings = { outputSelection: { a: { "": ["ast"] } } };
  return JSON.parse(
    solc.compile(JSON.stringify({ language: "Solidity", sources: { a: { content } }, settings })),
  ) as Output;
}

describe("bench: mutants", () => {
  const mutants = mutantsOf(SOURCE, compile(SOURCE).sources.a.ast);
  const changes = mutants.map(({ line, was, text }) => `${line}: ${was} -> ${text || "nothing"}`);

  it("change an operator, a number, a condition or a statement", () => {
    expect(changes).to.deep.equal([
      "6: require(a < 7); -> {}",
      "6: < -> <=",
      "6: 7 -> 8",
      "7: x += a; -> {}",
      "7: += -> -=",
      "8: g(); -> {}",
      "9: emit E(a); -> {}",
      "10: 0 -> 1",
      "10: < -> <=",
      "10: ++i -> --i",
      "10: g(); -> {}",
      "11: sstore(0, add(a, 1)) -> nothing",
      "11: 0 -> 1",
      "11: add -> sub",
      "11: 1 -> 2",
      "13: x = 1; -> {}",
      "13: 1 -> 2",
    ]);
  });

  it("compile", () => {
    for (const [i, { start, end, text }] of mutants.entries()) {
      const { errors = [] } = compile(SOURCE.slice(0, start) + text + SOURCE.slice(end));
      expect(
        errors.filter(({ severity }) => severity === "error"),
        changes[i],
      ).to.deep.equal([]);
    }
  });
});
