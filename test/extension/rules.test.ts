import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import {
  defineEvent,
  events,
  rules,
  UserCreated,
  UserRenamed,
  UserTouched,
  UserUpdated,
} from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const PostMoved = defineEvent("PostMoved", { model: "Post" });
const all = [...events, UserRenamed, UserTouched, PostMoved] as const;

const email = "ann@example.org";
const where = { email };

beforeEach(() => ledger.clear());

describe("a rule", () => {
  it("captures the operation that it names and no other", async () => {
    const prisma = base.$extends(eventBus({ events: all, capture: { User: { update: UserUpdated } } }));
    await prisma.user.create({ data: { email } });
    await prisma.user.update({ where, data: { name: "Ann" } });
    await prisma.user.delete({ where });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });

  it("may name several events, which are stored in its order", async () => {
    const prisma = base.$extends(
      eventBus({
        events: all,
        capture: { User: { create: [UserTouched, UserCreated, { event: UserRenamed }] } },
      }),
    );
    await prisma.user.create({ data: { email } });
    expect(await ledger.names()).toEqual(["UserTouched", "UserCreated", "UserRenamed"]);
    expect(new Set((await ledger.events()).map(({ metadata }) => metadata.correlationId)).size).toBe(1);
  });

  it("with a condition is asked with the event, and holds when that returns true", async () => {
    const seen: unknown[] = [];
    const prisma = base.$extends(
      eventBus({
        events: all,
        capture: {
          User: {
            update: [
              UserUpdated,
              {
                event: UserRenamed,
                when: (event) => {
                  seen.push([event.name, event.aggregate.name, event.changes.name, event.initialData.name]);
                  return "name" in event.changes;
                },
              },
            ],
          },
        },
      }),
    );
    await base.user.create({ data: { email, name: "Ann" } });
    await prisma.user.update({ where, data: { nickName: "an" } });
    await prisma.user.update({ where, data: { name: "Bob" } });
    expect(await ledger.names()).toEqual(["UserUpdated", "UserUpdated", "UserRenamed"]);
    expect(seen).toEqual([
      ["UserRenamed", "Ann", undefined, undefined],
      ["UserRenamed", "Bob", "Bob", "Ann"],
    ]);
  });

  it("whose condition does not hold leaves the write alone", async () => {
    const prisma = base.$extends(
      eventBus({ events: all, capture: { User: { create: { event: UserCreated, when: () => false } } } }),
    );
    await prisma.user.create({ data: { email } });
    await prisma.user.createManyAndReturn({ data: [] }).catch(() => undefined);
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });

  it("is not asked when nothing changed", async () => {
    let asked = 0;
    const prisma = base.$extends(
      eventBus({
        events: all,
        capture: { User: { update: { event: UserUpdated, when: () => ++asked > 0 } } },
      }),
    );
    await base.user.create({ data: { email } });
    await prisma.user.update({ where, data: { email } });
    expect([asked, await ledger.names()]).toEqual([0, []]);
  });
});

describe("an event named by the call", () => {
  const prisma = base.$extends(eventBus({ events: all }));

  it("is stored without any rule", async () => {
    await prisma.user.create({ data: { email }, event: UserCreated });
    await prisma.user.update({ where, data: { name: "Ann" }, event: UserRenamed });
    await prisma.user.upsert({ where, create: { email }, update: { name: "Bob" }, event: UserTouched });
    await prisma.user.delete({ where, event: UserTouched });
    expect((await ledger.events()).map(({ name, operation }) => [name, operation])).toEqual([
      ["UserCreated", "create"],
      ["UserRenamed", "update"],
      ["UserTouched", "update"],
      ["UserTouched", "delete"],
    ]);
  });

  it("may be several, stored in their order", async () => {
    await prisma.user.create({ data: { email }, event: [UserTouched, UserCreated] });
    expect(await ledger.names()).toEqual(["UserTouched", "UserCreated"]);
  });

  it("named twice is stored once", async () => {
    await prisma.user.create({ data: { email }, event: [UserTouched, UserTouched] }).catch(() => undefined);
    const { rows, events: count } = await ledger.counts();
    expect(count).toBe(rows);
  });

  it("may be an empty list", async () => {
    await prisma.user.create({ data: { email }, event: [] });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });

  it("stores nothing when nothing changed", async () => {
    await base.user.create({ data: { email, name: "Ann" } });
    await prisma.user.update({ where, data: { name: "Ann" }, event: UserRenamed });
    expect(await ledger.names()).toEqual([]);
  });

  it("keeps upsert's update branch silent when it is told to", async () => {
    const upsert = {
      where,
      create: { email },
      update: { name: "Ann" },
      event: UserTouched,
      silentOnUpdate: true,
    };
    await prisma.user.upsert(upsert);
    await prisma.user.upsert(upsert);
    expect((await ledger.events()).map(({ operation }) => operation)).toEqual(["create"]);
    expect(await base.user.findMany()).toMatchObject([{ name: "Ann" }]);
  });

  it("works in a transaction, a batch and a nested transaction", async () => {
    await prisma.$transaction((tx) => tx.user.create({ data: { email: "a" }, event: UserCreated }));
    await prisma.$transaction([prisma.user.create({ data: { email: "b" }, event: UserCreated })]);
    await prisma.$transaction((tx) =>
      tx.$transaction((nested) => nested.user.create({ data: { email: "c" }, event: UserCreated })),
    );
    expect(await ledger.counts()).toEqual({ rows: 3, events: 3, jobs: 0 });
  });

  it.each<[string, unknown, string]>([
    ["an event that the extension was not given", defineEvent("Foreign", { model: "User" }), "UNKNOWN_EVENT"],
    ["an event of another model", PostMoved, "INVALID_OPTION"],
    ["an event of another model in a list", [UserCreated, PostMoved], "INVALID_OPTION"],
    ["a name", "UserCreated", "INVALID_OPTION"],
    ["null", null, "INVALID_OPTION"],
    ["an object", { name: "UserCreated" }, "INVALID_OPTION"],
  ])("that is %s is refused before anything is written", async (_, event, code) => {
    const calls = [
      () => prisma.user.create({ data: { email }, event: event as never }),
      () => prisma.user.create({ data: { email }, event: event as never }).posts(),
      () => prisma.$transaction((tx) => tx.user.create({ data: { email }, event: event as never })),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: "EventBusError", code });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it.each<[string, object]>([
    ["text for eventMetadata", { eventMetadata: "admin" }],
    ["a list for eventMetadata", { eventMetadata: ["admin"] }],
    ["a Date in eventMetadata", { eventMetadata: { at: new Date() } }],
    ["a bigint in eventMetadata", { eventMetadata: { at: 1n } }],
    ["a number for correlationId", { eventMetadata: { correlationId: 1 } }],
  ])("with %s is refused and nothing is written", async (_, more) => {
    const call = () => prisma.user.create({ data: { email }, event: UserCreated, ...more });
    await expect(call()).rejects.toMatchObject({ name: "EventBusError" });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("is no argument of reads", async () => {
    const arguments_ = { event: UserCreated } as object;
    await expect(prisma.user.findMany(arguments_)).rejects.toThrow("argument `event`");
  });
});

describe("an event named by a rule and the call", () => {
  const prisma = openBus(url);

  it("is stored once", async () => {
    await prisma.user.create({ data: { email }, event: UserCreated });
    await prisma.user.update({ where, data: { name: "Ann" }, event: [UserUpdated] });
    expect(await ledger.names()).toEqual(["UserCreated", "UserUpdated"]);
  });

  it("is stored beside another one", async () => {
    const both = base.$extends(eventBus({ events: all, capture: rules }));
    await both.user.create({ data: { email }, event: UserTouched });
    expect([...(await ledger.names())].sort()).toEqual(["UserCreated", "UserTouched"]);
  });

  it("is stored once although the rule's condition does not hold: the call asked for it", async () => {
    const conditional = base.$extends(
      eventBus({ events: all, capture: { User: { create: { event: UserCreated, when: () => false } } } }),
    );
    await conditional.user.create({ data: { email }, event: UserCreated });
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });
});
