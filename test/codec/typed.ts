import { Decimal } from "@prisma/client/runtime/client";

/**
 * A value spelled out with its type, so that values are compared by what they are and by nothing else: -0 is not 0,
 * a Date is not its text, the order of keys does not matter. Knows nothing of the code under test.
 */
export function typed(value: unknown): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return `number ${Object.is(value, -0) ? "-0" : String(value)}`;
  if (typeof value === "bigint") return `bigint ${value}`;
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  if (Array.isArray(value)) return ["list", ...value.map(typed)];
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Uint8Array) return `Uint8Array ${Buffer.from(value).toString("hex")}`;
  if (value instanceof Decimal) return `Decimal ${value.toFixed()}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `instance of ${value.constructor.name}`;
  return {
    object: Object.keys(value)
      .sort()
      .map((key) => [key, typed((value as Record<string, unknown>)[key])]),
  };
}
