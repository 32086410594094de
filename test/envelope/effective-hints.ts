import type { TypeHint } from "../../src/codec/type-hint.js";

/**
 * The hints of the values that need one, each with its path. Engines may write hints for whole columns: readers ignore a hint
 * where there is no value, and one of a value that needs none.
 */
export function effectiveHints(
  json: unknown,
  hint: TypeHint | undefined,
  path = "",
): Readonly<Record<string, string>> {
  if (hint === undefined || hint === null || json === null || json === undefined) return {};
  if (typeof hint === "string") {
    if (Array.isArray(json))
      return ofAll(json.map((item, at) => effectiveHints(item, hint, `${path}.${at}`)));
    return needsNone(json, hint) ? {} : { [path]: hint };
  }
  if (typeof json !== "object") return {};
  const entries = Array.isArray(hint)
    ? (json as readonly unknown[]).map((item, at) => effectiveHints(item, hint[0], `${path}.${at}`))
    : Object.entries(hint).map(([key, one]) =>
        effectiveHints((json as Readonly<Record<string, unknown>>)[key], one as TypeHint, `${path}.${key}`),
      );
  return ofAll(entries);
}

function ofAll(hints: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  return Object.assign({}, ...hints);
}

function needsNone(json: unknown, hint: string): boolean {
  if (hint === "float") return typeof json === "number";
  return hint === "datetime" && (json === "infinity" || json === "-infinity");
}
