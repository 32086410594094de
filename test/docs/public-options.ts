import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript5";

/** A type of options, with the functions that take it. */
export interface OptionType {
  readonly name: string;
  readonly keys: readonly string[];
  /** None, if it is only a part of other options. */
  readonly functions: readonly string[];
}

/** Of a function that the package exports, a parameter and its type. */
interface Parameter {
  readonly of: string;
  readonly type: string;
}

/** What a program passes: the names of such types end so. */
const IS_OPTIONS =
  /(Options|Filter|Overrides|Arguments|Aggregate|Names|Rule|Capture|Database)$|^Expected(Event|Delivery)$/;
/** Ends so too, but is a result. */
const RESULTS: readonly string[] = ["TestDatabase"];
/** Parameters that are no objects of options: a client, a definition, an event, a simple value. */
const NO_OPTIONS =
  /^(Queryable|Client|Drafts|EventMetadata|AnyEventType|EventBusErrorCode|(Subscriber|EventOf|EventDraftOf)<.*>|[A-Z]|Name|string|number|object|\{\})$/;

const NO_TRUNCATION = ts.TypeFormatFlags.NoTruncation;
const root = fileURLToPath(new URL("../../", import.meta.url));
const compilerOptions: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.Node16,
  types: [],
};

/**
 * Every type of options that the entries export, by name.
 *
 * @throws when an exported function takes an object whose type the entry does not export under such a name.
 */
export function readOptionTypes(entries: readonly string[]): readonly OptionType[] {
  const checker = programOf(entries);
  const keys = new Map<string, readonly string[]>();
  const parameters: Parameter[] = [];
  for (const symbol of checker.exports) {
    if (symbol.flags & ts.SymbolFlags.Value) {
      for (const { parameters: given } of checker.of.getTypeOfSymbol(symbol).getCallSignatures())
        for (const one of given) {
          const type = checker.of.getNonNullableType(checker.of.getTypeOfSymbol(one));
          if (type.getCallSignatures().length > 0) continue;
          parameters.push({ of: symbol.name, type: checker.of.typeToString(type, undefined, NO_TRUNCATION) });
        }
    } else if (IS_OPTIONS.test(symbol.name) && !RESULTS.includes(symbol.name)) {
      keys.set(symbol.name, keysOf(checker.of.getDeclaredTypeOfSymbol(symbol), checker.of));
    }
  }
  const names = parameters.map((one) => ({ ...one, options: [...keys.keys()].filter(isIn(one.type)) }));
  const unknown = names.filter(({ type, options }) => options.length === 0 && !isNoOptions(type));
  if (unknown.length > 0)
    throw new Error(
      `not exported as options: ${unknown.map(({ of, type }) => `${type} of ${of}()`).join(", ")}`,
    );
  return Array.from(keys, ([name, of]) => ({
    name,
    keys: of,
    functions: [...new Set(names.filter(({ options }) => options.includes(name)).map((one) => one.of))],
  }));
}

const isIn = (type: string) => (name: string) => new RegExp(`\\b${name}\\b`).test(type);
const isNoOptions = (type: string) => type.split(" | ").every((part) => NO_OPTIONS.test(part));

function programOf(entries: readonly string[]) {
  const host = ts.createCompilerHost(compilerOptions);
  // The types of other packages are large, and no options of this one.
  host.resolveModuleNameLiterals = (specifiers, from) =>
    specifiers.map(({ text }) => ({
      resolvedModule: text.startsWith(".")
        ? {
            resolvedFileName: join(dirname(from), text.replace(/\.js$/, ".ts")),
            extension: ts.Extension.Ts,
            isExternalLibraryImport: false,
          }
        : undefined,
    }));
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseNone;
  const program = ts.createProgram(
    entries.map((entry) => root + entry),
    compilerOptions,
    host,
  );
  const of = program.getTypeChecker();
  const exports = entries.flatMap((entry) => {
    const source = program.getSourceFile(root + entry);
    const module = source && of.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    return of
      .getExportsOfModule(module)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? of.getAliasedSymbol(symbol) : symbol));
  });
  return { of, exports: new Set(exports) };
}

function keysOf(type: ts.Type, checker: ts.TypeChecker): readonly string[] {
  // A definition of an event, in place of options, can be called; a simple value has no symbol.
  const parts = (type.isUnion() ? type.types : [type]).filter(
    (part) => part.symbol !== undefined && part.getCallSignatures().length === 0,
  );
  return [...new Set(parts.flatMap((part) => checker.getPropertiesOfType(part).map(({ name }) => name)))];
}
