import { Decimal } from "@prisma/client/runtime/client";
import fc from "fast-check";

/** Any text that PostgreSQL takes: all of Unicode without NUL. */
export const text = fc.oneof(
  fc.string({ unit: "binary" }).map((value) => value.replaceAll("\0", "0")),
  fc.constantFrom(
    "",
    "\u0001",
    "\\u0000",
    "\\",
    '"',
    "'",
    "$1",
    "\u2028",
    "NaN",
    "-0",
    "1",
    "2020-01-01",
    "AAEC",
  ),
);

/**
 * Some versions of Node (24.21, for one) take a key that is an escaped character for another one that they met before
 * in an object of the same shape. What JSON.parse itself mixes up, nobody can store.
 */
function mixesUpKeys(): boolean {
  JSON.parse('{"":0,"\\\\":0}');
  return !Object.keys(JSON.parse('{"":0,"\\"":0}') as object).includes('"');
}

const parsesEveryKey = !mixesUpKeys();

/** Keys that are something else to JavaScript, to lists, or to hints. */
const anyKey = fc.oneof(
  text,
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "toJSON", "hasOwnProperty", "valueOf"),
  fc.constantFrom(
    "",
    "0",
    "1",
    "-1",
    "01",
    "length",
    "aggregate",
    "bigint",
    "datetime",
    "then",
    ".",
    "[0]",
    "a.b",
  ),
);
const key = anyKey.filter((name) => parsesEveryKey || JSON.stringify(name) === `"${name}"`);

export const decimal = fc
  .tuple(fc.bigInt(), fc.integer({ min: 0, max: 40 }))
  .map(([digits, scale]) => new Decimal(`${digits}e-${scale}`));

export const date = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc
    .constantFrom(-1, 0, 1, -8.64e15, 8.64e15, -62_198_755_200_000, 253_402_300_800_000)
    .map((ms) => new Date(ms)),
);

export const float = fc.oneof(
  fc.double(),
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    0,
    2 ** 53,
    1e21,
    -1e-7,
    5e-324,
  ),
);

/** The types that JSON has. */
export const plain = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** The types that JSON does not have. */
export const special = fc.oneof(fc.bigInt(), date, decimal, fc.uint8Array(), float);

/** An object with any keys of its own, `__proto__` among them. */
export function record<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.array(fc.tuple(key, value), { maxLength: 5 }).map(recordOf);
}

export function recordOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const made: Record<string, T> = {};
  for (const [name, value] of entries) {
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return made;
}

function nested(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("tree"), { maxLength: 4 }),
      record(tie("tree")),
    ),
  }));
  return tree;
}

/** Values that an event can hold. */
export const storable = fc.oneof(
  nested(fc.oneof(plain, special)),
  // Lists of one type, as columns have them, with and without nulls.
  ...[fc.bigInt(), date, decimal, fc.uint8Array(), float].map((item) =>
    fc.array(fc.option<unknown>(item, { freq: 4 })),
  ),
  // Lists of objects of one form.
  fc.array(fc.record<unknown>({ id: fc.bigInt(), at: fc.option(date), label: text }), { maxLength: 4 }),
);

/** Values that JSON can hold, without -0, which JSON.stringify does not keep. */
export const json = nested(plain.map((value) => (Object.is(value, -0) ? 0 : value)));

/** How often a property is tried. fast-check prints seed and path of a failure. */
export const RUNS = 200;
