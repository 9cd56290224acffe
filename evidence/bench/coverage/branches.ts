/**
 * Makes branches countable as lines: each condition of a Solidity file is passed through a function, appended to the file,
 * with one line for each outcome. A tool that counts lines then counts branches too, also those of `require`, `?:`, `&&` and
 * `||`. The file's own lines keep their numbers.
 */
import { createRequire } from "node:module";

interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string;
}
const solc = createRequire(import.meta.url)("solc") as Solc;

type Tree = Readonly<Record<string, unknown>> & { readonly nodeType?: string; readonly src?: string };

/** One outcome of one condition. */
export interface Branch {
  /** Line of the condition, from 1. */
  readonly line: number;
  readonly condition: string;
  readonly outcome: boolean;
}

export interface Watched {
  /** The source that is compiled instead of the file. */
  readonly source: string;
  /** Number of lines of the file. */
  readonly lines: number;
  /** Keys are lines of `source`, from 1, that run when the branch is taken. */
  readonly branches: ReadonlyMap<number, Branch>;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** @throws Error for a file that is not Solidity */
export function watchBranches(content: string): Watched {
  // The compiler's positions count bytes, so decode each byte as one character.
  const code = Buffer.from(content).toString("latin1");
  const insertions: Insertion[] = [];
  const conditions: { line: number; condition: string }[] = [];
  const lineOf = (at: number): number => code.slice(0, at).split("\n").length;
  const watch = (at: number, condition: string): string =>
    `_branch${conditions.push({ line: lineOf(at), condition: condition.replace(/\s+/g, " ") })}(`;

  for (const node of walk(syntaxTree(content))) {
    for (const [start, end] of watchedIn(node)) {
      const text = watch(start, Buffer.from(code.slice(start, end), "latin1").toString());
      insertions.push({ at: start, text }, { at: end, text: ")" });
    }
    if (node.nodeType !== "TryStatement") continue;
    const call = watch(rangeOf(node)[0], "try");
    for (const [i, clause] of (node["clauses"] as Tree[]).entries()) {
      insertions.push({ at: rangeOf(clause["block"] as Tree)[0] + 1, text: ` ${call}${i === 0});` });
    }
  }

  const lines = content.split("\n").length;
  const branches = new Map<number, Branch>();
  let tail = "";
  for (const [i, { line, condition }] of conditions.entries()) {
    const first = lines + 3 * i + 1;
    tail += `\nfunction _branch${i + 1}(bool c) pure returns (bool) {\nif (c) return true;\nreturn false; }`;
    branches.set(first + 1, { line, condition, outcome: true });
    branches.set(first + 2, { line, condition, outcome: false });
  }
  return { source: Buffer.from(insert(code, insertions), "latin1").toString() + tail, lines, branches };
}

/** Insertions at the same place keep their order: outer conditions come before inner ones. */
function insert(code: string, insertions: readonly Insertion[]): string {
  const opening = ({ text }: Insertion): boolean => text !== ")";
  const sorted = insertions.toSorted((a, b) => a.at - b.at || Number(opening(a)) - Number(opening(b)));
  let [out, done] = ["", 0];
  for (const { at, text } of sorted) {
    out += code.slice(done, at) + text;
    done = at;
  }
  return out + code.slice(done);
}

// ------------------------------------------------------------------------------------------------------ conditions

type Range = readonly [start: number, end: number];

/** The conditions of this node: the whole one, and each operand that may be skipped. */
function watchedIn(node: Tree): Range[] {
  if (isCombination(node)) {
    const parts = [node["leftExpression"], node["rightExpression"]] as Tree[];
    return parts.filter((part) => !isCombination(bare(part))).map(rangeOf);
  }
  const decision = decisionOf(node);
  return decision ? [rangeOf(decision)] : [];
}

function decisionOf(node: Tree): Tree | undefined {
  const kind = node.nodeType ?? "";
  if (["IfStatement", "Conditional", "ForStatement", "WhileStatement", "DoWhileStatement"].includes(kind)) {
    return (node["condition"] ?? undefined) as Tree | undefined;
  }
  const callee = kind === "FunctionCall" ? (node["expression"] as Tree)["name"] : undefined;
  return callee === "require" || callee === "assert" ? (node["arguments"] as Tree[])[0] : undefined;
}

function isCombination(node: Tree): boolean {
  return node.nodeType === "BinaryOperation" && (node["operator"] === "&&" || node["operator"] === "||");
}

/** The expression without brackets and negations. */
function bare(node: Tree): Tree {
  if (node.nodeType === "UnaryOperation" && node["operator"] === "!") {
    return bare(node["subExpression"] as Tree);
  }
  const [only, ...others] = node.nodeType === "TupleExpression" ? (node["components"] as Tree[]) : [];
  return only && others.length === 0 ? bare(only) : node;
}

// ---------------------------------------------------------------------------------------------------- syntax trees

function syntaxTree(content: string): Tree {
  const input = {
    language: "Solidity",
    sources: { file: { content } },
    settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: () => ({ contents: "" }) })) as {
    errors?: { severity: string; message: string }[];
    sources: { file?: { ast?: Tree } };
  };
  const error = output.errors?.find(({ severity }) => severity === "error");
  const tree = output.sources.file?.ast;
  if (error || !tree) throw new Error(`not Solidity: ${error?.message ?? "no syntax tree"}`);
  return tree;
}

function* walk(node: Tree): Generator<Tree> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === "object" && child !== null && "nodeType" in child) yield* walk(child as Tree);
    }
  }
}

function rangeOf(node: Tree): Range {
  const [start, length] = (node.src ?? "").split(":").map(Number);
  if (start === undefined || length === undefined) throw new Error(`a ${node.nodeType} without a place`);
  return [start, start + length];
}
