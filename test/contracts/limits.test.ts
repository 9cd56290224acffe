// Bounds that the contracts and the rest of the project both know.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import * as limits from "../../protocol/limits.ts";

const CONTRACTS = join(import.meta.dirname, "..", "..", "contracts");
const PLACES = {
  MIN_PROTOCOL_FEE: ["libraries/Parameters.sol"],
  MAX_PROTOCOL_FEE: ["libraries/Parameters.sol"],
  RESPONSE_EPOCHS: ["libraries/Parameters.sol"],
} as const;

describe("contracts: limits", () => {
  it("are each looked up where the contracts have it", () => {
    expect(Object.keys(PLACES)).to.have.members(Object.keys(limits));
  });

  for (const [name, files] of Object.entries(PLACES))
    for (const file of files)
      it(`${name} is that of ${file}`, async () => {
        const text = await readFile(join(CONTRACTS, file), "utf8");
        const [, value] = new RegExp(`constant ${name} = ([0-9_]+);`).exec(text) ?? [];
        expect(Number(value?.replaceAll("_", ""))).to.equal(limits[name as keyof typeof limits]);
      });
});
