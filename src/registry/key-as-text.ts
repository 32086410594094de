import { invalidOption, type Place } from "./check-options.js";

/** A primary key as events have it: text, for a compound key a JSON array of texts. */
export function keyAsText(key: unknown, place: Place): string | null {
  if (key === undefined || key === null) return null;
  if (isKeyPart(key)) return String(key);
  if (Array.isArray(key) && key.length > 0 && key.every(isKeyPart)) return JSON.stringify(key.map(String));
  throw invalidOption("aggregateKey", key, "a string, a number, a bigint or an array of these", place);
}

function isKeyPart(value: unknown): value is string | number | bigint {
  return (
    typeof value === "string" ||
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}
