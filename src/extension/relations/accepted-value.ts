import { isDecimal } from "../../codec/decimal.js";
import type { ScalarField } from "../../models/model.js";
import { isGiven } from "../prisma/internals.js";

type Given = Readonly<Record<string, unknown>>;

/** Whether Prisma takes a value as what a field is set to, or as an operation on it, in the data of an update. */
export function isAcceptedForUpdate(field: ScalarField, value: unknown): boolean {
  if (field.isList) return isAcceptedList(field, value);
  if (isAccepted(field, value)) return true;
  // Everything that is an object is a value of Json.
  if (field.type === "Json" || !isPlainObject(value)) return false;
  const operations = givenIn(value);
  const [only] = operations;
  if (only === undefined || operations.length > 1) return false;
  const [operation, operand] = only;
  if (operation === "set") return isAccepted(field, operand);
  return (
    NUMBERS.has(field.type) && ARITHMETIC.has(operation) && operand !== null && isAccepted(field, operand)
  );
}

/** The same in the data of a row that is created. */
export function isAcceptedForCreate(field: ScalarField, value: unknown): boolean {
  if (!field.isList) return isAccepted(field, value);
  return !(isPlainObject(value) && "push" in value) && isAcceptedList(field, value);
}

/** What is given of an object: neither `undefined` nor `Prisma.skip`, which Prisma leaves out. */
export function givenIn(value: Given): readonly (readonly [string, unknown])[] {
  return Object.entries(value).filter(([, item]) => isGiven(item));
}

/** An object that is read key by key, not one that stands for a value. */
export function isPlainObject(value: unknown): value is Given {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || ArrayBuffer.isView(value) || isDecimal(value) || isNullObject(value));
}

const NUMBERS = new Set(["Int", "BigInt", "Float", "Decimal"]);
const ARITHMETIC = new Set(["increment", "decrement", "multiply", "divide"]);

function isAcceptedList(field: ScalarField, value: unknown): boolean {
  const isList = (items: unknown) =>
    Array.isArray(items) && items.every((item) => item !== null && isAccepted(field, item));
  if (isList(value)) return true;
  if (!isPlainObject(value)) return false;
  const operations = givenIn(value);
  const [only] = operations;
  if (only === undefined || operations.length > 1) return false;
  const [operation, operand] = only;
  if (operation === "set") return isList(operand);
  return operation === "push" && (isList(operand) || (operand !== null && isAccepted(field, operand)));
}

/** By Prisma's type, as its parser has it: what PostgreSQL makes of it is another question. */
function isAccepted(field: ScalarField, value: unknown): boolean {
  if (value === null) return field.isOptional;
  // JSON has no other numbers.
  if (typeof value === "number" && !Number.isFinite(value)) return field.isOptional;
  if (field.enumNames !== undefined)
    return typeof value === "string" && Array.from(field.enumNames.values()).includes(value);
  switch (field.type) {
    case "String":
      return typeof value === "string";
    case "Boolean":
      return typeof value === "boolean";
    case "Int":
      return (
        (typeof value === "number" && (!Number.isInteger(value) || Math.abs(value) < 2 ** 63)) ||
        isExact(value)
      );
    case "BigInt":
      return typeof value === "bigint" || Number.isInteger(value) || matches(value, /^[+-]?\d+$/);
    case "Float":
      return typeof value === "number" || isExact(value);
    case "Decimal":
      return typeof value === "number" || isExact(value) || matches(value, DECIMAL);
    case "DateTime":
      return value instanceof Date || (typeof value === "string" && isDateTime(value));
    case "Bytes":
      return ArrayBuffer.isView(value) || (typeof value === "string" && isBase64(value));
    case "Json":
      return isNullObject(value) ? field.isOptional || nameOf(value) !== "DbNull" : true;
    default:
      return true;
  }
}

const DECIMAL = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?$/i;
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** As RFC 3339 has it, leap seconds included. */
function isDateTime(text: string): boolean {
  const [, year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = (
    DATE_TIME.exec(text) ?? []
  ).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return (
    DATE_TIME.test(text) && date.getUTCMonth() === month - 1 && hours < 24 && minutes < 60 && seconds <= 60
  );
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[a-z0-9+/]*={0,2}$/i.test(text);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isExact(value: unknown): boolean {
  return typeof value === "object" && value !== null && isDecimal(value);
}

/** `Prisma.DbNull`, `Prisma.JsonNull` and `Prisma.AnyNull`, of whichever generated client. */
function isNullObject(value: unknown): value is { _getName(): string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "_getName" in value &&
    typeof value._getName === "function" &&
    !Object.hasOwn(value, "_getName")
  );
}

function nameOf(value: { _getName(): string }): string {
  return value._getName();
}
