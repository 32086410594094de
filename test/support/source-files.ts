import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript5";

/** One import, export-from or `import()` of a file. */
export interface SourceImport {
  /** A path such as `src/codec/encode.ts` for files of our own, else the package or built-in module. */
  readonly target: string;
  readonly isOwn: boolean;
  /** Gone after compilation. */
  readonly isTypeOnly: boolean;
  readonly isReExport: boolean;
}

/** One file of src/. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly SourceImport[];
  /** The texts of all string and template literals; expressions in templates become `?`. */
  readonly literals: readonly string[];
  /** Texts that are the first argument of a call of `query` and the like. */
  readonly queried: readonly string[];
  /** Names of variables and properties, quoted ones included. */
  readonly names: ReadonlySet<string>;
  readonly hasDefaultExport: boolean;
}

/** Reads all of src/. */
export function readSources(): SourceFile[] {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/** What `text`, as the file `path`, imports and says. */
export function parseSource(path: string, text: string): SourceFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: SourceImport[] = [];
  const literals: string[] = [];
  const queried: string[] = [];
  const names = new Set<string>();
  let hasDefaultExport = false;

  const addImport = (specifier: ts.Node | undefined, isTypeOnly: boolean, isReExport = false) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const isOwn = specifier.text.startsWith(".");
    const target = isOwn
      ? normalize(join(dirname(path), specifier.text.replace(/\.js$/, ".ts"))).replaceAll("\\", "/")
      : specifier.text.split("/", specifier.text.startsWith("@") ? 2 : 1).join("/");
    imports.push({ target, isOwn, isTypeOnly, isReExport });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) addImport(node.moduleSpecifier, isTypeImport(node.importClause));
    else if (ts.isExportDeclaration(node)) {
      addImport(node.moduleSpecifier, node.isTypeOnly || areTypes(node.exportClause), true);
    } else if (ts.isExportAssignment(node)) hasDefaultExport = true;
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      addImport(node.argument.literal, true);
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const callee = node.expression;
      const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
      if (callee.kind === ts.SyntaxKind.ImportKeyword || name === "require") addImport(first, false);
      if (/^\$?(query|execute)(Raw|RawUnsafe)?$/.test(name) && first && isText(first)) {
        queried.push(textOf(first));
      }
    } else if (isText(node) && !isSpecifier(node)) literals.push(textOf(node));
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) names.add(node.text);
    if (ts.canHaveModifiers(node)) {
      hasDefaultExport ||=
        ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return {
    path,
    lines: text.trimEnd().split("\n").length,
    imports,
    literals,
    queried,
    names,
    hasDefaultExport,
  };
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  return clause.isTypeOnly || (clause.name === undefined && areTypes(clause.namedBindings));
}

function areTypes(names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  if (names === undefined || !(ts.isNamedImports(names) || ts.isNamedExports(names))) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function isText(node: ts.Node): node is ts.StringLiteralLike | ts.TemplateExpression {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function textOf(node: ts.StringLiteralLike | ts.TemplateExpression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  return node.head.text + node.templateSpans.map((span) => `?${span.literal.text}`).join("");
}

function isSpecifier(node: ts.Node): boolean {
  return ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent);
}
