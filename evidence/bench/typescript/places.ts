/**
 * What of a TypeScript source can run: the statements by their lines, and what may run or not where something decides.
 */
import ts from "typescript";

export interface Place {
  readonly line: number;
  /** Where in the source it begins, in UTF-16 units as V8 counts. */
  readonly offset: number;
}

export interface Places {
  /** Statements, and what arrow functions without a block return. */
  readonly statements: readonly Place[];
  /** What runs only if a condition says so: both sides of ?:, the right side of && || ??, if and else, cases, defaults. */
  readonly branches: readonly Place[];
}

/** Declarations do nothing themselves; a block does what is in it. */
const IDLE = new Set([
  ts.SyntaxKind.Block,
  ts.SyntaxKind.ClassDeclaration,
  ts.SyntaxKind.EmptyStatement,
  ts.SyntaxKind.ExportDeclaration,
  ts.SyntaxKind.FunctionDeclaration,
  ts.SyntaxKind.ImportDeclaration,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.TypeAliasDeclaration,
]);
const SHORT = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

export function placesOf(text: string): Places {
  const file = ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest, true);
  const statements: Place[] = [];
  const branches: Place[] = [];
  const place = (node: ts.Node): Place => {
    const offset = node.getStart(file);
    return { line: file.getLineAndCharacterOfPosition(offset).line + 1, offset };
  };
  visit(file);
  return { statements, branches };

  function visit(node: ts.Node): void {
    if (ts.isStatement(node) && !IDLE.has(node.kind) && !isAmbient(node)) statements.push(place(node));
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) statements.push(place(node.body));
    branches.push(...choices(node).map(place));
    if (!ts.isTypeNode(node)) ts.forEachChild(node, visit);
  }
}

function isAmbient(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)
  );
}

function choices(node: ts.Node): ts.Node[] {
  if (ts.isIfStatement(node))
    return [node.thenStatement, ...(node.elseStatement ? [node.elseStatement] : [])];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isBinaryExpression(node) && SHORT.has(node.operatorToken.kind)) return [node.right];
  if (ts.isCaseOrDefaultClause(node)) return node.statements.slice(0, 1);
  if (ts.isCatchClause(node)) return [node.block];
  if (ts.isParameter(node) && node.initializer) return [node.initializer];
  return [];
}
