import { inspect } from "node:util";
import { Decimal } from "@prisma/client/runtime/client";
import { beforeEach, describe, expect, it } from "vitest";

import { toOneUpdateData } from "../../../src/extension/relations/to-one-update.js";
import { otherSide } from "../../../src/models/link.js";
import { outcomeOf } from "../support/outcome.js";
import { type AnyClient, ownSchema } from "../support/own-schema.js";

// What Prisma takes for the envelope { where?, data } of a nested update and what for the data itself, by what it does
// to the rows. Models have fields that are called as the parts of envelopes and as operations.
const own = await ownSchema(`
enum Kind {
  ONE
  TWO
}

model Holder {
  id      Int     @id @default(autoincrement())
  jsonId  Int?    @unique
  textId  Int?    @unique
  ownerId Int?    @unique
  json    Json1?  @relation(fields: [jsonId], references: [id])
  text    Text1?  @relation(fields: [textId], references: [id])
  owner   Owner1? @relation(fields: [ownerId], references: [id])
}

model Json1 {
  id      Int       @id @default(autoincrement())
  data    Json?
  where   Json?
  name    String?
  n       Int?
  big     BigInt?
  float   Float?
  exact   Decimal?
  at      DateTime?
  bytes   Bytes?
  flag    Boolean?
  kind    Kind?
  tags    String[]  @default([])
  numbers Int[]     @default([])
  note    String    @default("")
  set     Int?
  create  Int?
  ifUndefined Int?
  items   Item[]
  holder  Holder?
}

model Text1 {
  id      Int      @id @default(autoincrement())
  data    String   @default("old")
  where   String?
  set     String?
  name    String?
  update  Int?
  delete  Int?
  holder  Holder?
}

model Owner1 {
  id     Int     @id @default(autoincrement())
  dataId Int?    @unique
  data   Item?   @relation(fields: [dataId], references: [id])
  create Json?
  update Json?
  label  String?
  where  Item[]  @relation("where")
  holder Holder?
}

model Item {
  id      Int     @id @default(autoincrement())
  label   String  @default("new")
  json1Id Int?
  json1   Json1?  @relation(fields: [json1Id], references: [id])
  whereId Int?
  back    Owner1? @relation("where", fields: [whereId], references: [id])
  owner   Owner1?
}
`);
const sides = [await own.database(), await own.database()] as const;
const plain = sides[0].open();
const extended = sides[1].open().$extends(own.bus());

const columns = `
  insert into "Json1" (data, name, n) values ('"old"', 'old', 7);
  insert into "Text1" (name) values ('old');
  insert into "Item" (label, "json1Id") values ('first', 1), ('mine', null);
  insert into "Owner1" (label, "dataId") values ('old', 2);
  insert into "Item" (label, "whereId") values ('w', 1);
  insert into "Holder" ("jsonId", "textId", "ownerId") values (1, 1, 1);
  delete from event_bus.events;
  delete from truth.log;`;

beforeEach(async () => {
  for (const { pool } of sides)
    await pool.query(
      `truncate "Holder", "Json1", "Text1", "Owner1", "Item" restart identity cascade; ${columns}`,
    );
});

/** Makes a call on both clients; the result, the error, the tables and the events have to agree. */
async function twin(call: (client: AnyClient) => unknown): Promise<void> {
  const [without, withIt] = [await outcomeOf(() => call(plain)), await outcomeOf(() => call(extended))];
  expect(withIt).toEqual(without);
  expect(await sides[1].ledger.contents()).toEqual(await sides[0].ledger.contents());
  expect(await sides[1].truth.told(await sides[1].ledger.events())).toEqual(await sides[1].truth.changes());
}

const skip = own.prisma["skip"];
const dbNull = own.prisma["DbNull"];
const jsonNull = own.prisma["JsonNull"];
const date = new Date("2020-01-01T00:00:00Z");

const json1: readonly unknown[] = [
  ...[
    {},
    { data: {} },
    { data: undefined },
    { data: null },
    { data: dbNull },
    { data: jsonNull },
    { data: "x" },
  ],
  ...[{ data: [] }, { data: [{ name: "x" }] }, { data: 5 }, { data: date }, { data: { foo: 1 } }],
  ...[{ data: { name: "x" } }, { data: { name: "x", foo: 1 } }, { data: { foo: undefined } }],
  ...[
    { data: { name: "x" }, name: "y" },
    { data: { name: "x" }, name: undefined },
    { data: { data: { data: 1 } } },
  ],
  ...["x", 5, null, true, {}, [], { set: "x" }, { set: null }, { set: 5 }, { append: "x" }].map(as("name")),
  ...[1, 1.5, 3e9, 1e20, "1", 5n, new Decimal(2), true, {}, { increment: 1 }, { increment: "1" }].map(
    as("n"),
  ),
  ...[{ set: 1, increment: 1 }, { divide: 2 }, { unset: true }, { increment: null }, Number.NaN].map(as("n")),
  ...[1, 1.5, "1", "x", 5n, { increment: 5n }, new Decimal(1), "0x1"].map(as("big")),
  ...[1, 1.5, "1.5", 5n, new Decimal("1.5"), { multiply: 2 }, Number.POSITIVE_INFINITY].map(as("float")),
  ...[1, "1.5", "x", 5n, new Decimal("1.5"), "1e3", "NaN", "0x10", " 1", "", "+1", ".5", "5.", "1_000"].map(
    as("exact"),
  ),
  ...["2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01 00:00:00Z", date, 5].map(
    as("at"),
  ),
  ...["2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00.123456789z", "2020-02-30T00:00:00Z"].map(as("at")),
  ...["2020-01-01T24:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", { set: date }].map(as("at")),
  ...["AAAA", "%%%", "AAA", "AA==", "", Buffer.from([1]), new Uint8Array(2), 5].map(as("bytes")),
  ...[true, "true", 1, { set: false }, null].map(as("flag")),
  ...["ONE", "one", "THREE", { set: "TWO" }, 1, null].map(as("kind")),
  ...[["a"], [1], "a", null, { set: ["a"] }, { push: "a" }, { push: ["a"] }, { set: "a" }, {}, [null]].map(
    as("tags"),
  ),
  ...[[1], 1, ["1"], { push: 1 }, [1.5], [5n], { set: [], push: 1 }].map(as("numbers")),
  ...[1, "x", { a: 1 }, null, dbNull, [1], { set: 1 }].map(as("data")),
  ...[
    {},
    { create: { label: "z" } },
    { create: { label: 1 } },
    { create: [{ label: "z" }] },
    { create: [] },
  ].map(as("items")),
  ...[
    { foo: 1 },
    1,
    null,
    [],
    { deleteMany: {} },
    { deleteMany: { foo: 1 } },
    { set: [] },
    { delete: { id: 1 } },
  ].map(as("items")),
  ...[
    { updateMany: { where: {}, data: { label: "q" } } },
    { update: { where: { id: 1 }, data: { label: 7 } } },
  ].map(as("items")),
  ...[{ connectOrCreate: { where: { id: 9 }, create: {} } }, { createMany: { data: [{ label: "m" }] } }].map(
    as("items"),
  ),
  ...[{}, { connect: { id: 1 } }].map(as("holder")),
  ...[5, "5", { increment: 1 }].map(as("id")),
  ...[1, { set: 1 }, "x"].map(as("set")),
  ...[1, "x"].map(as("ifUndefined")),
  ...[
    {},
    { id: 1 },
    { id: 99 },
    { foo: 1 },
    null,
    [],
    { AND: [] },
    { name: "old" },
    { items: { some: {} } },
  ].map((where) => ({
    where,
    data: { note: "n" },
  })),
  { where: { id: 1 } },
  { where: { id: 1 }, data: { foo: 1 } },
  { where: undefined, data: { note: "n" } },
];

function as(field: string) {
  return (value: unknown) => ({ data: { [field]: value } });
}

const noBigInts = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

/** Those of which the results and events are compared, too: what is told from values of columns is always the same. */
const compared = json1
  .filter((update) => !/Uint8Array|Buffer/.test(inspect(update)))
  .filter((update, at) => at < 16 || at % 4 === 0 || inspect(update).includes("items:"));

describe("an update of a related row that has a Json field named data", () => {
  it.each(compared.map((update, at) => [at, update] as const))("%i: %o", async (_, update) => {
    await twin((client) => client["holder"]?.["update"]?.({ where: { id: 1 }, data: { json: { update } } }));
  });
});

describe("toOneUpdateData", () => {
  const row = async () =>
    (await plain["json1"]?.["findFirst"]?.({ include: { items: true } })) as {
      readonly data: unknown;
      readonly where: unknown;
    };

  it.each(json1.map((update, at) => [at, update] as const))(
    "is what Prisma writes: %i: %o",
    async (_, update) => {
      const [holder, model] = [own.models.get("Holder"), own.models.get("Json1")];
      const relation = holder?.relations.get("json");
      if (holder === undefined || model === undefined || relation === undefined)
        throw new Error("no such model");
      const back = otherSide(own.models, holder, relation);
      const isEnvelope = toOneUpdateData({ models: own.models, model, back }, update) !== update;
      const before = await row();
      const call = () => plain["holder"]?.["update"]?.({ where: { id: 1 }, data: { json: { update } } });
      if ("error" in ((await outcomeOf(call)) as object)) return;
      const after = await row();
      // Where nothing has changed it can be either.
      if (JSON.stringify(after, noBigInts) === JSON.stringify(before, noBigInts)) return;
      const text = (value: unknown) => JSON.stringify(value) ?? "";
      const isWhole = text(after.data) !== text(before.data) || text(after.where) !== text(before.where);
      const inner = (update as { readonly data?: { readonly data?: unknown } | null }).data;
      const isField = typeof inner === "object" && inner !== null && "data" in inner;
      expect(isEnvelope).toBe(isField ? text(after.data) !== text({ ...inner }) : !isWhole);
    },
  );
});

describe("an update of a related row that has", () => {
  const text1: readonly unknown[] = [
    ...[{ data: "x" }, { data: { set: "x" } }, { data: { set: 5 } }, { data: { set: null } }, { data: {} }],
    ...[{ data: { name: "x" } }, { data: { data: "x" } }, { data: { data: { set: "x" } } }, { data: null }],
    ...[
      { data: "x", where: "y" },
      { data: "x", where: null },
      { data: { name: "z" }, where: { name: "old" } },
    ],
    ...[
      { data: { name: "z" }, where: { where: null } },
      { where: "y" },
      { update: 1 },
      { delete: 1, update: 2 },
    ],
    ...[{ data: { update: 1 } }, { data: { set: "x", name: "y" } }, { data: "x", where: { set: "w" } }],
  ];
  it.each(text1.map((update, at) => [at, update] as const))("fields of text: %i: %o", async (_, update) => {
    await twin((client) => client["holder"]?.["update"]?.({ where: { id: 1 }, data: { text: { update } } }));
  });

  const owner1: readonly unknown[] = [
    ...[
      { data: { create: { label: "c" } } },
      { data: { update: { label: "u" } } },
      { data: { disconnect: true } },
    ],
    ...[
      { data: { create: { nothing: 1 } } },
      { data: { label: "l" } },
      { data: { data: { update: { label: "u" } } } },
    ],
    ...[
      { data: { data: { delete: true } } },
      { data: { delete: true } },
      { data: { delete: {} } },
      { data: {} },
    ],
    ...[{ data: { connect: { id: 2 } } }, { data: { upsert: { create: {}, update: { label: "u" } } } }],
    ...[{ data: { update: { data: { label: "u" } } } }, { data: { where: { create: { label: "c" } } } }],
    ...[{ where: { create: { label: "c" } }, data: { connect: { id: 2 } } }, { where: { deleteMany: {} } }],
    ...[
      {
        where: { label: "old" },
        data: { label: "l", where: { updateMany: { where: {}, data: { label: "m" } } } },
      },
    ],
    ...[
      { where: {}, data: { delete: true } },
      { where: { none: {} }, data: { label: "l" } },
    ],
    ...[{ data: { dataId: null } }, { data: { dataId: null, data: { create: {} } } }, { dataId: null }],
  ];
  it.each(owner1.map((update, at) => [at, update] as const))("relations: %i: %o", async (_, update) => {
    await twin((client) => client["holder"]?.["update"]?.({ where: { id: 1 }, data: { owner: { update } } }));
  });
});

describe("other arguments", () => {
  const written: readonly (readonly [string, object])[] = [
    ...[
      true,
      false,
      {},
      { label: "mine" },
      { label: "other" },
      { id: 99 },
      [],
      null,
      undefined,
      skip,
    ].flatMap((value) => [
      ["owner", { delete: value }] as const,
      ["owner", { disconnect: value }] as const,
      ["owner", { update: { data: { delete: value } } }] as const,
      ["owner", { update: { data: { data: { delete: value } } } }] as const,
      ["owner", { update: { data: { data: { disconnect: value } } } }] as const,
    ]),
    ...[{ where: { label: "old" } }, { where: { label: "no" } }, {}].map(
      (where) => ["owner", { upsert: { ...where, create: { label: "c" }, update: { label: "u" } } }] as const,
    ),
    ["owner", { upsert: { create: { data: { create: {} } }, update: { data: { update: { label: "u" } } } } }],
    ["owner", { upsert: [{ create: {}, update: {} }] }],
    ["owner", { create: [{ label: "c" }] }],
    ["owner", { create: { label: "c", create: { create: 1 }, update: { update: { data: 1 } } } }],
    ["owner", { connectOrCreate: { where: { id: 1 }, create: { label: "c" } } }],
    [
      "owner",
      { connectOrCreate: { where: { id: 77 }, create: { label: "c", data: { connect: { id: 1 } } } } },
    ],
    ["json", { create: { ifUndefined: 5, items: { create: { label: "i" } } } }],
    ["json", { update: { items: { set: { id: 2 } } } }],
    ["json", { update: { items: { connect: [{ id: 2 }, { id: 3 }], delete: { id: 1 } } } }],
    [
      "json",
      { update: { items: { updateMany: { where: {}, data: { label: "q" } }, create: { label: "n" } } } },
    ],
    ["json", { update: { items: { updateMany: [{ where: {}, data: { label: "q" } }], deleteMany: [] } } }],
    ["json", { update: { items: { createMany: { data: { label: "one" } } } } }],
    ["json", { update: { items: { create: { 0: { label: "z" } } } } }],
    ["json", { update: { items: [{ create: { label: "z" } }] } }],
  ];
  it.each(written.map(([name, value], at) => [at, name, value] as const))(
    "%i: %s: %o",
    async (_, name, value) => {
      await twin((client) => client["holder"]?.["update"]?.({ where: { id: 1 }, data: { [name]: value } }));
    },
  );
});
