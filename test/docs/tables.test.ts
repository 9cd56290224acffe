// The tables that benches write into documents.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { markdownTable, readMarked, replaceMarked } from "../../evidence/tables/markers.ts";
import { tableNamed, TABLES } from "../../evidence/tables/tables.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const DOCUMENT = "before\n\n<!-- table gas, from 00000000 -->\n\n| old |\n\n<!-- end of gas -->\n\nafter\n";

describe("docs: tables", () => {
  it("are replaced with what they are from, and nothing else is", () => {
    const written = replaceMarked(DOCUMENT, "gas", { from: "5e2c91ab", body: "| $& new |" });
    expect(readMarked(written, "gas")).to.deep.equal({ from: "5e2c91ab", body: "| $& new |" });
    expect(written)
      .to.match(/^before\n\n<!--/)
      .and.match(/-->\n\nafter\n$/);
    expect(written).not.to.include("old");
  });

  it("are an error where a document has no place for them", () => {
    expect(() => readMarked(DOCUMENT, "limits")).to.throw("table limits");
    expect(() => replaceMarked(DOCUMENT, "limits", { from: "", body: "" })).to.throw("table limits");
  });

  it("are known by name: a check of another one does not pass", () => {
    expect(tableNamed("gas").document).to.equal("docs/contracts.md");
    expect(() => tableNamed("gass")).to.throw(RangeError, "gass");
  });

  it("have columns as wide as their widest cell", () => {
    expect(markdownTable(["a", "figure"], [["longer", "1"]])).to.equal(
      "| a      | figure |\n| ------ | ------ |\n| longer | 1      |",
    );
  });

  for (const { name, document } of TABLES)
    it(`have their place: ${name} in ${document}`, () => {
      expect(existsSync(join(ROOT, document))).to.equal(true);
      expect(readMarked(readFileSync(join(ROOT, document), "utf8"), name).body).to.match(/^(.+\n\n)?\| /);
    });
});
