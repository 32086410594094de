import { beforeEach, describe, expect, it } from "vitest";

import { Prisma } from "../../prisma/generated/client/client.js";
import { eventBus, publish } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { events, rules, UserCreated, UserTouched, UserUpdated } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const bus = base.$extends(eventBus({ events: [...events, UserTouched], capture: rules }));
const left = bus.$extends({ client: { $side: () => "left" } });
const right = bus.$extends({ query: { user: { create: ({ args, query }) => query(args) } } });

beforeEach(() => ledger.clear());

describe("clients that come from one extended client", () => {
  it("can be in one batch", async () => {
    await left.$transaction([
      right.user.create({ data: { email: "a" } }),
      left.user.create({ data: { email: "b" } }),
      bus.user.create({ data: { email: "c" } }),
    ]);
    expect(await ledger.counts()).toEqual({ rows: 3, events: 3, jobs: 0 });
    expect(await ledger.transactions()).toBe(1);
  });

  it("are not part of each other's transactions", async () => {
    const failure = left.$transaction(async (tx) => {
      await tx.user.create({ data: { email: "a" } });
      await right.user.create({ data: { email: "b" } });
      throw new Error("roll back");
    });
    await expect(failure).rejects.toThrow("roll back");
    expect(await ledger.counts()).toEqual({ rows: 1, events: 1, jobs: 0 });
  });
});

describe("two event buses on one client", () => {
  const first = eventBus({ events: [UserCreated, UserUpdated], capture: { User: { create: UserCreated } } });
  const second = eventBus({
    events: [UserTouched],
    capture: { User: { create: UserTouched, update: UserTouched } },
  });

  it("each publish their own events, in one transaction, or are refused", async () => {
    const outcome = await Promise.resolve()
      .then(async () => {
        const both = base.$extends(first).$extends(second);
        await both.user.create({ data: { email: "a" } });
        await both.$transaction((tx) => tx.user.update({ where: { email: "a" }, data: { name: "A" } }));
        await both.$transaction([both.user.create({ data: { email: "b" } })]);
      })
      .then(
        () => "done",
        (error: unknown) => String(error),
      );
    if (outcome !== "done") {
      expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
      return;
    }
    expect([...(await ledger.names())].sort()).toEqual([
      "UserCreated",
      "UserCreated",
      "UserTouched",
      "UserTouched",
      "UserTouched",
    ]);
    expect(await ledger.transactions()).toBe(3);
  });
});

describe("event, eventMetadata and silentOnUpdate", () => {
  it("reach no other extension's arguments to the engine, wherever it is", async () => {
    const passing = Prisma.defineExtension({
      query: { $allModels: { $allOperations: ({ args, query }) => query({ ...args }) } },
    });
    const client = base
      .$extends(passing)
      .$extends(eventBus({ events: [...events, UserTouched] }))
      .$extends(passing);
    const more = { event: UserTouched, eventMetadata: { actor: "me" } };
    await client.user.create({ data: { email: "a" }, ...more });
    await client.user.update({ where: { email: "a" }, data: { name: "A" }, ...more });
    await client.user.upsert({
      where: { email: "a" },
      create: { email: "a" },
      update: {},
      silentOnUpdate: true,
      ...more,
    });
    await client.user.delete({ where: { email: "a" }, ...more });
    expect((await ledger.events()).map(({ name, metadata }) => [name, metadata.actor])).toEqual([
      ["UserTouched", "me"],
      ["UserTouched", "me"],
      ["UserTouched", "me"],
    ]);
  });

  it("are accepted where nothing is captured", async () => {
    await bus.post.createMany({ data: [], eventMetadata: { actor: "me" } });
    await bus.user.create({ data: { email: "a" }, event: [], eventMetadata: {} });
    expect(await ledger.names()).toEqual(["UserCreated"]);
  });
});

describe("a condition", () => {
  const client = (when: (event: never) => unknown) =>
    base.$extends(
      eventBus({
        events,
        capture: { User: { create: { event: UserCreated, when: when as () => boolean } } },
      }),
    );

  it("that returns a promise fails the write: it would always hold", async () => {
    await expect(client(async () => false).user.create({ data: { email: "a" } })).rejects.toThrow();
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("cannot change what the caller gets", async () => {
    const meddling = client((event: { aggregate: { email: string } }) => {
      event.aggregate.email = "changed";
      return true;
    });
    const outcome = await meddling.user.create({ data: { email: "a" } }).then(
      ({ email }) => email,
      () => undefined,
    );
    const { rows } = await pool.query("select email from users");
    expect(outcome).toBe(rows[0]?.email);
  });

  it("that publishes by hand does so in a transaction of its own", async () => {
    let published: Promise<unknown> | undefined;
    const publishing = client(() => {
      published = publish(pool, UserTouched({ id: 1 } as never));
      return false;
    });
    await publishing.user.create({ data: { email: "a" } });
    await published;
    expect(await ledger.names()).toEqual(["UserTouched"]);
  });
});

describe("an upsert", () => {
  it("that changes no key does not make others wait who only refer to the row", async () => {
    await base.user.create({ data: { email: "a" } });
    await bus.$transaction(async (tx) => {
      await tx.user.upsert({
        where: { email: "a" },
        create: { email: "a" },
        update: { name: "A" },
        include: { posts: true },
      });
      await pool.query("set lock_timeout = '2s'; insert into \"Post\" (title, \"authorId\") values ('x', 1)");
    });
    expect(await ledger.names()).toEqual(["UserUpdated"]);
  });
});
