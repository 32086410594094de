import { describe, expect, it } from "vitest";
import { erase } from "../../src/admin/erase.js";
import { events } from "../../src/admin.js";
import { isEvent } from "../../src/index.js";
import { publishedEvents } from "../../src/testing.js";
import { testDatabase } from "../support/database.js";
import { Ping } from "../worker/ping.js";
import { event, publish } from "./steps.js";

const { pool } = await testDatabase();

describe("an event that cannot be read", () => {
  it("is listed with its error among the others, with what can be read of it", async () => {
    await publish(pool, [
      event("Ping", { aggregate: { n: 1 } }),
      event("Ping", { aggregate: { n: 2, at: "soon" }, changes: { at: new Date(0) } }),
    ]);
    await publish(pool, [event("Ping", { aggregate: { n: 3 } })]);
    await pool.query(
      `update event_bus.events set types = '{"aggregate": {"at": "datetime"}, "changes": {"at": "datetime"}}' where position = 2`,
    );
    // What is read from a position on waits for all older transactions of the server, those of other tests included.
    await expect.poll(() => events(pool, { after: 0 }), { timeout: 60_000 }).toHaveLength(3);
    for (const list of [
      await events(pool),
      await publishedEvents(pool, Ping),
      await events(pool, { after: 0 }),
    ]) {
      expect(list.map(({ position, error }) => [position, error?.code])).toEqual([
        [1, undefined],
        [2, "VALUE_NOT_READABLE"],
        [3, undefined],
      ]);
      expect(list[1]).toMatchObject({
        name: "Ping",
        aggregate: { n: 2, at: "soon" },
        changes: { at: new Date(0) },
        error: { path: "Ping.aggregate.at", message: expect.stringContaining("datetime") },
      });
      expect(list.map((one) => isEvent(one))).toEqual([true, false, true]);
      expect("error" in (list[0] as object)).toBe(false);
    }
    expect(await events(pool, { after: 1, limit: 1 })).toMatchObject([{ position: 2 }]);
    expect(await events(pool, { position: 2, last: true })).toHaveLength(1);
  });

  it.each(['"bigint"', "1", '["bigint"]', '{"n": "no-such-type"}', '{"n": {"a": "bigint"}}'])(
    "is one with the hints %s",
    async (types) => {
      await pool.query("delete from event_bus.events");
      await publish(pool, [event("Ping", { aggregate: { n: 1 } })]);
      await pool.query("update event_bus.events set types = jsonb_build_object('aggregate', $1::jsonb)", [
        types,
      ]);
      expect(await events(pool)).toMatchObject([
        { aggregate: { n: 1 }, error: { code: "VALUE_NOT_READABLE" } },
      ]);
    },
  );
});

describe("a key that is longer than an index takes", () => {
  it("keeps no event from being stored, found and erased", async () => {
    await pool.query("delete from event_bus.events");
    // PostgreSQL compresses what repeats itself.
    const random = Array.from({ length: 20_000 }, (_, n) =>
      String.fromCodePoint(0x4e00 + ((n * n * 7919) % 20_000)),
    ).join("");
    const keys = [random, `${random}x`, random.slice(0, 200), random.slice(0, 199)];
    await publish(
      pool,
      keys.map((aggregateKey) => event("Ping", { aggregateType: "Doc", aggregateKey, aggregate: { n: 1 } })),
    );
    for (const aggregateKey of keys)
      expect(
        (await events(pool, { aggregateType: "Doc", aggregateKey })).map((one) => one.aggregateKey),
      ).toEqual([aggregateKey]);
    expect(await erase(pool, { aggregateType: "Doc", aggregateKey: random })).toMatchObject({ events: 1 });
    expect(await events(pool, { aggregateType: "Doc" })).toMatchObject([{ aggregate: null }, {}, {}, {}]);
  });

  it("is looked up by the index", async () => {
    await publish(
      pool,
      Array.from({ length: 2_000 }, (_, n) =>
        event("Many", { aggregateType: "Doc", aggregateKey: String(n) }),
      ),
    );
    await pool.query("analyze event_bus.events");
    const { rows } = await pool.query(
      `explain select from event_bus.events e where e.aggregate_type = 'Doc' and e.aggregate_key = '7'
          and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left('7', 200) order by e.position`,
    );
    expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("events_aggregate");
  });
});
