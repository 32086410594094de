/**
 * What a JSON value stands for where JSON has no such type. Kept beside the JSON, so that a reader never has
 * to guess from the look of a string:
 *
 * | tag | JSON | JavaScript |
 * |---|---|---|
 * | `bigint` | string of digits | `bigint` |
 * | `decimal` | string, plain notation | `Decimal` |
 * | `datetime` | string, ISO 8601, UTC unless it says otherwise; or number, milliseconds since 1970 | `Date` |
 * | `bytes` | string, base64 | `Uint8Array` |
 * | `float` | `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` | `number` |
 */
export type TypeTag = "bigint" | "decimal" | "datetime" | "bytes" | "float";

/**
 * The hint of a value: a tag; for an object the hints of its keys; for a list whose items all have one hint a
 * list with that hint, else an object by index. Whatever has no hint is the JSON that it looks like.
 */
export type TypeHint = TypeTag | readonly [TypeHint] | { readonly [key: string]: TypeHint };

/** The hints of the parts of an event. */
export interface EventHints {
  readonly aggregate?: TypeHint;
  readonly changes?: TypeHint;
  readonly initialData?: TypeHint;
}

const TAGS: ReadonlySet<string> = new Set<TypeTag>(["bigint", "decimal", "datetime", "bytes", "float"]);

export function isTypeTag(hint: unknown): hint is TypeTag {
  return typeof hint === "string" && TAGS.has(hint);
}
