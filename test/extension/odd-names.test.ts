import { beforeEach, describe, expect, it } from "vitest";

import { sampleOf } from "../support/amount.js";
import { outcomeOf } from "./support/outcome.js";
import { type AnyClient, ownSchema } from "./support/own-schema.js";

// Models and fields that are called like members of Object.prototype, like functions, and like Prisma's operations:
// captured, in a relation with what is captured, and neither.
const names = [
  "constructor",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "Update",
  "Create",
  "Count",
  "Name",
  "Then",
];
const fields = `
  id             Int     @id @default(autoincrement())
  constructor    String?
  toString       String? @unique
  valueOf        Int?
  hasOwnProperty Json?
  isPrototypeOf  String?
  name           String  @default("n")
  length         Int     @default(0)
  prototype      String?
  then           String?
  toJSON         String?
  ifUndefined    Int?
  set            String?
  equals         String?`;
const own = await ownSchema(`
${names.map((name) => `model ${name} {${fields}\n}`).join("\n\n")}

model Keyed {
  constructor Int     @id @default(autoincrement())
  toString    String  @default("")
  valueOf     Keyed?  @relation("self", fields: [isPrototypeOf], references: [constructor], onUpdate: Cascade)
  isPrototypeOf Int?
  hasOwnProperty Keyed[] @relation("self")
}

model Parent {
  id          Int     @id @default(autoincrement())
  constructor Child[] @relation("one")
  toString    Child?  @relation("two")
  label       String  @default("")
}

model Child {
  id                   Int     @id @default(autoincrement())
  valueOf              Int?
  hasOwnProperty       Int?    @unique
  propertyIsEnumerable Parent? @relation("one", fields: [valueOf], references: [id], onDelete: Cascade)
  toLocaleString       Parent? @relation("two", fields: [hasOwnProperty], references: [id], onDelete: SetNull)
  label                String  @default("")
}
`);
const plainSide = await own.database();
const plain = plainSide.open();

const jsName = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const written = {
  constructor: "c",
  toString: "s",
  valueOf: 1,
  hasOwnProperty: { constructor: 1, toString: [{ valueOf: 2 }] },
  isPrototypeOf: "p",
  prototype: "x",
  toJSON: "json",
  ifUndefined: 5,
  set: "set",
  equals: "eq",
};
const changed = {
  constructor: { set: "d" },
  valueOf: { increment: 1 },
  hasOwnProperty: own.prisma["DbNull"],
  ifUndefined: 6,
};

type Call = readonly [string, (db: AnyClient) => unknown];

const calls = (model: string): readonly Call[] => {
  const on = (operation: string, args: object) => (db: AnyClient) => db[model]?.[operation]?.(args);
  return [
    ["create", on("create", { data: written })],
    ["create with nothing", on("create", { data: {} })],
    ["create and select", on("create", { data: written, select: { constructor: true, length: true } })],
    ["create and omit", on("create", { data: written, omit: { toString: true, name: true } })],
    ["update", on("update", { where: { id: 1 }, data: changed })],
    ["update by another key", on("update", { where: { toString: "a" }, data: { toString: "b" } })],
    ["update of nothing", on("update", { where: { id: 9 }, data: changed })],
    ["upsert that updates", on("upsert", { where: { toString: "a" }, create: written, update: changed })],
    ["upsert that creates", on("upsert", { where: { toString: "z" }, create: written, update: changed })],
    ["delete", on("delete", { where: { id: 1 } })],
    ["createMany", on("createMany", { data: [written, {}] })],
    ["createManyAndReturn", on("createManyAndReturn", { data: [written, {}], omit: { length: true } })],
    ["updateMany", on("updateMany", { where: { constructor: { not: "x" } }, data: changed })],
    [
      "updateManyAndReturn",
      on("updateManyAndReturn", { data: changed, select: { toString: true, valueOf: true } }),
    ],
    ["deleteMany", on("deleteMany", { where: { OR: [{ toString: "a" }, { equals: "e" }] } })],
    ["findMany", on("findMany", { where: { constructor: "c" } })],
    ["findUnique", on("findUnique", { where: { toString: "a" } })],
    ["count", on("count", { where: { toJSON: null } })],
    ["aggregate", on("aggregate", { _sum: { valueOf: true } })],
    ["groupBy", on("groupBy", { by: ["constructor"], _count: true })],
    ["a refused create", on("create", { data: { constructor: 5 } })],
    [
      "a transaction",
      (db) =>
        db.$transaction((async (tx: AnyClient) => [
          await tx[model]?.["create"]?.({ data: written }),
          await tx[model]?.["count"]?.(),
        ]) as never),
    ],
    [
      "a batch",
      (db) => db.$transaction([db[model]?.["create"]?.({ data: written }), db[model]?.["count"]?.()]),
    ],
  ];
};

const keyed = (operation: string, args: object) => (db: AnyClient) => db["keyed"]?.[operation]?.(args);

const nested: readonly Call[] = [
  ["update by key", keyed("update", { where: { constructor: 2 }, data: { toString: "x" } })],
  ["update of key", keyed("update", { where: { constructor: 1 }, data: { constructor: { increment: 10 } } })],
  ["updateMany by key", keyed("updateMany", { where: { constructor: { lt: 3 } }, data: { toString: "x" } })],
  ["updateMany of key", keyed("updateMany", { data: { constructor: { increment: 10 } } })],
  ["updateManyAndReturn by key", keyed("updateManyAndReturn", { data: { toString: "y" } })],
  [
    "upsert by key",
    keyed("upsert", { where: { constructor: 7 }, create: { toString: "c" }, update: { toString: "u" } }),
  ],
  ["deleteMany by key", keyed("deleteMany", { where: { toString: "2" } })],
  [
    "nested by key",
    keyed("update", {
      where: { constructor: 1 },
      data: {
        hasOwnProperty: { updateMany: { where: {}, data: { toString: "n" } }, connect: { constructor: 3 } },
      },
    }),
  ],
  [
    "nested create",
    (db) =>
      db["parent"]?.["create"]?.({
        data: { constructor: { create: [{ label: "a" }] }, toString: { create: { label: "b" } } },
        include: { constructor: true, toString: true },
      }),
  ],
  [
    "nested update",
    (db) =>
      db["parent"]?.["update"]?.({
        where: { id: 1 },
        data: {
          label: "x",
          constructor: { updateMany: { where: {}, data: { label: "m" } } },
          toString: { update: { label: "t" } },
        },
      }),
  ],
  [
    "nested disconnect",
    (db) =>
      db["parent"]?.["update"]?.({
        where: { id: 1 },
        data: { constructor: { set: [] }, toString: { disconnect: true } },
      }),
  ],
  ["nested nothing", (db) => db["parent"]?.["update"]?.({ where: { id: 1 }, data: { label: "y" } })],
  [
    "nested parent",
    (db) =>
      db["child"]?.["update"]?.({
        where: { hasOwnProperty: 1 },
        data: {
          propertyIsEnumerable: { create: { label: "p" } },
          toLocaleString: { update: { label: "q" } },
        },
      }),
  ],
  ["fluent", (db) => db["parent"]?.["update"]?.({ where: { id: 1 }, data: { label: "z" } })["toString"]?.()],
  ["cascade", (db) => db["parent"]?.["delete"]?.({ where: { id: 1 } })],
];

describe.each([
  ["captured", [...names, "Keyed", "Parent", "Child"]],
  ["captured where another model is", ["Child"]],
  ["not captured", []],
] as const)("names of Object.prototype and of operations, %s", async (_, captured) => {
  const side = await own.database();
  const extended = side.open().$extends(own.bus(captured));

  beforeEach(async () => {
    for (const { pool, ledger, truth } of [plainSide, side]) {
      await ledger.clear();
      for (const name of names)
        await pool.query(`insert into "${name}" ("toString", "constructor", equals) values ('a', 'c', 'e')`);
      await pool.query(`insert into "Parent" default values`);
      await pool.query(
        `insert into "Keyed" ("toString", "isPrototypeOf") values ('1', null), ('2', 1), ('3', null)`,
      );
      await pool.query(`insert into "Child" ("valueOf", "hasOwnProperty") values (1, 1), (1, null)`);
      await truth.clear();
    }
  });

  const all = [
    ...sampleOf(
      names.flatMap((name) => calls(jsName(name)).map(([what, call]) => [`${name}: ${what}`, call] as const)),
      9,
    ),
    ...nested,
  ];
  it.each(all)("%s", async (_name, call) => {
    const [without, withIt] = [await outcomeOf(() => call(plain)), await outcomeOf(() => call(extended))];
    expect(withIt).toEqual(without);
    expect(await side.ledger.contents()).toEqual(await plainSide.ledger.contents());
    const changes = await side.truth.changes();
    const told = await side.truth.told(await side.ledger.events());
    expect(told).toEqual(changes.filter(({ model }) => (captured as readonly string[]).includes(model)));
  });
});
