import { isDecimal } from "../codec/decimal.js";
import { checkOptions, invalidOption, isObject, type Place, within } from "../registry/check-options.js";
import type { KnownEvent, KnownField } from "../registry/known-events.js";

/** Some of the values of a row. */
export type PartOfRow = Readonly<Record<string, unknown>>;

/**
 * Checks a part of a row, and returns it without undefined values.
 *
 * @param more further names that are allowed, although they are no columns.
 * @throws EventBusError `INVALID_OPTION` for a name that is no column, and for a value that its column cannot have.
 */
export function checkRow(
  value: unknown,
  option: string,
  { fields }: Pick<KnownEvent, "fields">,
  place: Place,
  more: readonly string[] = [],
): PartOfRow | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw invalidOption(option, value, "an object", place);
  const at = within(place, option);
  checkOptions(value, [...fields.map(({ name }) => name), ...more], at);
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  for (const [name, item] of given) {
    const field = fields.find((one) => one.name === name);
    if (field !== undefined && !fits(item, field)) throw invalidOption(name, item, describeField(field), at);
  }
  return Object.fromEntries(given);
}

function fits(value: unknown, field: KnownField): boolean {
  if (value === null) return field.isOptional || field.type === "Json";
  if (field.isList) return Array.isArray(value) && value.every((item) => isOfType(item, field));
  return isOfType(value, field);
}

function isOfType(value: unknown, { type, enumNames }: KnownField): boolean {
  if (enumNames !== undefined) return [...enumNames.values()].includes(value as string);
  return TYPES[type]?.(value) ?? true;
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === "string",
  Boolean: (value) => typeof value === "boolean",
  Int: (value) => Number.isInteger(value),
  Float: (value) => typeof value === "number",
  BigInt: (value) => typeof value === "bigint",
  Decimal: (value) => typeof value === "object" && value !== null && isDecimal(value),
  DateTime: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  Bytes: (value) => ArrayBuffer.isView(value),
};

function describeField({ type, isList, isOptional, enumNames }: KnownField): string {
  const names = [...(enumNames?.values() ?? [])].map((name) => `"${name}"`);
  const one = names.length > 0 ? `one of ${names.join(", ")}` : `a value of the type ${type}`;
  return `${isList ? `a list of ${one}` : one}${isOptional ? ", or null" : ""}`;
}
