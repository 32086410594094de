import { beforeEach, describe, expect, it } from "vitest";

import type { Prisma } from "../../prisma/generated/several-schemas/client.js";
import { PrismaClient } from "../../prisma/generated/several-schemas/client.js";
import { eventBus, eventsFor } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { closeLater, openAdapter } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
await pool.query(`
  create schema shop;
  create schema "Ware House";
  create type "Ware House"."Size" as enum ('SMALL', 'big one');
  create table "Ware House".shelves (
    id serial primary key, size "Ware House"."Size" not null default 'SMALL', note text
  );
  create table shop.goods (
    sku text primary key, size "Ware House"."Size" not null, price integer not null default 0,
    shelf_id integer references "Ware House".shelves on delete cascade on update cascade
  );
  create table "Ware House".goods (sku text primary key, note text);
  -- What a table without its schema would be.
  create table public.goods (sku text primary key);
  create table public.shelves (id serial primary key)`);

const { defineEvent } = eventsFor<Prisma.TypeMap>();
const ShelfChanged = defineEvent("ShelfChanged", { model: "Shelf" });
const GoodChanged = defineEvent("GoodChanged", { model: "Good" });
const CrateChanged = defineEvent("CrateChanged", { model: "Crate" });
const all = <E>(event: E) => ({ create: event, update: event, delete: event });
const events = [ShelfChanged, GoodChanged, CrateChanged];
const base = closeLater(new PrismaClient({ adapter: openAdapter(url) }));
const prisma = base.$extends(
  eventBus({
    events,
    capture: { Shelf: all(ShelfChanged), Good: all(GoodChanged), Crate: all(CrateChanged) },
  }),
);
const ledger = new Ledger(pool);

beforeEach(async () => {
  await pool.query(`truncate shop.goods, "Ware House".goods, "Ware House".shelves restart identity`);
  await ledger.forgetEvents();
});

/** The events so far, which are forgotten then. */
async function happened() {
  const found = (await ledger.events()).map(
    ({ sourceSchema, name, operation, aggregateKey, initialData }) => [
      sourceSchema,
      `${name} ${operation} ${aggregateKey}`,
      initialData,
    ],
  );
  await ledger.forgetEvents();
  return found;
}

const goods = ["a", "b", "c"].map((sku) => ({ sku, size: "LARGE" as const, shelfId: 1 }));
const created = { sku: null, size: null, shelfId: null, price: null };

describe("models with @@schema", () => {
  it("get events from calls of many rows, and from what PostgreSQL does with them", async () => {
    await prisma.shelf.createMany({ data: [{ size: "LARGE" }, {}] });
    expect((await happened()).map(([schema, what]) => [schema, what])).toEqual([
      ["Ware House", "ShelfChanged create 1"],
      ["Ware House", "ShelfChanged create 2"],
    ]);
    await prisma.good.createMany({ data: goods });
    expect(await happened()).toEqual(goods.map(({ sku }) => ["shop", `GoodChanged create ${sku}`, created]));
    const rows = await prisma.good.updateManyAndReturn({
      where: { size: "LARGE", sku: { not: "b" } },
      data: { size: "SMALL", price: { increment: 1 } },
    });
    expect(rows).toHaveLength(2);
    expect(await happened()).toEqual(
      ["a", "c"].map((sku) => ["shop", `GoodChanged update ${sku}`, { size: "LARGE", price: 0 }]),
    );
    await prisma.shelf.updateMany({ where: { size: "LARGE" }, data: { id: 7 } });
    expect(await happened()).toEqual([
      ["Ware House", "ShelfChanged update 7", { id: 1 }],
      ...goods.map(({ sku }) => ["shop", `GoodChanged update ${sku}`, { shelfId: 1 }]),
    ]);
    expect(await prisma.shelf.deleteMany({ where: { id: 7 } })).toEqual({ count: 1 });
    expect(await happened()).toEqual([
      ...goods.map(({ sku }) => ["shop", `GoodChanged delete ${sku}`, {}]),
      ["Ware House", "ShelfChanged delete 7", {}],
    ]);
  });

  it("are told apart where two schemas have a table of one name", async () => {
    await prisma.crate.createMany({ data: [{ sku: "a" }, { sku: "b" }] });
    await prisma.good.createMany({ data: goods.map((good) => ({ ...good, shelfId: null })) });
    await ledger.forgetEvents();
    await prisma.crate.updateMany({ data: { note: "new" } });
    expect((await happened()).map(([schema, what]) => [schema, what])).toEqual(
      ["a", "b"].map((sku) => ["Ware House", `CrateChanged update ${sku}`]),
    );
    await prisma.good.deleteMany({ where: { sku: { in: ["a", "c"] } } });
    expect((await happened()).map(([schema, what]) => [schema, what])).toEqual(
      ["a", "c"].map((sku) => ["shop", `GoodChanged delete ${sku}`]),
    );
    expect(await base.crate.count()).toBe(2);
  });

  it("get events from calls of one row", async () => {
    await prisma.shelf.create({ data: { goods: { create: { sku: "z", size: "LARGE" } } } });
    await prisma.good.update({ where: { sku: "z" }, data: { size: "SMALL" } });
    await prisma.shelf.delete({ where: { id: 1 } });
    expect((await happened()).map(([schema, what]) => [schema, what])).toEqual([
      ["Ware House", "ShelfChanged create 1"],
      ["shop", "GoodChanged create z"],
      ["shop", "GoodChanged update z"],
      ["shop", "GoodChanged delete z"],
      ["Ware House", "ShelfChanged delete 1"],
    ]);
  });
});
