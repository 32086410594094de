import ts from "typescript5";

/** The names that a file of the application exports, and its path as an import says it. */
export type Exports = ReadonlyMap<string, string>;

/** The names of the values that a text exports at its top. */
export function exportedNames(text: string): readonly string[] {
  return parse(text).statements.flatMap((statement) =>
    isExported(statement) && !isType(statement) ? declaredNames(statement) : [],
  );
}

/**
 * An example as a module: with imports of those names of the application that it uses and does not declare itself,
 * on the line before its first, so that lines differ by one.
 *
 * ```ts
 * import { prisma } from "./db.js";
 * await prisma.user.findMany(); // this is all that the page shows
 * ```
 */
export function completeExample(text: string, application: Exports): string {
  const source = parse(text);
  const own = new Set(source.statements.flatMap(declaredNames));
  const used = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isMemberName(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const imports = [...used]
    .filter((name) => application.has(name) && !own.has(name))
    .map((name) => `import { ${name} } from "${application.get(name)}";`);
  return `${imports.join(" ")}\n${text}`;
}

/** `// text` behind each `console.log(…)`, in their order: what it is said to print. */
export function promisedLogs(text: string): readonly (string | undefined)[] {
  return text
    .split("\n")
    .filter((line) => /^\s*console\.log\(/.test(line))
    .map((line) => /\); \/\/ (.*)$/.exec(line)?.[1]);
}

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile("example.ts", text, ts.ScriptTarget.Latest, true);
}

function isType(statement: ts.Statement): boolean {
  return ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement);
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    const named = namedBindings && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
    return [name, ...named.map((element) => element.name)].flatMap((one) =>
      one === undefined ? [] : [one.text],
    );
  }
  const { name } = statement as { readonly name?: ts.Node };
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : [];
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** `b` of `a.b`, `{ b: 1 }`; a shorthand `{ b }` is a use. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent)) &&
    parent.name === node
  );
}
