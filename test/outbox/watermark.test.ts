import pg from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { advanceCheckpoints } from "../../src/outbox/maintenance.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { startPostgres } from "../../src/testing/postgres.js";
import { eventually } from "../support/eventually.js";
import { prepareTemplate } from "../support/template.js";
import { event, publish, subscribe } from "./steps.js";

// A server of its own: transactions of other databases on a server hold up this one too, for as long as they run.
const server = await startPostgres();
const url = await server.createDatabase("watermark");
await prepareTemplate(url);
const pool = new pg.Pool({ connectionString: url });
const names = DEFAULT_SCHEMA_NAMES;
const clients: pg.Client[] = [];
/** A session of its own. */
const session = async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
};
afterAll(async () => {
  await Promise.all([...clients.map((client) => client.end()), pool.end()]);
  await server.stop();
});
const readAfter = async (position: number, source: Queryable = pool) =>
  (await findEvents(executorOf(source), names, { after: position }, "final")).map((one) => one.position);
const published = async (target: Queryable) => (await publish(target, [event("E")])).events[0]?.position ?? 0;

const eventuallyAfter = (positions: readonly number[]) =>
  eventually(async () => expect(await readAfter(last)).toEqual(positions));

let last = 0;
beforeEach(async () => {
  last = await published(pool);
});

describe("reading the log from a position on", () => {
  it("gives everything at once when no transaction is under way", async () => {
    const [one, two] = [await published(pool), await published(pool)];
    await eventuallyAfter([one, two]);
  });

  it("waits for a transaction that may still commit a lower position, and misses nothing", async () => {
    const slow = await session();
    await slow.query("begin");
    const low = await published(slow);
    const high = await published(pool);
    expect(high).toBeGreaterThan(low);
    expect(await readAfter(last)).toEqual([]);
    await slow.query("commit");
    await eventuallyAfter([low, high]);
  });

  it("waits for one that has an id and no position yet, and goes on up to where it cannot reach", async () => {
    const first = await published(pool);
    const slow = await session();
    await slow.query("begin; select pg_current_xact_id()");
    expect(await readAfter(last)).toEqual([]);
    await slow.query("commit");
    await eventuallyAfter([first]);
    // Others are always under way on a busy server: what was drawn before they began is final.
    const second = await published(pool);
    await slow.query("begin; select pg_current_xact_id()");
    await readAfter(last);
    const next = await session();
    await next.query("begin; select pg_current_xact_id()");
    await slow.query("commit");
    await eventuallyAfter([first, second]);
    await next.query("commit");
  });

  it("is not held up by what was rolled back", async () => {
    const undone = await session();
    await undone.query("begin");
    await published(undone);
    await undone.query("rollback");
    const high = await published(pool);
    await eventuallyAfter([high]);
  });

  it("gives in a transaction what was final before it", async () => {
    const one = await published(pool);
    await eventuallyAfter([one]);
    const reader = await session();
    await reader.query("begin isolation level repeatable read read only");
    expect(await readAfter(last, reader)).toEqual([one]);
    const two = await published(pool);
    await eventuallyAfter([one, two]);
    expect(await readAfter(last, reader)).toEqual([one]);
    await reader.query("commit");
  });

  it("goes on after a restore into another cluster, whose transactions are not that far yet", async () => {
    const busy = await session();
    await busy.query("begin; select pg_current_xact_id()");
    await pool.query("update event_bus.watermark set xid = '9000000000000000', drawn = 1");
    const one = await published(pool);
    // It never stands still, so that nobody is ever alone.
    await readAfter(last);
    const next = await session();
    await next.query("begin; select pg_current_xact_id()");
    await busy.query("commit");
    await eventuallyAfter([one]);
    await next.query("commit");
  });

  it("starts anew for a log that was emptied", async () => {
    await pool.query("update event_bus.watermark set position = 9000000000, drawn = 9000000000");
    const slow = await session();
    await slow.query("begin");
    const low = await published(slow);
    const high = await published(pool);
    await readAfter(last);
    expect(await readAfter(last)).toEqual([]);
    await slow.query("commit");
    await eventuallyAfter([low, high]);
  });

  it("misses nothing while eight writers commit in any order", async () => {
    const start = await published(pool);
    const writers = await Promise.all(Array.from({ length: 8 }, session));
    let writing = true;
    const seen: number[] = [];
    const read = async () => {
      const found = await readAfter(seen.at(-1) ?? start);
      seen.push(...found);
    };
    const keepReading = async () => {
      while (writing) await read();
    };
    const reading = keepReading();
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let round = 0; round < 25; round++) {
          await writer.query("begin");
          await published(writer);
          if ((round + index) % 3 === 0) await writer.query("select pg_sleep(0.005)");
          await published(writer);
          await writer.query((round + index) % 7 === 0 ? "rollback" : "commit");
        }
      }),
    );
    writing = false;
    await reading;
    const { rows } = await pool.query(
      "select position::integer as p from event_bus.events where position > $1 order by 1",
      [start],
    );
    await eventually(async () => {
      await read();
      expect(seen).toEqual(rows.map(({ p }) => p));
    });
  });
});

describe("checkpoints", () => {
  const checkpoint = async () =>
    Number(
      (await pool.query("select position from event_bus.checkpoints order by subscription_id desc limit 1"))
        .rows[0]?.position,
    );

  const advanced = (check: (position: number) => void, most?: number) =>
    eventually(async () => {
      await advanceCheckpoints(executorOf(pool), names, most);
      check(await checkpoint());
    });

  it("move up to the first delivery without a record, and never past what may still be committed", async () => {
    await subscribe(pool, "M", ["checkpointed"]);
    const { rows } = await pool.query(
      "select id from event_bus.subscriptions where subscriber = 'checkpointed'",
    );
    const settle = (position: number, state: "delivered" | "dead") =>
      settleDeliveries(executorOf(pool), names, [
        { position, subscriptionId: rows[0].id, generation: 0, attempts: 1, state },
      ]);
    const publishM = async (target: Queryable) =>
      (await publish(target, [event("M")])).events[0]?.position ?? 0;
    const [first, second, third] = [await publishM(pool), await publishM(pool), await publishM(pool)];
    await settle(first, "dead");
    await settle(third, "delivered");
    await advanced((position) => expect(position).toBe(second));
    const slow = await session();
    await slow.query("begin");
    const low = await publishM(slow);
    await settle(second, "delivered");
    const high = await publishM(pool);
    await settle(high, "delivered");
    await advanceCheckpoints(executorOf(pool), names);
    expect(await checkpoint()).toBeLessThanOrEqual(low);
    await slow.query("commit");
    await advanced((position) => expect(position).toBe(low));
    await settle(low, "delivered");
    await advanced((position) => expect(position).toBeGreaterThan(high), 1);
  });
});
