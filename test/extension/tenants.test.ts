import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const schemas = ["public", "tenant_1", "Tenant 2"] as const;

const quoted = (schema: string) => `"${schema}"`;
for (const schema of schemas.slice(1)) {
  await pool.query(`
    create schema ${quoted(schema)};
    create table ${quoted(schema)}.users (like public.users including all);
    create table ${quoted(schema)}."Product" (like public."Product" including all)`);
}

const tenants = schemas.map((schema) => ({
  schema,
  prisma: openBus(url, schema === "public" ? {} : { schema }),
  base: openClient(url, { schema }),
}));

const where = { sku: "A" };
const product = { sku: "A", title: "Apple", price: 1 };

beforeEach(async () => {
  await ledger.clear();
  for (const { base, schema } of tenants) {
    await base.product.deleteMany();
    await base.product.create({ data: { ...product, title: `Apple of ${schema}` } });
  }
});

describe.each(tenants)("a client on the PostgreSQL schema $schema", ({ schema, prisma, base }) => {
  it("captures the rows of that schema, and events keep its name", async () => {
    await prisma.product.update({ where, data: { title: "1" } });
    await prisma.product.upsert({ where, create: product, update: { title: "2" } });
    await prisma.$transaction((tx) => tx.product.update({ where, data: { title: "3" } }));
    await prisma.$transaction([prisma.product.update({ where, data: { title: "4" } })]);
    await prisma.product.delete({ where });
    await prisma.product.create({ data: { ...product, sku: "B" } });
    expect(
      (await ledger.events()).map((event) => [
        event.sourceSchema,
        event.operation,
        event.initialData["title"],
      ]),
    ).toEqual([
      [schema, "update", `Apple of ${schema}`],
      [schema, "update", "1"],
      [schema, "update", "2"],
      [schema, "update", "3"],
      [schema, "delete", undefined],
      [schema, "create", null],
    ]);
    for (const other of tenants.filter((tenant) => tenant.schema !== schema)) {
      expect(await other.base.product.findMany()).toMatchObject([{ title: `Apple of ${other.schema}` }]);
    }
  });

  it("captures many rows of that schema", async () => {
    await prisma.product.createMany({ data: [{ ...product, sku: "B" }, product], skipDuplicates: true });
    await prisma.product.updateMany({ data: { stock: { increment: 1 } } });
    await prisma.product.updateManyAndReturn({ where: { sku: "B" }, data: { title: "Pear" } });
    await prisma.product.deleteMany({ where: { stock: 1 } });
    expect(
      (await ledger.events()).map((event) => [event.sourceSchema, event.operation, event.aggregateKey]),
    ).toEqual(
      ["create B", "update A", "update B", "update B", "delete A", "delete B"].map((what) => [
        schema,
        ...what.split(" "),
      ]),
    );
    expect(await base.product.count()).toBe(0);
    for (const other of tenants.filter((tenant) => tenant.schema !== schema)) {
      expect(await other.base.product.findMany()).toMatchObject([
        { stock: 0, title: `Apple of ${other.schema}` },
      ]);
    }
  });

  it("captures mapped enums of that schema", async () => {
    await base.$executeRawUnsafe(`delete from ${quoted(schema)}.users`);
    await pool.query(
      `insert into ${quoted(schema)}.users (id, email, role, updated_at) values (1, 'a', 'admin', now())`,
    );
    await prisma.user.update({ where: { id: 1 }, data: { name: "Ann" } });
    expect(await ledger.event()).toMatchObject({ sourceSchema: schema, aggregate: { role: "ADMIN" } });
  });

  it("locks the rows of that schema only", async () => {
    const table = `${quoted(schema)}."Product"`;
    await prisma.$transaction(async (tx) => {
      await tx.product.update({ where, data: { stock: 1 } });
      const other = tenants.find((tenant) => tenant.schema !== schema);
      const free = await pool.query(
        `select sku from ${quoted(other?.schema ?? "")}."Product" for update skip locked`,
      );
      const locked = await pool.query(`select sku from ${table} for update skip locked`);
      expect([free.rowCount, locked.rowCount]).toEqual([1, 0]);
    });
  });
});

describe("clients on several schemas", () => {
  it("do not wait for each other", async () => {
    const [first, second] = tenants as [(typeof tenants)[number], (typeof tenants)[number]];
    await first.prisma.$transaction(async (tx) => {
      await tx.product.update({ where, data: { stock: 1 } });
      await second.prisma.product.update({ where, data: { stock: 2 } });
    });
    expect((await ledger.events()).map(({ sourceSchema }) => sourceSchema).sort()).toEqual([
      "public",
      "tenant_1",
    ]);
  });
});
