import { beforeEach, describe, expect, it } from "vitest";
import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

const id = "0190a000-0000-7000-8000-000000000001";

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({ data: { email: "ann@example.org" } });
});

const summary = async () =>
  (await ledger.events()).map(({ operation, aggregateKey, initialData }) => [
    operation,
    aggregateKey,
    initialData,
  ]);

describe("a compound id", () => {
  const lines = base.$extends(eventBus({ events, capture: { OrderLine: allRules.OrderLine } }));
  const where = { orderId_sku: { orderId: id, sku: "A" } };

  it("identifies the row in every operation", async () => {
    await base.order.create({ data: { id, userId: 1 } });
    await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
    await base.product.create({ data: { sku: "B", title: "Banana", price: 1 } });
    await base.orderLine.create({ data: { orderId: id, sku: "B", quantity: 7 } });
    const create = { orderId: id, sku: "A", quantity: 1 };
    await lines.orderLine.create({ data: create });
    await lines.orderLine.update({ where, data: { quantity: { increment: 1 } } });
    await lines.orderLine.upsert({ where, create, update: { quantity: 3 } });
    await lines.orderLine.upsert({ where: { ...where, quantity: 3 }, create, update: { quantity: 4 } });
    await lines.orderLine.delete({ where });
    const key = `["${id}","A"]`;
    expect(await summary()).toEqual([
      ["create", key, { orderId: null, sku: null, quantity: null }],
      ["update", key, { quantity: 1 }],
      ["update", key, { quantity: 2 }],
      ["update", key, { quantity: 3 }],
      ["delete", key, {}],
    ]);
  });

  it("is the new one when a part of it changes", async () => {
    await base.order.create({ data: { id, userId: 1 } });
    for (const sku of ["A", "B"]) await base.product.create({ data: { sku, title: sku, price: 1 } });
    await base.orderLine.create({ data: { orderId: id, sku: "A", quantity: 1 } });
    await lines.orderLine.update({ where, data: { product: { connect: { sku: "B" } } } });
    expect(await summary()).toEqual([["update", `["${id}","B"]`, { sku: "A" }]]);
  });
});

describe("a string id", () => {
  it.each(["A", "", " a ", "Ü'\"\\;--", "[1]", "null"])(
    "%j identifies the row in every operation",
    async (sku) => {
      const create = { sku, title: "Apple", price: "1.50" };
      await prisma.product.create({ data: create });
      await prisma.product.update({ where: { sku }, data: { stock: 1 } });
      await prisma.product.upsert({ where: { sku }, create, update: { stock: 2 } });
      await prisma.product.delete({ where: { sku } });
      expect((await summary()).map(([operation, key]) => [operation, key])).toEqual([
        ["create", sku],
        ["update", sku],
        ["update", sku],
        ["delete", sku],
      ]);
    },
  );
});

describe("a UUID id with a unique bigint", () => {
  it("is found by either, and the id is the key", async () => {
    const number = 9_007_199_254_740_993n;
    await base.order.create({ data: { userId: 1, number: number - 1n } });
    await prisma.order.create({ data: { id, userId: 1, number } });
    await prisma.order.update({ where: { number }, data: { status: "PAID" } });
    await prisma.order.update({ where: { id: id.toUpperCase() }, data: { status: "SHIPPED" } });
    await prisma.order.upsert({ where: { number, id }, create: { userId: 1 }, update: { status: "OPEN" } });
    await prisma.order.delete({ where: { number } });
    const [created, ...others] = await ledger.events();
    expect(created?.changes["number"]).toBe(number);
    expect(others.map(({ aggregateKey, initialData }) => [aggregateKey, initialData["status"]])).toEqual([
      [id, "OPEN"],
      [id, "PAID"],
      [id, "SHIPPED"],
      [id, undefined],
    ]);
  });
});

describe("a unique field instead of an id", () => {
  it("is the key", async () => {
    const where = { key: "theme" };
    await prisma.setting.create({ data: { key: "theme", value: { dark: true } } });
    await prisma.setting.update({ where, data: { value: { dark: false } } });
    await prisma.setting.upsert({ where, create: { key: "theme", value: 1 }, update: { value: 1 } });
    await prisma.setting.delete({ where });
    expect((await summary()).slice(1)).toEqual([
      ["update", "theme", { value: { dark: true } }],
      ["update", "theme", { value: { dark: false } }],
      ["delete", "theme", {}],
    ]);
  });
});

describe("a compound unique instead of an id", () => {
  it("is the key", async () => {
    const where = { row_number: { row: 1, number: 2 } };
    await base.seat.create({ data: { row: 2, number: 1, holder: "not this one" } });
    await prisma.seat.create({ data: { row: 1, number: 2 } });
    await prisma.seat.update({ where, data: { holder: "Ann" } });
    await prisma.seat.upsert({ where, create: { row: 1, number: 2 }, update: { holder: "Bob" } });
    await prisma.seat.update({ where, data: { number: 3 } });
    await prisma.seat.delete({ where: { row_number: { row: 1, number: 3 } } });
    expect(await summary()).toEqual([
      ["create", '["1","2"]', { row: null, number: null }],
      ["update", '["1","2"]', { holder: null }],
      ["update", '["1","2"]', { holder: "Ann" }],
      ["update", '["1","3"]', { number: 2 }],
      ["delete", '["1","3"]', {}],
    ]);
  });
});

describe("a compound unique with a name of its own", () => {
  it("finds the row; the id is the key", async () => {
    await base.order.create({ data: { id, userId: 1 } });
    const where = { orderReference: { orderId: id, reference: "r1" } };
    const create = { orderId: id, reference: "r1", amount: "1.5" };
    await prisma.payment.create({ data: { ...create, reference: "r0" } });
    await prisma.payment.upsert({ where, create, update: {} });
    await prisma.payment.upsert({ where, create, update: { amount: { increment: 1 } } });
    await prisma.payment.update({
      where: { ...where, amount: { gt: 1 } },
      data: { amount: { increment: 1 } },
    });
    await prisma.payment.delete({ where });
    expect(
      (await ledger.events()).map((event) => [
        event.operation,
        event.aggregateKey,
        String(event.initialData["amount"]),
      ]),
    ).toEqual([
      ["create", "1", "null"],
      ["create", "2", "null"],
      ["update", "2", "1.5"],
      ["update", "2", "2.5"],
      ["delete", "2", "undefined"],
    ]);
  });
});

describe("mapped names", () => {
  it("are those of the Prisma schema in events, for tables, columns and enum values", async () => {
    const where = { email: "bob@example.org" };
    await prisma.user.create({ data: { ...where, role: "ADMIN", nickName: "bo" } });
    await prisma.user.update({ where, data: { role: "MEMBER", nickName: null } });
    await prisma.user.update({ where, data: { role: "ADMIN" } });
    const [created, updated, again] = await ledger.events();
    expect(created?.aggregate).toMatchObject({ role: "ADMIN", nickName: "bo", createdAt: expect.any(Date) });
    expect(updated?.changes).toMatchObject({ role: "MEMBER", nickName: null });
    expect(updated?.initialData).toMatchObject({ role: "ADMIN", nickName: "bo" });
    expect(again?.initialData).toMatchObject({ role: "MEMBER" });
    expect(JSON.stringify(await ledger.events())).not.toMatch(/nick_name|created_at|"admin"/);
  });

  it("hold for lists of enum values too", async () => {
    const { everything } = await import("./equivalence/seed.js");
    await base.everything.create({
      data: { ...everything, roleOpt: "ADMIN", roleList: ["ADMIN", "MEMBER"] },
    });
    await prisma.everything.update({ where: { id: 1 }, data: { roleOpt: "MEMBER", roleList: [] } });
    expect((await ledger.event()).initialData).toEqual({ roleOpt: "ADMIN", roleList: ["ADMIN", "MEMBER"] });
  });
});
