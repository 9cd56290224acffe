/**
 * Mutations of Solidity and Yul, one change each, found in the compiler's syntax tree.
 */
export interface Mutant {
  /** Characters of the source that are replaced. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly line: number;
  readonly was: string;
  /** Visibility of the function around it. undefined outside of functions. */
  readonly visibility?: string;
}

type Tree = Readonly<Record<string, unknown>> & { readonly nodeType?: string; readonly src?: string };

const OPERATORS: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "**": "*",
  "&&": "||",
  "||": "&&",
  "&": "|",
  "|": "&",
  "^": "&",
  "<<": ">>",
  ">>": "<<",
};
const ASSIGNMENTS: Readonly<Record<string, string>> = {
  "+=": "-=",
  "-=": "+=",
  "|=": "&=",
  "&=": "|=",
  "*=": "+=",
  "^=": "|=",
};
const YUL_FUNCTIONS: Readonly<Record<string, string>> = {
  add: "sub",
  sub: "add",
  mul: "add",
  div: "mul",
  mulmod: "addmod",
  addmod: "mulmod",
  lt: "gt",
  gt: "lt",
  eq: "lt",
  and: "or",
  or: "and",
  shl: "shr",
  shr: "shl",
};
/** Statements that can be deleted without a compiler error. */
const STATEMENTS = new Set(["ExpressionStatement", "EmitStatement", "RevertStatement"]);
const YUL_STATEMENTS = new Set(["YulExpressionStatement", "YulAssignment"]);

/** All mutants of a file, in order. `source` has one character for each byte; `tree` is the compiler's "ast". */
export function mutantsOf(source: string, tree: unknown): Mutant[] {
  const found: Mutant[] = [];
  visit(tree as Tree, undefined);
  return found.sort((a, b) => a.start - b.start || a.end - b.end);

  function visit(node: Tree, visibility: string | undefined): void {
    const inside =
      node.nodeType === "FunctionDefinition" || node.nodeType === "ModifierDefinition"
        ? String(node["visibility"])
        : visibility;
    for (const [start, end, text] of changes(node, source)) {
      const line = source.slice(0, start).split("\n").length;
      const mutant = { start, end, text, line, was: source.slice(start, end) };
      found.push(inside === undefined ? mutant : { ...mutant, visibility: inside });
    }
    for (const child of children(node)) visit(child, inside);
  }
}

function* children(node: Tree): Generator<Tree> {
  // Types and imports are not code.
  if (node.nodeType === "ArrayTypeName" || node.nodeType === "ImportDirective") return;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === "object" && child !== null && "nodeType" in child) yield child as Tree;
    }
  }
}

type Change = readonly [start: number, end: number, text: string];

function* changes(node: Tree, source: string): Generator<Change> {
  const [start, end] = rangeOf(node);
  const text = source.slice(start, end);
  const kind = node.nodeType ?? "";
  // Replace the semicolon too, as a block has none.
  if (STATEMENTS.has(kind) && source[end] === ";") yield [start, end + 1, "{}"];
  if (YUL_STATEMENTS.has(kind)) yield [start, end, ""];
  if (kind === "ModifierInvocation") yield [start, end, ""];
  if (kind === "BinaryOperation")
    yield* between(node, "leftExpression", "rightExpression", OPERATORS, source);
  if (kind === "Assignment") yield* between(node, "leftHandSide", "rightHandSide", ASSIGNMENTS, source);
  if (kind === "UnaryOperation") yield* unary(node, start, end, text);
  if (kind === "Conditional" || kind === "IfStatement") {
    const [from, to] = rangeOf(node["condition"] as Tree);
    yield [from, to, `!(${source.slice(from, to)})`];
  }
  if (kind === "YulIf") {
    const [from, to] = rangeOf(node["condition"] as Tree);
    yield [from, to, `iszero(${source.slice(from, to)})`];
  }
  if (kind === "Literal" || kind === "YulLiteral") yield* literal(node, start, end, text);
  if (kind === "YulFunctionCall") {
    const { name, src } = node["functionName"] as { name: string; src: string };
    const other = YUL_FUNCTIONS[name];
    const from = Number(src.split(":")[0]);
    if (other !== undefined) yield [from, from + name.length, other];
  }
}

/** Finds the operator between its operands, which may be in parentheses. */
function* between(
  node: Tree,
  left: string,
  right: string,
  others: Readonly<Record<string, string>>,
  source: string,
): Generator<Change> {
  const operator = String(node["operator"]);
  const other = others[operator];
  if (other === undefined) return;
  const from = rangeOf(node[left] as Tree)[1];
  const at = source.indexOf(operator, from);
  if (at >= 0 && at < rangeOf(node[right] as Tree)[0]) yield [at, at + operator.length, other];
}

function* unary(node: Tree, start: number, end: number, text: string): Generator<Change> {
  const operator = String(node["operator"]);
  if (operator === "!") yield [start, start + 1, ""];
  if (operator === "++" || operator === "--") {
    yield [start, end, text.replace(operator, operator === "++" ? "--" : "++")];
  }
}

function* literal(node: Tree, start: number, end: number, text: string): Generator<Change> {
  if (node["kind"] === "bool") yield [start, end, text === "true" ? "false" : "true"];
  if (node["kind"] !== "number" || !/^(0x[0-9a-f]+|[0-9_]+)$/i.test(text)) return;
  yield [start, end, String(BigInt(text.replaceAll("_", "")) + 1n)];
}

function rangeOf(node: Tree): readonly [start: number, end: number] {
  const [start, length] = String(node.src).split(":").map(Number);
  return [start ?? 0, (start ?? 0) + (length ?? 0)];
}
