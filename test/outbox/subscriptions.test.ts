import { randomUUID } from "node:crypto";

import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { isEventBusError } from "../../src/errors.js";
import { executorOf } from "../../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import {
  type SubscriptionInput,
  subscriptionsOf,
  synchroniseSubscriptions,
  unsubscribe,
} from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { empty, event, jobs, publish, subscription, tasks } from "./steps.js";

const { url, pool } = await testDatabase();
const bus = executorOf(pool);
const names = DEFAULT_SCHEMA_NAMES;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());
beforeEach(() => empty(pool));

const synchronise = (subscriptions: readonly SubscriptionInput[], application = "app", executor = bus) =>
  synchroniseSubscriptions(executor, names, application, subscriptions);

/** The rows with what PostgreSQL knows of their last write. */
const rows = async () =>
  (await pool.query("select xmin::text, ctid::text, * from event_bus.subscriptions order by id")).rows;

const two = [
  subscription("A", "mail", {
    priority: 5,
    delayMs: 1000,
    policy: { maxAttempts: 3, timeoutMs: 500, backoff: "fixed" },
  }),
  subscription("B", "mail"),
];

describe("synchroniseSubscriptions", () => {
  it("adds what is not there", async () => {
    expect(await synchronise(two)).toEqual(["mail"]);
    expect(await rows()).toMatchObject([
      {
        id: 1,
        event_name: "A",
        subscriber: "mail",
        application: "app",
        worker_schema: "graphile_worker",
        priority: 5,
        delay_ms: "1000",
        policy: { maxAttempts: 3, timeoutMs: 500, backoff: "fixed" },
        paused: false,
        ended_at: null,
      },
      { id: 2, event_name: "B", priority: 0, delay_ms: "0", policy: {} },
    ]);
    expect(await subscriptionsOf(bus, names, "A")).toEqual([
      { id: 1, event: "A", subscriber: "mail", application: "app", isPaused: false },
    ]);
  });

  it("says so once when many do the same at once", async () => {
    await synchronise(two);
    const changed = two.map((input) => ({ ...input, priority: 1 }));
    const first = await pool.connect();
    try {
      await first.query("begin");
      expect(await synchronise(changed, "app", executorOf(first))).toEqual(["mail"]);
      const second = synchronise(changed);
      await eventually(async () =>
        expect(
          (await pool.query("select from pg_locks where locktype = 'advisory' and not granted")).rowCount,
        ).toBe(1),
      );
      await first.query("commit");
      expect(await second).toEqual([]);
    } finally {
      first.release();
    }
  });

  it("writes nothing when nothing differs, the order of policy keys included", async () => {
    await synchronise(two);
    const before = await rows();
    expect(await synchronise(two)).toEqual([]);
    expect(await synchronise(two.toReversed(), "app", executorOf(prisma))).toEqual([]);
    const [first, second] = two as [SubscriptionInput, SubscriptionInput];
    const reordered = { ...first, policy: { backoff: "fixed", timeoutMs: 500, maxAttempts: 3 } };
    expect(await synchronise([reordered, second])).toEqual([]);
    expect(await rows()).toEqual(before);
    expect(await synchronise([...two, subscription("C", "mail")])).toEqual(["mail"]);
    expect((await rows()).map(({ id, xmin }) => [id, xmin])).toEqual([
      [1, before[0].xmin],
      [2, before[1].xmin],
      [3, expect.not.stringMatching(`^${before[0].xmin}$`)],
    ]);
  });

  it("takes no transaction id when nothing differs, so that it costs standbys and vacuum nothing", async () => {
    await synchronise(two);
    const client = await pool.connect();
    try {
      await client.query("begin");
      await synchronise(two, "app", executorOf(client));
      const { rows: xids } = await client.query("select pg_current_xact_id_if_assigned() as xid");
      expect(xids).toEqual([{ xid: null }]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it.each<[string, Partial<SubscriptionInput>, object]>([
    ["priority", { priority: -1 }, { priority: -1 }],
    ["delay", { delayMs: 31_536_000_000 }, { delay_ms: "31536000000" }],
    ["policy", { policy: { maxAttempts: 4 } }, { policy: { maxAttempts: 4 } }],
  ])("updates just the subscription of which the %s differs, in its place", async (_, change, expected) => {
    await synchronise(two);
    const [first, second] = await rows();
    const [a, b] = two as [SubscriptionInput, SubscriptionInput];
    expect(await synchronise([{ ...a, ...change }, b])).toEqual(["mail"]);
    const [changed, same] = await rows();
    expect(changed).toMatchObject({
      id: first.id,
      started_at: first.started_at,
      ended_at: null,
      ...expected,
    });
    expect(same).toEqual(second);
  });

  it("leaves a subscription alone that is not named any more", async () => {
    await synchronise(two);
    expect(await synchronise([subscription("C", "other")])).toEqual(["other"]);
    expect(await synchronise([])).toEqual([]);
    expect((await rows()).map(({ event_name, ended_at }) => [event_name, ended_at])).toEqual([
      ["A", null],
      ["B", null],
      ["C", null],
    ]);
  });

  it("names every subscriber that changed once", async () => {
    const many = ["z", "a", "m"].flatMap((name) => [subscription("A", name), subscription("B", name)]);
    expect(await synchronise(many)).toEqual(["a", "m", "z"]);
  });

  it("takes names of any kind and of 118 characters, and refuses longer ones", async () => {
    const odd = ['it\'s "quoted" \\ 🟤', "x".repeat(118), " "];
    await synchronise(odd.map((name) => subscription("A'\"", name)));
    expect((await publish(pool, [event("A'\"")])).deliveries).toBe(3);
    expect((await tasks(pool)).toSorted()).toEqual(odd.map((name) => `event_bus:${name}`).toSorted());
    await expect(synchronise([subscription("A", "x".repeat(119))])).rejects.toMatchObject({ code: "23514" });
  });

  it("refuses a subscriber that another application has, and everything that comes with it", async () => {
    await synchronise([subscription("A", "mail")], "shop");
    const before = await rows();
    for (const executor of [bus, executorOf(prisma)]) {
      const attempt = synchronise(
        [subscription("B", "fresh"), subscription("B", "mail")],
        "billing",
        executor,
      );
      const error = await attempt.catch((reason: unknown) => reason);
      expect(isEventBusError(error, "SUBSCRIBER_TAKEN")).toBe(true);
      expect((error as Error).message).toBe(
        'The subscriber "mail" belongs to the application "shop", not to "billing". Give it another name, or end the ' +
          "other with: npx ex-event-bus unsubscribe mail",
      );
    }
    expect(await rows()).toEqual(before);
    expect((await publish(pool, [event("B")])).deliveries).toBe(0);
  });

  it("lets another application have a subscriber that has ended", async () => {
    await synchronise([subscription("A", "mail")], "shop");
    await unsubscribe(bus, names, "mail");
    expect(await synchronise([subscription("A", "mail")], "billing")).toEqual(["mail"]);
    expect(await rows()).toMatchObject([{ id: 1, application: "billing", ended_at: null }]);
  });

  it("makes one subscription when eight processes do it at the same moment", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => synchronise(two)));
    expect(results.flat().length).toBeGreaterThanOrEqual(1);
    expect((await rows()).map(({ event_name, subscriber }) => [event_name, subscriber])).toEqual([
      ["A", "mail"],
      ["B", "mail"],
    ]);
    expect(await jobs(pool)).toEqual([]);
  });

  it("gives a name to one of eight applications that want it at the same moment", async () => {
    const wanted = [subscription("A", "mail"), subscription("B", "mail")];
    const attempts = Array.from({ length: 8 }, (_, index) => synchronise(wanted, `app ${index}`));
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
    for (const result of results) {
      if (result.status === "rejected") expect(isEventBusError(result.reason, "SUBSCRIBER_TAKEN")).toBe(true);
    }
    expect(new Set((await rows()).map(({ application }) => application)).size).toBe(1);
  });

  it("makes the second application wait for the first, and refuses it, also for another event", async () => {
    const [first, second] = await Promise.all([pool.connect(), pool.connect()]);
    const sql = "select event_bus.subscribe($1, 'graphile_worker', $2)";
    const wanted = (name: string) => JSON.stringify([subscription(name, "mail")]);
    try {
      await first.query("begin");
      await first.query(sql, ["shop", wanted("A")]);
      const { rows: backend } = await second.query("select pg_backend_pid() as pid");
      const refused = expect(second.query(sql, ["billing", wanted("B")])).rejects.toMatchObject({
        code: "EB003",
      });
      await eventually(async () => {
        const { rows: blocking } = await pool.query("select pg_blocking_pids($1) as pids", [backend[0].pid]);
        expect(blocking[0].pids).toHaveLength(1);
      });
      await first.query("commit");
      await refused;
    } finally {
      first.release();
      second.release();
    }
    expect((await rows()).map(({ application }) => application)).toEqual(["shop"]);
  });

  it("leaves no job behind, and the task known", async () => {
    const name = `new ${randomUUID()}`;
    await synchronise([subscription("A", name)]);
    expect(await jobs(pool)).toEqual([]);
    expect((await pool.query("select from graphile_worker.jobs")).rows).toEqual([]);
    const { rows: known } = await pool.query(
      "select identifier from graphile_worker._private_tasks where identifier = $1",
      [`event_bus:${name}`],
    );
    expect(known.length).toBe(1);
  });

  it("lets two transactions publish to a new subscriber at once", async () => {
    await synchronise([subscription("A", `new ${randomUUID()}`)]);
    const [one, other] = await Promise.all([pool.connect(), pool.connect()]);
    try {
      for (const client of [one, other]) await client.query("begin; set local lock_timeout = '2s'");
      await publish(one, [event("A")]);
      await publish(other, [event("A")]);
      await other.query("commit");
      await one.query("commit");
    } finally {
      one.release();
      other.release();
    }
    expect((await jobs(pool)).length).toBe(2);
  });
});

describe("unsubscribe", () => {
  it("ends all subscriptions of a subscriber, or one, and says which", async () => {
    await synchronise([...two, subscription("A", "other")]);
    expect(await unsubscribe(bus, names, "mail", "B")).toEqual(["B"]);
    expect((await publish(pool, [event("A"), event("B")])).deliveries).toBe(2);
    expect(await unsubscribe(bus, names, "mail")).toEqual(["A"]);
    expect((await publish(pool, [event("A"), event("B")])).deliveries).toBe(1);
    expect(await unsubscribe(bus, names, "mail")).toEqual([]);
    expect(await unsubscribe(bus, names, "nobody")).toEqual([]);
    expect((await subscriptionsOf(bus, names, "A")).map(({ subscriber }) => subscriber)).toEqual(["other"]);
  });

  it("leaves what waits already", async () => {
    await synchronise([subscription("A", "mail")]);
    await publish(pool, [event("A")]);
    await unsubscribe(bus, names, "mail");
    expect(await tasks(pool)).toEqual(["event_bus:mail"]);
  });

  it("can be taken back: the same subscription goes on with later events", async () => {
    await synchronise([subscription("A", "mail")]);
    await unsubscribe(bus, names, "mail");
    await publish(pool, [event("A")]);
    expect(await synchronise([subscription("A", "mail")])).toEqual(["mail"]);
    expect(await rows()).toMatchObject([{ id: 1, ended_at: null }]);
    expect(await synchronise([subscription("A", "mail")])).toEqual([]);
    await publish(pool, [event("A")]);
    expect((await jobs(pool)).map(({ payload }) => payload.p)).toEqual([2]);
  });
});
