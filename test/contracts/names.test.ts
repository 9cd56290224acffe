// Every custom error that our contracts declare is thrown by a test, and every event expected by one, by name.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";

describe("contracts: what they declare", () => {
  it("every custom error is thrown by a test", async () => {
    const thrown = await namesInTests("revertedWithCustomError");
    for (const file of await filesIn("test/solidity", ".sol")) {
      for (const [, name] of file.matchAll(/\b(\w+)\.selector\b/g)) thrown.add(name ?? "");
    }
    expect((await declared("error")).filter((name) => !thrown.has(name))).to.deep.equal([]);
  });

  it("every event is expected by a test", async () => {
    const expected = await namesInTests("emit");
    expect((await declared("event")).filter((name) => !expected.has(name))).to.deep.equal([]);
  });
});

async function declared(type: "error" | "event"): Promise<string[]> {
  const folders = (await readdir("contracts", { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !["test-support", "local"].includes(entry.name))
    .map(({ name }) => join("contracts", name));
  const files = (await Promise.all([...folders].map((folder) => filesIn(folder, ".sol")))).flat();
  const names = files.flatMap((text) =>
    [...text.matchAll(new RegExp(`^ *${type} (\\w+)\\(`, "gm"))].map(([, name = ""]) => name),
  );
  return [...new Set(names)].sort();
}

async function namesInTests(assertion: string): Promise<Set<string>> {
  const parse = (text: string): ts.SourceFile => ts.createSourceFile("", text, ts.ScriptTarget.Latest);
  const shared = new Set([assertion]);
  for (const file of await filesIn("test/helpers", ".ts"))
    for (const name of passingOn(parse(file), assertion)) shared.add(name);
  const names = new Set<string>();
  for (const file of await filesIn("test/contracts", ".ts")) {
    const source = parse(file);
    const assertions = new Set([...shared, ...passingOn(source, assertion)]);
    for (const name of asserted(source, assertions)) names.add(name);
  }
  return names;
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  const names = all.filter((name) => name.endsWith(ending));
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

/** Functions of the file that pass their arguments on to the assertion. */
function passingOn(file: ts.SourceFile, assertion: string): Set<string> {
  const functions = new Set<string>();
  visit(file, (node) => {
    const name = functionName(node);
    if (name !== undefined && node.getText(file).includes(`${assertion}(`)) functions.add(name);
  });
  return functions;
}

/** What is passed by name to one of the assertions. */
function asserted(file: ts.SourceFile, assertions: ReadonlySet<string>): Set<string> {
  const names = new Set<string>();
  visit(file, (node) => {
    if (!ts.isCallExpression(node) || !assertions.has(calleeOf(node))) return;
    for (const argument of node.arguments) if (ts.isStringLiteral(argument)) names.add(argument.text);
  });
  return names;
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

function functionName(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node)) return node.name?.text;
  const isNamed = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node);
  const isFunction = isNamed && node.initializer && ts.isArrowFunction(node.initializer);
  return isFunction && ts.isIdentifier(node.name) ? node.name.text : undefined;
}

function calleeOf({ expression }: ts.CallExpression): string {
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text;
  return ts.isIdentifier(expression) ? expression.text : "";
}
