import { beforeEach, describe, expect, it } from "vitest";

import { doctor } from "../../src/admin.js";
import { eventBus } from "../../src/index.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { subscribe } from "../../src/testing.js";
import { openClient } from "../extension/support/clients.js";
import { allRules, defineEvent, events, UserCreated } from "../extension/support/events.js";
import { Ledger } from "../extension/support/ledger.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const { User, Post } = allRules;
const prisma = base.$extends(
  eventBus({
    events,
    capture: {
      User: {
        ...User,
        update: { event: User.update, when: () => true },
        omit: ["nickName"],
        mask: { email: () => "…" },
      },
      Post: { delete: Post.delete },
    },
  }),
);
const welcome = defineSubscriber({ name: "welcome", events: [UserCreated], handle: () => undefined });
const options = { prisma, subscribers: [welcome], application: "test" };

beforeEach(async () => {
  await ledger.clear();
  await pool.query("truncate event_bus.subscriptions, event_bus.workers");
});

const findings = async (given: Parameters<typeof doctor>[1] = options) =>
  (await doctor(pool, given)).findings.map(({ level, check, message }) => `${level} ${check}: ${message}`);

describe("doctor", () => {
  it("lists what is captured by model, and why other things are not", async () => {
    const { models } = await doctor(pool, options);
    const found = new Map(models?.map(({ model, ...rest }) => [model, rest]));
    expect(found.get("User")).toEqual({
      create: ["UserCreated"],
      update: ["UserUpdated when …"],
      delete: ["UserDeleted"],
      omitted: ["nickName"],
      masked: ["email"],
      notCaptured: [],
    });
    expect(found.get("Post")).toMatchObject({
      delete: ["PostDeleted"],
      notCaptured: ["create: no rule", "update: no rule"],
    });
    expect(found.get("Airport")).toMatchObject({ create: [], notCaptured: ["no rule"] });
    expect([...found.keys()]).toEqual(Object.keys((base as unknown as Runtime)._runtimeDataModel.models));
  });

  it("says that a client has no event bus", async () => {
    expect((await doctor(pool, { prisma: base })).models).toBeNull();
    expect(await findings({ prisma: base })).toEqual([
      expect.stringMatching(/^warning capture: .*no eventBus/),
    ]);
    expect(await findings({})).toEqual([expect.stringMatching(/^warning capture/)]);
  });

  it("finds extensions that were applied before the event bus and have hooks for captured writes", async () => {
    const extended = base
      .$extends({ name: "first", query: { user: { delete: ({ args, query }) => query(args) } } })
      .$extends({ name: "reads", query: { user: { findMany: ({ args, query }) => query(args) } } })
      .$extends({ query: { $allModels: { update: ({ args, query }) => query(args) } } })
      .$extends({ name: "other", query: { label: { create: ({ args, query }) => query(args) } } })
      .$extends(eventBus({ events, capture: { User, Post: { delete: Post.delete } } }))
      .$extends({ name: "after", query: { user: { delete: ({ args, query }) => query(args) } } });
    expect(await findings({ prisma: extended })).toEqual([
      expect.stringMatching(
        /^warning capture: The extension "first" was applied before eventBus\(\) and has hooks for User\.delete\. .*Apply eventBus\(\) first\.$/,
      ),
      expect.stringMatching(/^warning capture: An extension without a name .* hooks for User\.update\. /),
    ]);
  });

  it("finds events of subscribers that the client does not publish", async () => {
    const Misspelt = defineEvent("UserCreatd", { model: "User" });
    const lost = defineSubscriber({ name: "lost", events: [UserCreated, Misspelt], handle: () => undefined });
    expect(await findings({ ...options, subscribers: [lost] })).toContainEqual(
      expect.stringMatching(
        /^warning subscribers: "lost" subscribes to "UserCreatd".*did you mean "UserCreated"/,
      ),
    );
    expect(await findings()).not.toContainEqual(expect.stringContaining("subscribes to"));
  });

  it("finds subscribers that are not subscribed, and those that nobody handles", async () => {
    expect(await findings()).toEqual([
      expect.stringMatching(/^problem subscribers: "welcome" is not subscribed.*migrate$/),
    ]);
    await subscribe({ client: pool, subscribers: [welcome], application: "test" });
    expect(await findings()).toEqual([expect.stringMatching(/^warning workers: .*"welcome"/)]);
    await prisma.user.create({ data: { email: "a" } });
    expect(await findings()).toEqual([expect.stringMatching(/^problem workers: .*"welcome".*worker$/)]);
    expect(await findings({ ...options, subscribers: [] })).toEqual([
      expect.stringMatching(/^problem workers/),
      expect.stringMatching(/^warning subscribers: "welcome" is subscribed.*unsubscribe welcome$/),
    ]);
  });

  it("finds ready jobs that are no subscriber's", async () => {
    await pool.query("select graphile_worker.add_job('resize_image', '{}')");
    await pool.query("select graphile_worker.add_job('later', '{}', run_at => now() + interval '1 day')");
    expect(await findings({ prisma })).toEqual([
      expect.stringMatching(/^warning jobs: 1 jobs of "resize_image"/),
    ]);
  });

  it("finds sequences that run out", async () => {
    const max = 2 ** 31 - 1;
    const { rows } = await pool.query(
      `select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value, 1)::int as last from pg_sequences
        where schemaname = 'graphile_worker' and max_value = $1 limit 1`,
      [max],
    );
    const set = (value: number) => pool.query("select setval($1::regclass, $2)", [rows[0].name, value]);
    try {
      await set(Math.round(max * 0.6));
      expect(await findings({ prisma })).toEqual([expect.stringMatching(/^warning sequences: .* 60 %/)]);
      await set(max - 10);
      expect(await findings({ prisma })).toEqual([expect.stringMatching(/^problem sequences: .* 100 %/)]);
    } finally {
      await set(rows[0].last);
    }
  });

  it("finds functions that were dropped", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin; drop function event_bus.uuid_v7 cascade; drop function event_bus.wake_all");
      const { findings: found } = await doctor(client, options);
      expect(found).toContainEqual({
        level: "problem",
        check: "database",
        message:
          'The schema "event_bus" lacks functions that were installed: event_bus.uuid_v7(), ' +
          "event_bus.wake_all(integer[]). Run: npx ex-event-bus migrate",
      });
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("finds a role that may not publish", async () => {
    await pool.query("create role poor_app login password 'x'");
    try {
      const there = new URL(url);
      there.username = "poor_app";
      there.password = "x";
      const poor = openClient(there.href).$extends(eventBus({ events, capture: { User } }));
      expect(await findings({ prisma: poor })).toEqual([
        expect.stringMatching(
          /^problem rights: The role "poor_app".* execute on publish\(jsonb, integer\).*and on no others/,
        ),
      ]);
      await poor.$disconnect();
    } finally {
      await pool.query("drop role poor_app");
    }
  });

  it("changes nothing", async () => {
    const before = await ledger.counts();
    await doctor(pool, options);
    expect(await ledger.counts()).toEqual(before);
  });
});

interface Runtime {
  readonly _runtimeDataModel: { readonly models: object };
}
