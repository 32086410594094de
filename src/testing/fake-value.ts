import { sameValue } from "../changes/diff.js";
import { Decimal } from "../codec/decimal.js";
import type { KnownField } from "../registry/known-events.js";
import { uuidV7 } from "../registry/uuid-v7.js";

/** A value that a column can have; different for every `n`, if its type has enough values. */
export function fakeValue(field: KnownField, n: number): unknown {
  const value = fakeScalar(field, n);
  return field.isList ? [value] : value;
}

/** A value that a column can have and that differs from `value`; null if there is none. */
export function otherValue(field: KnownField, value: unknown, n: number): unknown {
  if (field.type === "Boolean" && !field.isList) return value === false;
  const names = [...(field.enumNames?.values() ?? [])];
  const candidates = [fakeValue(field, n + 1), ...(field.isList ? [[]] : names)];
  return candidates.find((candidate) => !sameValue(candidate, value)) ?? null;
}

function fakeScalar(field: KnownField, n: number): unknown {
  if (field.enumNames !== undefined) return [...field.enumNames.values()][0];
  switch (field.type) {
    case "Boolean":
      return false;
    case "Int":
      return field.nativeType === "SmallInt" ? n % 32_768 : n;
    case "BigInt":
      return BigInt(n);
    case "Float":
      return n + 0.5;
    case "Decimal":
      // One digit, so that it fits into every precision.
      return new Decimal(n % 10);
    case "DateTime":
      return fakeDate(field, n);
    case "Json":
      return { n };
    case "Bytes":
      return Uint8Array.from([n >>> 24, n >>> 16, n >>> 8, n].map((byte) => byte & 255));
    default:
      return fakeText(field, n);
  }
}

// A fixed time: tests that depend on the current time fail on another day.
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

function fakeDate({ nativeType = "" }: KnownField, n: number): Date {
  // The values that Prisma reads from such columns.
  if (nativeType === "Date") return new Date(FIRST_DAY + n * DAY_MS);
  if (/^Timet?z?$/.test(nativeType)) return new Date((n * 1000) % DAY_MS);
  return new Date(FIRST_DAY + n * 1000);
}

const TEXTS: Readonly<Record<string, (n: number) => string>> = {
  Uuid: () => uuidV7(),
  Inet: (n) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
  Xml: (n) => `<n>${n}</n>`,
};

function fakeText({ name, nativeType = "", nativeLength }: KnownField, n: number): string {
  const isBits = nativeType === "Bit" || nativeType === "VarBit";
  if (isBits) return "1".padStart(nativeType === "Bit" ? (nativeLength ?? 1) : 1, "0");
  const text =
    TEXTS[nativeType]?.(n) ?? (/e-?mail/i.test(name) ? `${name}-${n}@example.com` : `${name} ${n}`);
  // Cut at the start: the values differ at the end.
  return nativeLength === undefined
    ? text
    : text.slice(-nativeLength).padStart(lengthOf(nativeType, nativeLength), "x");
}

/** Pads a char(n) as PostgreSQL does, so that it is read as it was written. */
function lengthOf(nativeType: string, length: number): number {
  return nativeType === "Char" ? length : 0;
}
