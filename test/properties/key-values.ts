import { Decimal } from "../../src/codec/decimal.js";

/** Values of a type of prisma/key-types.json. */
export interface KeyValues {
  /** As SQL writes them in rows, some of them such as Prisma cannot write. */
  readonly sql: readonly string[];
  /** As callers write them: the same ones in every notation that Prisma takes, and others. */
  readonly js: readonly unknown[];
  /** What `increment` and the like get, where there are such. */
  readonly steps?: readonly unknown[];
}

const numbers: KeyValues = {
  sql: ["1", "2", "7", "0", "-3"],
  js: [1, 2, 7, 0, -3, -0, 9],
  steps: [1, 2, -1],
};

const decimals: KeyValues = {
  sql: ["1.5", "2", "7.25", "0", "-3.10"],
  js: [
    1.5,
    "1.5",
    "1.50",
    new Decimal("1.5"),
    "15e-1",
    "+1.5",
    "01.5",
    2,
    "2.000",
    new Decimal("2e0"),
    "7.25",
    7.25,
  ].concat([
    "7.254",
    "7.246",
    7.249999,
    new Decimal("-3.1"),
    "-3.1",
    0,
    -0,
    "0.00",
    "-0",
    "9.125",
    9.135,
    "1e1",
  ]),
  steps: [1, "0.5", new Decimal("1.50"), "0.004", 0.1],
};

const day = "2026-01-02";
const stamps = (sql: readonly string[], zone: string): KeyValues => ({
  sql: [`${day} 03:04:05`, `${day} 23:30:00.5`, `${day} 03:04:05.006`, ...sql].map((text) =>
    /infinity/.test(text) ? `'${text}'` : `'${text.replace(/( BC)?$/, (end) => zone + end)}'`,
  ),
  js: [
    ...[
      `${day}T03:04:05Z`,
      `${day}T03:04:05.006Z`,
      `${day}T23:30:00.500Z`,
      "2026-05-06T07:08:09.123Z",
    ].flatMap((text) => [new Date(text), text]),
    `${day}T05:04:05+02:00`,
    `${day}T03:04:05.000000Z`,
    `${day}T03:04:05.006000+00:00`,
    `${day}T03:04:05.006499Z`,
    `${day}T03:04:05.0065Z`,
    `${day}T03:04:05.000100Z`,
    `${day}T18:30:00.5-05:00`,
    `${day}T23:30:00.4999Z`,
    day,
  ],
});
const odd = ["infinity", "-infinity", "0044-03-15 03:04:05 BC", "12345-01-01 00:00:00"];
const micro = [`${day} 03:04:05.0001`, `${day} 03:04:05.000101`, `${day} 03:04:05.006499`];

const times: KeyValues = {
  sql: ["'03:04:05'", "'03:04:05.006'", "'23:30:00.5'", "'24:00:00'", "'00:00:00'", "'03:04:05.006499'"],
  js: [
    ...["03:04:05", "03:04:05.006", "23:30:00.500", "00:00:00", "07:08:09.123"].flatMap((time) => [
      new Date(`1970-01-01T${time}Z`),
      `1970-01-01T${time}Z`,
      new Date(`${day}T${time}Z`),
    ]),
    "1970-01-01T05:04:05+02:00",
    "1970-01-01T03:04:05.006499Z",
    "1970-01-01T03:04:05.5Z",
    `${day}T18:30:00.5-05:00`,
  ],
};

const uuid = "0190a000-0000-7000-8000-00000000000";
const half = "\ud83d";
const texts: KeyValues = {
  sql: ["'a'", "'A'", "'a '", "''", "'é'", "'1'", "'null'", "E'\\\\x00'"],
  js: [
    "a",
    "A",
    "a ",
    "",
    "é",
    "e\u0301",
    "1",
    "null",
    "\\x00",
    "b",
    `h${half}`,
    "🎉",
    "{a,b}",
    "2026-01-02T00:00:00.000Z",
  ],
};

const bytes = (...numbers: number[]) => Uint8Array.of(...numbers);
const list = ({ sql, js }: KeyValues, type: string): KeyValues => ({
  sql: ["{}", ...sql.slice(0, 4).flatMap((one, at) => [[one], [one, sql[(at + 1) % sql.length]]])].map(
    (items) => (typeof items === "string" ? `'{}'::${type}` : `array[${items.join(", ")}]::${type}`),
  ),
  js: [[], ...js.flatMap((one, at) => [[one], [one, js[(at * 7 + 3) % js.length]]])],
});

const floats: KeyValues = {
  sql: ["0.1", "0.5", "1e21", "'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "123456789.123456789", "1e-7"],
  js: [
    0.1,
    0.5,
    1e21,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    0,
    123456789.12345679,
    1e-7,
    0.30000000000000004,
    3,
  ].concat([16777217, 1.17549435e-38]),
  steps: [0.2, 1, -0.1],
};

const moods: KeyValues = { sql: ["'CALM'", "'wild one'"], js: ["CALM", "WILD", "wild one"] };
const uuids: KeyValues = {
  sql: ["1", "2", "a", "b"].map((last) => `'${uuid}${last}'`),
  js: [
    `${uuid}1`,
    `${uuid}2`,
    `${uuid}a`,
    `${uuid}A`.toUpperCase(),
    `${uuid}a`.replaceAll("-", ""),
    `{${uuid}b}`,
    `${uuid}b`,
    `${uuid}c`,
  ],
};
const big = 2n ** 60n;
const bigs: KeyValues = {
  sql: ["1", "2", "7", String(big), "-3", String(2n ** 53n + 1n)],
  js: [1n, 1, 2n, 2, 7, "7", big, String(big), -3n, -3, 2n ** 53n + 1n, 2 ** 53, 9, 0, -0],
  steps: [1n, 1, 2, -1n],
};

const days: KeyValues = {
  sql: [`'${day}'`, "'2026-01-03'", "'2026-02-04'", "'infinity'", "'0044-03-15 BC'", "'12345-01-01'"],
  js: [
    new Date(day),
    `${day}T00:00:00Z`,
    day,
    new Date(`${day}T15:00:00Z`),
    `${day}T15:00:00.5Z`,
    "2026-01-03T01:00:00+05:00",
    "2026-01-01T23:00:00-05:00",
    new Date("2026-01-03"),
    "2026-01-03T23:59:59.999999Z",
    new Date("2026-03-05T10:00:00Z"),
    "2026-03-05T01:00:00+05:00",
  ],
};

const rounded: KeyValues = { ...decimals, js: [...decimals.js, "1.504", "2.555", new Decimal("2.004999")] };

export const keyValues: Readonly<Record<string, KeyValues>> = {
  Int: numbers,
  SmallInt: { ...numbers, js: [...numbers.js, 40_000] },
  Oid: { sql: ["1", "2", "7", "4294967295"], js: [1, 2, 7, 9, -1], steps: [1] },
  BigInt: bigs,
  Decimal: decimals,
  Numeric: {
    ...decimals,
    sql: [...decimals.sql, "1.5000", "'NaN'", "'Infinity'", "1e-40", "123456789012345678901234567890.5"],
    js: [...decimals.js, "1e-40", "123456789012345678901234567890.50", new Decimal("NaN"), "NaN", "Infinity"],
  },
  Rounded: rounded,
  Money: { ...rounded, sql: decimals.sql.map((one) => `(${one})::numeric::money`) },
  Float: floats,
  Real: { ...floats, js: [...floats.js, Math.fround(0.1), "0.1"] },
  Boolean: { sql: ["true", "false"], js: [true, false] },
  Text: texts,
  VarChar: { ...texts, js: [...texts.js, "too long for it", "a       ", "8 chars "] },
  Char: { ...texts, js: [...texts.js, "a     ", "a      ", "longer than six"] },
  Uuid: uuids,
  Citext: {
    ...texts,
    sql: ["'Ann'", "'bob'", "'É'", "''"],
    js: ["Ann", "ANN", "ann", "BOB", "bob", "é", "É", "", "Cy", "cy"],
  },
  Inet: {
    sql: ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'", "'2001:db8::a'"],
    js: [
      "10.0.0.1",
      "10.0.0.1/32",
      "10.0.0.1/8",
      "::1",
      "0:0:0:0:0:0:0:1",
      "::1/128",
      "2001:DB8::A",
      "10.0.0.2",
      "no address",
    ],
  },
  Bit: { sql: ["B'0101'", "B'1111'", "B'0000'"], js: ["0101", "1111", "0000", "1010", "01", "01010"] },
  VarBit: { sql: ["B'0101'", "B'01'", "B''"], js: ["0101", "01", "", "1", "010101010101"] },
  Bytes: {
    sql: ["'\\x'", "'\\x00'", "'\\x005c22'", "'\\xff01'"],
    js: [bytes(), bytes(0), bytes(0, 92, 34), Buffer.from([255, 1]), bytes(255, 1), bytes(7)],
  },
  Stamp0: stamps([...odd], ""),
  Stamp3: stamps([...odd], ""),
  Stamp6: stamps([...odd, ...micro], ""),
  Zoned3: stamps(odd, "Z"),
  Zoned6: stamps([...odd, ...micro], "Z"),
  Day: days,
  Time0: times,
  Time3: times,
  Time6: { ...times, sql: [...times.sql, "'03:04:05.0001'", "'03:04:05.0002'"] },
  ZonedTime: {
    ...times,
    sql: ["'03:04:05Z'", "'05:04:05+02'", "'03:04:05.006Z'", "'23:30:00.5Z'", "'03:04:05-05'"],
  },
  Enum: moods,
  Json: {
    sql: [`'{"a": 1, "b": [null]}'`, "'1'", `'"x"'`, "'null'", "'[]'", "'1.0'", `'{"$type": "Raw"}'`],
    js: [
      { a: 1, b: [null] },
      { b: [null], a: 1 },
      1,
      "x",
      [],
      { a: 1.0, b: [null] },
      2,
      { $type: "Raw" },
      { a: new Date(0) },
      1e21,
      -0,
    ],
  },
  IntList: list(numbers, "integer[]"),
  TextList: list(texts, "text[]"),
  RoundedList: list(rounded, "numeric(12,2)[]"),
  StampList: list(stamps([], ""), "timestamp(3)[]"),
  BytesList: list({ sql: ["'\\x00'", "'\\xff01'"], js: [bytes(), bytes(0), bytes(255, 1)] }, "bytea[]"),
  UuidList: list(uuids, "uuid[]"),
  FloatList: list(floats, "double precision[]"),
  BigIntList: list(bigs, "bigint[]"),
  EnumList: list(moods, "mood[]"),
  JsonList: list({ sql: [`'{"a": 1}'`, "'1'", "'[1]'"], js: [{ a: 1 }, 1, [1], "x", null] }, "jsonb[]"),
};
