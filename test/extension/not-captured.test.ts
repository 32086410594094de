import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);

const id = "0190a000-0000-7000-8000-000000000001";
const { User, Post, Product, Order, Label, Profile } = allRules;
const users = base.$extends(eventBus({ events, capture: { User } }));
const posts = base.$extends(eventBus({ events, capture: { Post } }));
const both = base.$extends(eventBus({ events, capture: { User, Post, Profile, Product, Order, Label } }));

const where = { id: 1 };
const email = "new@example.org";
const bob = { email: "bob@example.org" };

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({
    data: { email: "ann@example.org", posts: { create: [{ title: "1" }, { title: "2" }] } },
  });
  await base.user.create({ data: { ...bob, profile: { create: { bio: "b" } } } });
  await base.label.create({ data: { name: "red" } });
  await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
  await base.order.create({ data: { id, userId: 1, lines: { create: { sku: "A", quantity: 1 } } } });
});

type Calls = readonly (readonly [string, () => PromiseLike<unknown>])[];

const inDatabase: Calls = [
  ["deleteMany of a parent that is not captured itself", () => posts.user.deleteMany({ where: bob })],
  ["updateMany of such a key", () => posts.user.updateMany({ where: { id: 2 }, data: { id: 77 } })],
];

describe.each([["by the database", inDatabase]] as const)("a write %s", (_, calls) => {
  it.each(calls)("is refused before it writes: %s", async (_name, call) => {
    const before = await ledger.contents();
    await expect(call()).rejects.toMatchObject({ name: "EventBusError", code: "NOT_CAPTURED" });
    expect(await ledger.contents()).toEqual(before);
    expect(await ledger.names()).toEqual([]);
  });
});

describe("a write that is refused", () => {
  const key = { where: { id: 2 }, data: { id: 77 } };

  it("names the call and what to do", async () => {
    await expect(posts.user.updateMany(key)).rejects.toThrow(/user\.updateMany.*\$withoutEvents/s);
  });

  it("leaves the caller's transaction usable", async () => {
    await both.$transaction(async (tx) => {
      await expect(tx.user.updateMany(key)).rejects.toMatchObject({ code: "NOT_CAPTURED" });
      await tx.user.update({ where, data: { name: "Ann" } });
    });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });

  it("fails a batch as a whole", async () => {
    const batch = both.$transaction([
      both.user.update({ where, data: { name: "Ann" } }),
      both.user.updateMany(key),
    ]);
    await expect(batch).rejects.toMatchObject({ code: "NOT_CAPTURED" });
    expect(await ledger.names()).toEqual([]);
    expect(await base.user.count({ where: { name: "Ann" } })).toBe(0);
  });

  it("is written in $withoutEvents", async () => {
    await posts.$withoutEvents(() => posts.user.updateMany(key));
    expect(await base.user.count({ where: { id: 77 } })).toBe(1);
    expect(await ledger.names()).toEqual([]);
  });
});

describe("a write that touches no captured model", () => {
  it.each<[string, () => PromiseLike<unknown>]>([
    ["in bulk", () => users.post.createMany({ data: [{ title: "x", authorId: 1 }] })],
    ["nested", () => users.order.update({ where: { id }, data: { lines: { deleteMany: {} } } })],
    [
      "connected to a captured row by its own key",
      () => users.post.create({ data: { title: "x", author: { connect: bob } } }),
    ],
    ["a delete whose children are not captured", () => users.user.delete({ where: { id: 2 } })],
    ["a delete of a leaf", () => users.profile.delete({ where })],
    [
      "an update of a key that nobody captured refers to",
      () => users.product.update({ where: { sku: "A" }, data: { sku: "B" } }),
    ],
    ["an update of a unique field that is no key", () => both.user.update({ where, data: { email } })],
    [
      "an update that names its key and does not change it",
      () => both.label.update({ where, data: { id: 1, name: "blue" } }),
    ],
    [
      "an update that names a referred key and does not change it",
      () => both.user.update({ where, data: { id: 1, email } }),
    ],
    ["in bulk, of a model with events but no rule", () => users.post.updateMany({ data: { title: "x" } })],
  ])("is written: %s", async (_, call) => {
    const before = await ledger.contents();
    await call();
    expect(await ledger.contents()).not.toEqual(before);
  });
});
