import { beforeEach, describe, expect, it } from "vitest";

import type { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus, eventsFor } from "../../src/index.js";
import { refusal } from "../registry/refusal.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const { defineEvent } = eventsFor<Prisma.TypeMap>();
const UserChanged = defineEvent("UserChanged", { model: "User" });
const BecameAdmin = defineEvent("BecameAdmin", { model: "User" });
const OrderChanged = defineEvent("OrderChanged", { model: "Order" });
const PostChanged = defineEvent("PostChanged", { model: "Post" });
const EverythingChanged = defineEvent("EverythingChanged", { model: "Everything" });
const events = [UserChanged, BecameAdmin, OrderChanged, PostChanged, EverythingChanged] as const;

const becameAdmin = { event: BecameAdmin, when: { becomes: { role: "ADMIN" } } } as const;
const prisma = base.$extends(
  eventBus({
    events,
    capture: {
      User: {
        create: becameAdmin,
        update: [
          becameAdmin,
          {
            event: UserChanged,
            when: { OR: [{ changed: ["email", "name"] }, { was: { nickName: "secret" } }] },
          },
        ],
        delete: { event: UserChanged, when: { was: { role: { not: "ADMIN" } } } },
        mask: { nickName: () => "***" },
      },
      Order: { update: { event: OrderChanged, when: { is: { total: { gte: 100 }, number: { gt: 0n } } } } },
      Post: { update: { event: PostChanged, when: { changed: "title" } } },
    },
  }),
);

const names = async () => (await ledger.events()).map(({ name, operation }) => `${name} ${operation}`);

beforeEach(() => ledger.clear());

describe("a rule with a condition", () => {
  it("tells of a created row for which it holds", async () => {
    await prisma.user.create({ data: { email: "a", role: "ADMIN" } });
    await prisma.user.create({ data: { email: "b" } });
    expect(await names()).toEqual(["BecameAdmin create"]);
  });

  it("tells of an updated row for which it holds, with each call", async () => {
    await base.user.createMany({ data: [{ email: "a" }, { email: "b", role: "ADMIN" }] });
    await prisma.user.update({ where: { email: "a" }, data: { role: "ADMIN" } });
    await prisma.user.updateMany({ data: { role: "ADMIN" } });
    expect(await names()).toEqual(["BecameAdmin update"]);
    await prisma.user.updateMany({ where: { email: "a" }, data: { name: "n" } });
    await prisma.user.upsert({ where: { email: "a" }, create: { email: "a" }, update: { nickName: "x" } });
    expect(await names()).toEqual(["BecameAdmin update", "UserChanged update"]);
  });

  it("tells of a deleted row for which it holds", async () => {
    await base.user.createMany({ data: [{ email: "a" }, { email: "b", role: "ADMIN" }] });
    await prisma.user.deleteMany();
    expect(await ledger.events()).toMatchObject([{ name: "UserChanged", aggregate: { email: "a" } }]);
  });

  it("compares decimals with numbers, and knows the values that masks hide", async () => {
    await base.user.create({
      data: { email: "a", nickName: "secret", orders: { create: [{ total: 99.5 }, { total: 20 }] } },
    });
    await prisma.order.updateMany({ data: { total: { increment: 0.5 } } });
    await prisma.user.update({ where: { email: "a" }, data: { nickName: "open" } });
    expect(await ledger.events()).toMatchObject([
      { name: "OrderChanged" },
      { name: "UserChanged", changes: { nickName: "***" }, initialData: { nickName: "***" } },
    ]);
  });

  it("holds for the rows of nested writes", async () => {
    const author = await base.user.create({
      data: { email: "a", posts: { create: [{ title: "1" }, { title: "2" }] } },
    });
    await prisma.user.update({
      where: { id: author.id },
      data: { posts: { updateMany: { where: { title: "1" }, data: { title: "one" } } } },
    });
    expect(await names()).toEqual(["PostChanged update"]);
  });
});

describe("a condition is refused when a client is extended", () => {
  const extend = (model: string, when: unknown, more: object = {}) =>
    refusal(() => {
      const event = events.find((one) => one.model === model);
      const rules = { [model]: { update: { event, when }, ...more } };
      base.$extends(eventBus({ events, capture: rules as never }));
    });

  it.each<[string, string, unknown, string]>([
    [
      "no condition",
      "User",
      "email",
      'INVALID_OPTION at capture.User.update.when: capture.User.update.when in eventBus() is "email": expected a condition such as { changed: "email" }, or a function',
    ],
    [
      "an unknown part",
      "User",
      { change: "email" },
      'INVALID_OPTION at capture.User.update.when.change: unknown option "capture.User.update.when.change" in eventBus(): did you mean "changed"?',
    ],
    [
      "an unknown field",
      "User",
      { changed: "emial" },
      'UNKNOWN_MODEL at capture.User.update.when.changed: unknown field "emial" at capture.User.update.when.changed in eventBus(): did you mean "email"?',
    ],
    [
      "a relation",
      "User",
      { is: { posts: null } },
      'UNKNOWN_MODEL at capture.User.update.when.is: unknown field "posts" at capture.User.update.when.is in eventBus()',
    ],
    [
      "nothing in it",
      "User",
      { AND: [{ changed: undefined }] },
      "capture.User.update.when.AND[0] in eventBus() is an object: expected at least one of changed, was, is, becomes, AND, OR, NOT",
    ],
    [
      "no field to test",
      "User",
      { becomes: {} },
      "capture.User.update.when.becomes in eventBus() is an object: expected an object with a test for at least one field",
    ],
    [
      "nothing that could change",
      "User",
      { changed: [] },
      "capture.User.update.when.changed in eventBus() is an empty array: expected the name of a field, or an array of such names",
    ],
    [
      "an undefined value",
      "User",
      { was: { name: undefined } },
      "capture.User.update.when.was.name in eventBus() is undefined: expected a value or null",
    ],
    [
      "no test",
      "User",
      { was: { name: {} } },
      "capture.User.update.when.was.name in eventBus() is an object: expected one of equals, not, in, lt, lte, gt, gte",
    ],
    [
      "an unknown test",
      "User",
      { is: { name: { startsWith: "a" } } },
      'unknown option "capture.User.update.when.is.name.startsWith" in eventBus()',
    ],
    [
      "a label that is none",
      "User",
      { AND: [{ is: { role: { in: ["ADMIN", "BOSS"] } } }] },
      'capture.User.update.when.AND[0].is.role.in[1] in eventBus() is "BOSS": expected one of "MEMBER", "ADMIN", or null',
    ],
    [
      "the order of texts",
      "User",
      { NOT: { is: { email: { lt: "b" } } } },
      'capture.User.update.when.NOT.is.email.lt in eventBus() is "b": expected equals, not or in: the order of String depends on the database',
    ],
    [
      "the order of null",
      "Order",
      { is: { total: { gt: null } } },
      "capture.Order.update.when.is.total.gt in eventBus() is null: expected a value: null is neither less nor greater",
    ],
    [
      "a number for a bigint",
      "Order",
      { OR: [{ is: { number: 5 } }] },
      "capture.Order.update.when.OR[0].is.number in eventBus() is 5: expected a bigint or null, as number is BigInt",
    ],
    [
      "a decimal that is none",
      "Order",
      { is: { total: "five" } },
      'capture.Order.update.when.is.total in eventBus() is "five": expected a Decimal, a number or a string of digits or null, as total is Decimal',
    ],
    [
      "a moment that is none",
      "User",
      { is: { createdAt: "2026-01-01" } },
      'capture.User.update.when.is.createdAt in eventBus() is "2026-01-01": expected a valid Date or null, as createdAt is DateTime',
    ],
    [
      "a fraction of an Int",
      "Everything",
      { is: { int: 1.5 } },
      "capture.Everything.update.when.is.int in eventBus() is 1.5: expected a whole number or null, as int is Int",
    ],
    [
      "the content of Json",
      "Everything",
      { is: { json: { equals: 5 } } },
      "capture.Everything.update.when.is.json.equals in eventBus() is 5: expected null: of Json a condition can only tell whether it is null",
    ],
    [
      "the content of a list",
      "Everything",
      { is: { textList: { in: [null] } } },
      "capture.Everything.update.when.is.textList.in[0] in eventBus() is null: expected null: of a list a condition can only tell whether it is null",
    ],
  ])("when it has %s", (_, model, when, message) => {
    expect(extend(model, when)).toContain(message);
  });

  it("when it has a field that events leave out", () => {
    expect(extend("User", { changed: "name" }, { omit: ["name"] })).toContain(
      'INVALID_OPTION at capture.User.update.when.changed: capture.User.update.when.changed in eventBus() names "name", which omit ' +
        "keeps from the event bus: expected another field of User",
    );
  });
});
