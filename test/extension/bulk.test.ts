import { beforeEach, describe, expect, it } from "vitest";

import type { Row } from "../../src/changes/diff.js";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events, unusualRules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { rowsByModel } from "./support/unusual-rows.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const { User, Product, Setting, Seat } = allRules;
const capture = { User, Product, Setting, Seat, ...unusualRules };
const prisma = base.$extends(eventBus({ events, capture }));

type Many = Readonly<
  Record<
    "createMany" | "createManyAndReturn" | "updateMany" | "updateManyAndReturn" | "deleteMany" | "findMany",
    (args?: object) => PromiseLike<unknown>
  >
>;
type Db = Readonly<Record<string, Many>>;

/** Runs a call on a model in every place that it can be called from. */
const contexts: readonly (readonly [
  string,
  (call: (db: Db) => PromiseLike<unknown>) => PromiseLike<unknown>,
])[] = [
  ["bare", (call) => call(prisma as unknown as Db)],
  ["in a transaction", (call) => prisma.$transaction((tx) => call(tx as unknown as Db) as Promise<unknown>)],
  ["in a batch", async (call) => (await prisma.$transaction([call(prisma as unknown as Db) as never]))[0]],
  [
    "in a nested transaction",
    (call) =>
      prisma.$transaction((tx) =>
        tx.$transaction((inner) => call(inner as unknown as Db) as Promise<unknown>),
      ),
  ],
];

const jsName = (model: string) => model.charAt(0).toLowerCase() + model.slice(1);
const tableOf = (db: unknown, model: string) => (db as Db)[jsName(model)] as Many;
const keyFields: Readonly<Record<string, readonly string[]>> = {
  User: ["id"],
  Product: ["sku"],
  Setting: ["key"],
  Seat: ["row", "number"],
  Price: ["code"],
  Slot: ["day", "role", "room"],
  Reading: ["at"],
  Digest: ["hash"],
  Level: ["role"],
  Parcel: ["id"],
};
const written: Readonly<Record<string, Row>> = {
  User: { name: "new" },
  Product: { stock: { increment: 7 } },
  Setting: { value: { new: true } },
  Seat: { holder: "new" },
  Parcel: { width: { multiply: 3 } },
  Price: { amount: { increment: "0.5" }, rates: { push: "3" } },
};

const cases = Object.keys(rowsByModel).flatMap((model) =>
  contexts.map(([context, run]) => [model, context, run] as const),
);

beforeEach(() => ledger.clear());

/** All rows of a model in the order of their keys. */
async function rowsOf(model: string): Promise<readonly Row[]> {
  const orderBy = keyFields[model]?.map((field) => ({ [field]: "asc" }));
  return (await tableOf(base, model).findMany({ orderBy })) as readonly Row[];
}

async function changes() {
  return (await ledger.events()).map(({ name, aggregate, changes, initialData }) => ({
    name,
    aggregate,
    changes,
    initialData,
  }));
}

describe.each(cases)("%s %s", (model, _, run) => {
  const rows = rowsByModel[model] ?? [];

  it.each(["createMany", "createManyAndReturn"] as const)(
    "%s publishes every row by key",
    async (operation) => {
      const answer = await run((db) => tableOf(db, model)[operation]({ data: [...rows].reverse() }));
      const created = await rowsOf(model);
      expect(created).toHaveLength(rows.length);
      expect(answer).toEqual(operation === "createMany" ? { count: rows.length } : [...created].reverse());
      const values = (row: Row) => Object.entries(row).filter(([, value]) => value !== null);
      expect(await changes()).toEqual(
        created.map((aggregate) => ({
          name: `${model}Created`,
          aggregate,
          changes: Object.fromEntries(values(aggregate)),
          initialData: Object.fromEntries(values(aggregate).map(([name]) => [name, null])),
        })),
      );
    },
  );

  it("createMany with skipDuplicates publishes the rows that it inserted", async () => {
    await tableOf(base, model).createMany({ data: [rows[0] as object] });
    const before = await rowsOf(model);
    const answer = await run((db) => tableOf(db, model).createMany({ data: rows, skipDuplicates: true }));
    expect(answer).toEqual({ count: rows.length - 1 });
    expect((await changes()).map(({ aggregate }) => aggregate)).toEqual(
      (await rowsOf(model)).filter((row) => !before.some((old) => sameKey(model, old, row))),
    );
  });

  it.each(["updateMany", "updateManyAndReturn"] as const)(
    "%s publishes the rows that changed",
    async (operation) => {
      await tableOf(base, model).createMany({ data: rows });
      const before = await rowsOf(model);
      const data = written[model] ?? { note: "new" };
      const answer = await run((db) => tableOf(db, model)[operation]({ data }));
      const after = await rowsOf(model);
      if (operation === "updateMany") expect(answer).toEqual({ count: rows.length });
      else expect(answer).toEqual(expect.arrayContaining([...after]));
      expect(await changes()).toEqual(
        after.map((aggregate, index) => {
          const old = before[index] as Row;
          const fields = Object.keys(aggregate).filter((name) => text(old[name]) !== text(aggregate[name]));
          expect(fields).toEqual(expect.arrayContaining(Object.keys(data)));
          return {
            name: `${model}Updated`,
            aggregate,
            changes: Object.fromEntries(fields.map((name) => [name, aggregate[name]])),
            initialData: Object.fromEntries(fields.map((name) => [name, old[name]])),
          };
        }),
      );
      await ledger.forgetEvents();
      await run((db) => tableOf(db, model)[operation]({ data: onlyValues(after[0], data) }));
      const changedAgain = (await changes()).map(({ aggregate }) => aggregate);
      expect(changedAgain).toEqual(
        (await rowsOf(model)).filter((row, index) => different(row, after[index], data)),
      );
    },
  );

  it("deleteMany publishes the rows that went", async () => {
    await tableOf(base, model).createMany({ data: rows });
    const before = await rowsOf(model);
    expect(await run((db) => tableOf(db, model).deleteMany())).toEqual({ count: rows.length });
    expect(await changes()).toEqual(
      before.map((aggregate) => ({ name: `${model}Deleted`, aggregate, changes: {}, initialData: {} })),
    );
    expect(await rowsOf(model)).toEqual([]);
  });

  it("a limit is kept", async () => {
    await tableOf(base, model).createMany({ data: rows });
    const data = written[model] ?? { note: "new" };
    expect(await run((db) => tableOf(db, model).updateMany({ data, limit: 1 }))).toEqual({ count: 1 });
    expect(await run((db) => tableOf(db, model).deleteMany({ limit: 2 }))).toEqual({ count: 2 });
    expect(await run((db) => tableOf(db, model).deleteMany({ limit: 0 }))).toEqual({ count: 0 });
    expect(await ledger.names()).toEqual([`${model}Updated`, `${model}Deleted`, `${model}Deleted`]);
    expect(await rowsOf(model)).toHaveLength(rows.length - 2);
  });
});

function sameKey(model: string, a: Row, b: Row): boolean {
  return keyFields[model]?.every((field) => text(a[field]) === text(b[field])) === true;
}

/** The values that a row has already, as data to write. */
function onlyValues(row: Row | undefined, data: Row): Row {
  return Object.fromEntries(Object.keys(data).map((name) => [name, row?.[name]]));
}

function different(a: Row, b: Row | undefined, data: Row): boolean {
  return Object.keys(data).some((name) => text(a[name]) !== text(b?.[name]));
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
}
