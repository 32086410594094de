import fc from "fast-check";

import { Prisma } from "../../prisma/generated/client/client.js";
import { json, text } from "../codec/storable.js";

// Values for the model `Everything`, as PostgreSQL and Prisma can take them.

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const big = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Prisma writes no NaN and no infinities; in lists it rounds, beyond the largest float too. */
const float = fc.double({ noNaN: true, min: -1e300, max: 1e300 });
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 35n) + 1n, max: 10n ** 35n - 1n }), fc.integer({ min: 0, max: 30 }))
  .map(([digits, scale]) => new Prisma.Decimal(`${digits}e-${scale}`));
const date = fc.date({
  min: new Date("0001-01-01"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const bytes = fc.uint8Array().map((value) => new Uint8Array(value));
const role = fc.constantFrom("MEMBER", "ADMIN");
/** Prisma cannot write the key `__proto__`. */
const writable = json.filter((value) => !JSON.stringify(value).includes("__proto__"));
const jsonInput = writable.map((value) =>
  value === null ? Prisma.JsonNull : (value as Prisma.InputJsonValue),
);
const jsonItem = writable.filter((value) => value !== null).map((value) => value as Prisma.InputJsonValue);

const opt = <T>(value: fc.Arbitrary<T>) => fc.option(value);
const list = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 4 });

/** The data of a row, every column given. */
export const everything = fc.record({
  text,
  textOpt: opt(text),
  textList: list(text),
  int,
  intOpt: opt(int),
  intList: list(int),
  big,
  bigOpt: opt(big),
  bigList: list(big),
  float,
  floatOpt: opt(float),
  floatList: list(float),
  bool: fc.boolean(),
  boolOpt: opt(fc.boolean()),
  boolList: list(fc.boolean()),
  decimal,
  decimalOpt: opt(decimal),
  decimalList: list(decimal),
  date,
  dateOpt: opt(date),
  dateTz: opt(date),
  dateList: list(date),
  bytes,
  bytesOpt: opt(bytes),
  bytesList: list(bytes),
  json: jsonInput,
  jsonOpt: fc.oneof(fc.constant(Prisma.DbNull), jsonInput),
  jsonList: list(jsonItem),
  role,
  roleOpt: opt(role),
  roleList: list(role),
  uuid: opt(fc.uuid()),
});

/** The data of a row that nothing is special about. */
export const ordinary = {
  text: "a",
  int: 1,
  big: 1n,
  float: 1.5,
  bool: true,
  decimal: "1.50",
  date: new Date("2020-01-01"),
  bytes: new Uint8Array([1]),
  json: { a: 1 },
};
