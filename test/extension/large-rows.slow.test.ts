// Rows of megabytes: what is read, written and published together is bounded by its size too.
import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url, { statements });
const { Post, Product, Setting } = allRules;
const prisma = base.$extends(eventBus({ events, capture: { Post, Product, Setting } }));

const LARGE = "x".repeat(2 * 2 ** 20);
const COUNT = 12;
const titles = Array.from({ length: COUNT }, (_, index) => `t${index + 1}`);

beforeEach(async () => {
  await ledger.clear();
  await pool.query(
    `insert into users (id, email, updated_at) values (1, 'ann', now());
     insert into "Product" (sku, title, price) values ('warm', 'warm', 1)`,
  );
  // A client's first call may look at the catalog.
  await prisma.product.deleteMany();
  await ledger.forgetEvents();
  statements.length = 0;
});

const sent = (what: RegExp) => statements.filter((text) => what.test(text)).length;
/** Events of 2 MB, three of which go with one statement. */
const PUBLISHES = COUNT / 3;

describe("rows of two megabytes", () => {
  const rows = titles.map((title) => ({ title, body: LARGE, authorId: 1 }));

  it("are created, changed and deleted in parts of their size", async () => {
    expect(await prisma.post.createMany({ data: rows })).toEqual({ count: COUNT });
    // The values stand twice in an event of a new row.
    expect(sent(/^INSERT/)).toBe(2);
    expect(sent(/publish\(/)).toBe(COUNT);
    statements.length = 0;
    expect(await prisma.post.updateMany({ data: { title: "new" } })).toEqual({ count: COUNT });
    expect(sent(/publish\(/)).toBe(PUBLISHES);
    expect(await prisma.post.updateMany({ data: { body: "small" } })).toEqual({ count: COUNT });
    statements.length = 0;
    expect(await prisma.post.deleteMany()).toEqual({ count: COUNT });
    const all = await ledger.names();
    const of = (name: string, count: number) => Array<string>(count).fill(name);
    expect(all).toEqual([
      ...of("PostCreated", COUNT),
      ...of("PostUpdated", COUNT * 2),
      ...of("PostDeleted", COUNT),
    ]);
  });

  it("make the parts that follow smaller", async () => {
    await base.post.createMany({ data: rows });
    await prisma.post.updateMany({ data: { title: "new" } });
    statements.length = 0;
    await prisma.post.updateMany({ data: { title: "newer" } });
    // Seven rows of 2 MB take less than 16 MB.
    expect(sent(/^UPDATE/)).toBe(2);
    expect((await ledger.events()).map(({ changes }) => changes)).toEqual([
      ...Array(COUNT).fill({ title: "new" }),
      ...Array(COUNT).fill({ title: "newer" }),
    ]);
    await pool.query(`update "Post" set body = null`);
    await prisma.post.updateMany({ data: { title: "newest" } });
    statements.length = 0;
    await prisma.post.updateMany({ data: { title: "last" } });
    expect(sent(/^UPDATE/)).toBe(1);
  });

  it("are published in parts where they are nested", async () => {
    const data = { posts: { create: rows.map(({ title, body }) => ({ title, body })) } };
    await prisma.user.update({ where: { id: 1 }, data });
    expect(await ledger.names()).toEqual(Array(COUNT).fill("PostCreated"));
    expect(sent(/publish\(/)).toBe(COUNT);
  });
});

describe("Json of many levels", () => {
  const deep = (levels: number) =>
    Array.from({ length: levels / 2 }).reduce<object>((inner) => ({ a: [inner] }), {});

  it("is captured where Prisma takes it", async () => {
    const value = deep(2_000);
    await prisma.setting.create({ data: { key: "a", value } });
    await prisma.setting.createMany({ data: [{ key: "b", value }] });
    await prisma.setting.update({ where: { key: "a" }, data: { value: { new: true } } });
    await prisma.setting.updateMany({ where: { key: "b" }, data: { value: { a: value } } });
    await prisma.setting.deleteMany();
    const { rows } = await pool.query(
      "select name, length(aggregate::text) > 2000 as deep from event_bus.events",
    );
    expect(rows.map(({ name, deep: is }) => [name, is])).toEqual([
      ["SettingCreated", true],
      ["SettingCreated", true],
      ["SettingUpdated", false],
      ["SettingUpdated", true],
      ["SettingDeleted", false],
      ["SettingDeleted", true],
    ]);
  });
});
