import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

const where = { id: 1 };
const email = "ann@example.org";

beforeEach(() => ledger.clear());

describe("create", () => {
  it("stores one event with the new row and every value of it that is not null", async () => {
    const user = await prisma.user.create({ data: { email, role: "ADMIN", nickName: "an" } });
    expect(await ledger.event()).toMatchObject({
      name: "UserCreated",
      version: 1,
      aggregateType: "User",
      aggregateKey: "1",
      operation: "create",
      sourceSchema: "public",
    });
    const { name: _, ...values } = user;
    const event = await ledger.event();
    expect(event.aggregate).toEqual(user);
    expect(event.changes).toEqual(values);
    expect(event.initialData).toEqual(Object.fromEntries(Object.keys(values).map((key) => [key, null])));
  });

  it("knows what the database filled in", async () => {
    await base.user.create({ data: { email } });
    await prisma.order.create({ data: { userId: 1 } });
    expect((await ledger.event()).changes).toMatchObject({
      number: 1n,
      status: "OPEN",
      placedAt: expect.any(Date),
    });
  });

  it("captures a row that is connected by its own key", async () => {
    await base.user.create({ data: { email } });
    const { id } = await prisma.order.create({ data: { user: { connect: { email } } } });
    expect(await ledger.event()).toMatchObject({ aggregateKey: id, changes: { id, userId: 1 } });
  });

  it("stores nothing when the row is refused", async () => {
    await base.user.create({ data: { email } });
    await expect(prisma.user.create({ data: { email } })).rejects.toMatchObject({ code: "P2002" });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });
});

describe("update", () => {
  beforeEach(() => base.user.create({ data: { email, name: "Ann", role: "ADMIN" } }));

  it("stores the fields that changed, with their new and old values", async () => {
    const [before] = await base.user.findMany();
    const user = await prisma.user.update({ where, data: { name: null, role: "MEMBER", nickName: "an" } });
    const event = await ledger.event();
    expect(event).toMatchObject({ name: "UserUpdated", operation: "update", aggregateKey: "1" });
    expect(event.aggregate).toEqual(user);
    const { updatedAt } = user;
    expect(event.changes).toEqual({ name: null, role: "MEMBER", nickName: "an", updatedAt });
    expect(event.initialData).toEqual({
      name: "Ann",
      role: "ADMIN",
      nickName: null,
      updatedAt: before?.updatedAt,
    });
  });

  it("leaves out what was written and did not change", async () => {
    await prisma.user.update({ where, data: { name: "Ann", email: "new@example.org" } });
    expect(Object.keys((await ledger.event()).changes).sort()).toEqual(["email", "updatedAt"]);
  });

  it("keeps the key by which the row is known now", async () => {
    await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
    await prisma.product.update({ where: { sku: "A" }, data: { sku: "B" } });
    expect(await ledger.event()).toMatchObject({
      aggregateKey: "B",
      changes: { sku: "B" },
      initialData: { sku: "A" },
    });
  });

  it("captures its own foreign key, by connect and by value", async () => {
    await base.user.create({ data: { email: "bob@example.org" } });
    const { id } = await base.order.create({ data: { userId: 1 } });
    await prisma.order.update({ where: { id }, data: { user: { connect: { id: 2 } } } });
    await prisma.order.update({ where: { id }, data: { userId: 1 } });
    expect((await ledger.events()).map(({ changes, initialData }) => [changes, initialData])).toEqual([
      [{ userId: 2 }, { userId: 1 }],
      [{ userId: 1 }, { userId: 2 }],
    ]);
  });

  it("stores nothing when no row is found", async () => {
    const attempts = [
      prisma.user.update({ where: { id: 9 }, data: { name: "x" } }),
      prisma.user.update({ where: { id: 1, name: "Bob" }, data: { name: "x" } }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: "P2025" });
    expect(await ledger.names()).toEqual([]);
  });

  it("does not make others wait who only refer to the row", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.user.update({ where, data: { name: "Bob" } });
      const child = await pool.connect();
      try {
        await child.query("begin");
        await child.query("set local lock_timeout = '2s'");
        await child.query(`insert into "Post" (title, "authorId") values ('x', 1)`);
      } finally {
        await child.query("rollback");
        child.release();
      }
    });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });
});

describe("upsert", () => {
  const upsert = { where: { email }, create: { email }, update: { name: "Ann" } };

  it("stores what really happened: a creation, then a change", async () => {
    await prisma.user.upsert(upsert);
    await prisma.user.upsert(upsert);
    expect((await ledger.events()).map(({ name, operation }) => [name, operation])).toEqual([
      ["UserCreated", "create"],
      ["UserUpdated", "update"],
    ]);
    const [, update] = await ledger.events();
    expect(update?.changes).toMatchObject({ name: "Ann" });
    expect(update?.initialData).toMatchObject({ name: null });
  });

  it("stores nothing when the row was there and did not change", async () => {
    await base.user.create({ data: { email, name: "Ann" } });
    await prisma.user.upsert(upsert);
    await prisma.user.upsert({ ...upsert, update: {} });
    expect(await ledger.names()).toEqual([]);
  });

  it("of a row that where does not describe is a creation, also when its values are those of where", async () => {
    await prisma.user.upsert({ ...upsert, where: { id: 77 } });
    expect(await ledger.event()).toMatchObject({ name: "UserCreated", aggregateKey: "1" });
  });

  it.each([
    ["include", { include: { posts: true } }],
    ["a condition", { where: { email, name: null } }],
    ["another unique field", { where: { id: 1 } }],
  ])("with %s, which Prisma does in several statements, stores the same", async (_, more) => {
    await prisma.user.upsert({ ...upsert, ...more });
    await prisma.user.upsert({ ...upsert, ...more, update: { nickName: "an" } });
    expect(await ledger.names()).toEqual(["UserCreated", "UserUpdated"]);
  });

  it("keeps its update branch silent when it is told to", async () => {
    await prisma.user.upsert({ ...upsert, silentOnUpdate: true });
    await prisma.user.upsert({ ...upsert, silentOnUpdate: true });
    expect(await ledger.names()).toEqual(["UserCreated"]);
    expect(await base.user.findMany()).toMatchObject([{ name: "Ann" }]);
    await prisma.user.upsert({ ...upsert, update: { name: "Bob" }, silentOnUpdate: false });
    expect(await ledger.names()).toEqual(["UserCreated", "UserUpdated"]);
  });
});

describe("delete", () => {
  it("stores the row that went, and no changes", async () => {
    const user = await base.user.create({ data: { email, name: "Ann" } });
    await prisma.user.delete({ where: { email, name: "Ann" } });
    expect(await ledger.event()).toMatchObject({
      name: "UserDeleted",
      operation: "delete",
      aggregateKey: "1",
    });
    const { aggregate, changes, initialData } = await ledger.event();
    expect({ aggregate, changes, initialData }).toEqual({ aggregate: user, changes: {}, initialData: {} });
  });

  it("stores the whole row when little of it is selected", async () => {
    const user = await base.user.create({ data: { email } });
    await prisma.user.delete({ where, select: { posts: true } });
    expect((await ledger.event()).aggregate).toEqual(user);
  });

  it("stores nothing when there is no row, or it is needed", async () => {
    await base.user.create({ data: { email, orders: { create: {} } } });
    await expect(prisma.user.delete({ where: { id: 9 } })).rejects.toMatchObject({ code: "P2025" });
    await expect(prisma.user.delete({ where })).rejects.toMatchObject({ code: "P2003" });
    expect(await ledger.names()).toEqual([]);
  });
});
