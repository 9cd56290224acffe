// The documents' citations and links: all targets exist, and every document can be reached.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..", "..");
const SPECIFICATION = "docs/protocol.md";
/** Folders with generated files or packages. Folders whose names begin with a dot are skipped too. */
const FOREIGN = new Set("node_modules artifacts cache build types generated coverage out".split(" "));

describe("docs: citations and links", () => {
  let sources: string[];
  let documents: string[];
  before(async () => {
    sources = (await filesBelow(ROOT)).filter((path) => /\.(ts|mjs|sol|circom|md)$/.test(path));
    documents = sources.filter((path) => /^(docs\/.*|[^/]*)\.md$/.test(path));
  });

  it("every section that is cited is a heading of the specification", async () => {
    const headings = new Set(sectionsOf(await textOf(SPECIFICATION)));
    const cited: string[] = [];
    const missing: string[] = [];
    for (const path of sources) {
      for (const section of citationsIn(await textOf(path))) {
        cited.push(section);
        if (!headings.has(section)) missing.push(`${path} cites section ${section}`);
      }
    }
    expect(missing).to.deep.equal([]);
    expect(cited).to.include.members(["3", "9.4"]);
  });

  it("finds a citation of one section or several, across the lines of a comment", () => {
    expect(citationsIn("/// (protocol.md, section 5; protocol/directory.ts).")).to.deep.equal(["5"]);
    expect(citationsIn("// What it is (protocol.md, section 10): 4 of them.")).to.deep.equal(["10"]);
    expect(citationsIn("// a (protocol.md,\n// section 9.4). By")).to.deep.equal(["9.4"]);
    expect(citationsIn("  /// a (protocol.md,\n  /// section 9.4). By")).to.deep.equal(["9.4"]);
    expect(citationsIn(" * a (docs/protocol.md,\n * section 4). 16 of")).to.deep.equal(["4"]);
    expect(citationsIn("(protocol.md, sections 5 and 9.1)")).to.deep.equal(["5", "9.1"]);
    expect(citationsIn("(protocol.md, sections 9,\n// 9.2 to 9.5)")).to.deep.equal(["9", "9.2", "9.5"]);
    expect(citationsIn("(RFC 9110, section 10.2.3)")).to.deep.equal([]);
  });

  it("every relative link leads to a file, and to a heading of it if it names one", async () => {
    const broken: string[] = [];
    for (const path of documents) {
      for (const { target, anchor } of linksIn(path, await textOf(path))) {
        if (target.startsWith("../") || !existsSync(join(ROOT, target)))
          broken.push(`${path}: there is no ${target}`);
        else if (anchor !== undefined && !anchorsOf(await textOf(target)).has(anchor))
          broken.push(`${path}: ${target} has no heading #${anchor}`);
      }
    }
    expect(broken).to.deep.equal([]);
  });

  it("every document is reachable from the README", async () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const { target } of linksIn(path, await textOf(path)))
        if (documents.includes(target)) reached.add(target);
    }
    const lost = documents.filter((path) => path.startsWith("docs/") && !reached.has(path));
    expect(lost).to.deep.equal([]);
  });

  it("a link is followed from where it stands, and code is none", () => {
    const text = "[a](b.md#c-d) [`x`](../e.ts) [f](#g) [h](https://i.org/j.md)\n`[k](l.md)`\n\n[m]: n.md";
    expect(linksIn("docs/o/p.md", text)).to.deep.equal([
      { target: "docs/o/b.md", anchor: "c-d" },
      { target: "docs/e.ts", anchor: undefined },
      { target: "docs/o/p.md", anchor: "g" },
      { target: "docs/o/n.md", anchor: undefined },
    ]);
    const headings = "# A `b`, c\n```\n# no\n```\n### 9.2 Time & randomness\n## What\n## What";
    expect([...anchorsOf(headings)]).to.deep.equal(["a-b-c", "92-time--randomness", "what", "what-1"]);
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) found.push(relative(ROOT, path));
    else if (entry.isDirectory() && !FOREIGN.has(entry.name) && !entry.name.startsWith("."))
      found.push(...(await filesBelow(path)));
  }
  return found.sort();
}

function textOf(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

/** "## 5. Directory" and "### 9.2 Time": 5 and 9.2. */
function sectionsOf(specification: string): string[] {
  return [...withoutCode(specification).matchAll(/^#+ (\d+(?:\.\d+)*)\.? /gm)].map(
    ([, number = ""]) => number,
  );
}

/** As `protocol.md, section N` or `sections N, N and N`; of `N to N` both ends. */
function citationsIn(text: string): string[] {
  const flowing = text.replace(/\s*\n[ \t]*(?:\/\/+|\*|#)?[ \t]*/g, " ");
  const number = String.raw`\d+(?:\.\d+)*`;
  const one = String.raw`section (?<one>${number})`;
  const several = String.raw`sections (?<several>${number}(?:(?:,| and| to|, and) ${number})*)`;
  return [...flowing.matchAll(new RegExp(String.raw`protocol\.md\W{1,3}(?:${one}|${several})`, "g"))].flatMap(
    ({ groups }) => (groups?.["one"] ?? groups?.["several"] ?? "").match(new RegExp(number, "g")) ?? [],
  );
}

interface Link {
  /** From the root. */
  readonly target: string;
  readonly anchor: string | undefined;
}

/** The links of a document that lead into the repository. */
function linksIn(path: string, text: string): Link[] {
  const pattern = /\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)/gm;
  return [...withoutCode(text).matchAll(pattern)].flatMap(([, inline, listed]) => {
    const link = inline ?? listed ?? "";
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    return [{ target: file === "" ? path : posix.join(dirname(path), file), anchor }];
  });
}

/** As GitHub names headings. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replace(/\]\([^)]*\)/g, "").toLowerCase();
    const name = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    let anchor = name;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${name}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "");
}
