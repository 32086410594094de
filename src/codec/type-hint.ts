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

/** Whether two hints, or the hints of the parts of two events, say the same. */
export function isSameHint(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [fields, others] = [one as Fields, other as Fields];
  const names = Object.keys(fields);
  return (
    names.length === Object.keys(others).length &&
    names.every((name) => Object.hasOwn(others, name) && isSameHint(fields[name], others[name]))
  );
}

type Fields = Readonly<Record<string, unknown>>;
