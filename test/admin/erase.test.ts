import { beforeEach, describe, expect, it } from "vitest";

import { deliveries, erase } from "../../src/admin.js";
import { eraseEvents } from "../../src/outbox/erase-events.js";
import { branded } from "../../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { drain, subscribe } from "../../src/testing.js";
import { openBus } from "../extension/support/clients.js";
import { rules, UserCreated, UserUpdated } from "../extension/support/events.js";
import { Ledger } from "../extension/support/ledger.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const got: unknown[] = [];
const subscribers = [
  defineSubscriber({
    name: "fails",
    events: [UserCreated],
    retry: { maxAttempts: 1 },
    handle: (event) => Promise.reject(new Error(`no ${event.aggregate.email}`)),
  }),
  defineSubscriber({
    name: "reads",
    events: [UserCreated, UserUpdated],
    handle: (event) => void got.push(event.aggregate),
  }),
];
const data = { email: "secret@example.org", name: "secret" };

beforeEach(async () => {
  await ledger.clear();
  await pool.query("truncate event_bus.deliveries");
  got.length = 0;
  await subscribe({ client: pool, subscribers });
  await prisma.$withEventMetadata({ actor: "secret" }, () => prisma.user.create({ data }));
  await prisma.user.create({ data: { email: "other@example.org" } });
  await drain({ client: pool, subscribers });
  await prisma.user.update({ where: { id: 1 }, data: { name: "secret 2" } });
});

const everything = async () => {
  const { rows } = await pool.query(
    `select coalesce(string_agg(e::text, ''), '') || (select coalesce(string_agg(d::text, ''), '') from event_bus.deliveries d) as text
       from event_bus.events e`,
  );
  return rows[0].text as string;
};
const states = async () =>
  (await deliveries(pool)).map(({ subscriber, position, state, reason }) => [
    subscriber,
    position,
    state,
    reason,
  ]);

describe("erase", () => {
  it("leaves of an aggregate's events that they were", async () => {
    expect(await everything()).toContain("secret");
    const before = await ledger.events();
    expect(await erase(pool, { aggregateType: "User", aggregateKey: 1 })).toEqual({
      events: 2,
      cancelled: 2,
    });
    expect(await everything()).not.toContain("secret");
    const after = await ledger.events();
    const nothing = { aggregate: null, changes: {}, initialData: {}, metadata: {} };
    expect(after).toEqual(
      before.map((event) => (event.aggregateKey === "1" ? { ...event, ...nothing } : event)),
    );
    expect(await erase(pool, { aggregateType: "User", aggregateKey: 1 })).toEqual({
      events: 0,
      cancelled: 0,
    });
    expect(await erase(pool, { aggregateType: "User", aggregateKey: "99" })).toEqual({
      events: 0,
      cancelled: 0,
    });
  });

  it("cancels deliveries that are open or dead, and leaves those that were made and those of others", async () => {
    const [first, second, third] = (await ledger.events()).map(({ position }) => position);
    await erase(pool, { aggregateType: "User", aggregateKey: 1 });
    const reason = "its event was erased";
    expect((await states()).sort()).toEqual(
      [
        ["fails", first, "cancelled", reason],
        ["fails", second, "dead", null],
        ["reads", first, "delivered", null],
        ["reads", second, "delivered", null],
        ["reads", third, "cancelled", reason],
      ].sort(),
    );
    got.length = 0;
    await drain({ client: pool, subscribers });
    expect(got).toEqual([]);
  });

  it("is part of the transaction whose client it gets", async () => {
    const attempt = prisma.$transaction(async (tx) => {
      await erase(tx, { aggregateType: "User", aggregateKey: "1" });
      throw new Error("roll back");
    });
    await expect(attempt).rejects.toThrow("roll back");
    expect(await everything()).toContain("secret");
  });

  it("takes compound keys by their values", async () => {
    await prisma.seat.create({ data: { row: 1, number: 2, holder: "secret" } });
    await ledger.names();
    expect(rules.Seat.create.aggregateType).toBe("Seat");
    expect(await erase(pool, { aggregateType: "Seat", aggregateKey: [1, 2] })).toEqual({
      events: 1,
      cancelled: 0,
    });
  });

  it.each([
    [{ aggregateType: "User" }, "aggregateKey"],
    [{ aggregateKey: 1 }, "aggregateType"],
    [{ aggregateType: "User", aggregateKey: {} }, "aggregateKey"],
    [{ aggregateType: "User", aggregateKey: 1, tpye: "x" }, "aggregate.tpye"],
  ])("refuses %j", async (aggregate, path) => {
    await expect(erase(pool, aggregate as never)).rejects.toMatchObject({ code: "INVALID_OPTION", path });
    expect(await everything()).toContain("secret");
  });

  it("leaves what is published while it runs to the next call: no handler gets an empty event", async () => {
    await subscribe({ client: pool, subscribers });
    const publish = () =>
      pool.query(
        `select event_bus.publish(name => 'UserCreated', aggregate => '{"id": 7}', type => 'User', key => '7')`,
      );
    await publish();
    let statements = 0;
    const meanwhile = branded(
      async (sql, values) => {
        const { rows } = await pool.query(sql, [...values]);
        if (statements++ === 0) await publish();
        return rows;
      },
      undefined,
      true,
    );
    expect(await eraseEvents(meanwhile, DEFAULT_SCHEMA_NAMES, "User", "7")).toMatchObject({ events: 1 });
    const { rows } = await pool.query(
      "select aggregate from event_bus.events where aggregate_key = '7' order by position",
    );
    expect(rows).toEqual([{ aggregate: null }, { aggregate: { id: 7 } }]);
    expect(await erase(pool, { aggregateType: "User", aggregateKey: "7" })).toMatchObject({ events: 1 });
  });
});
