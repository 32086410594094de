import { PrismaPg } from "@prisma/adapter-pg";
import { Decimal } from "@prisma/client/runtime/client";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import type { EventMetadata } from "../../src/registry/event.js";
import { json, RUNS, record, storable, text } from "../codec/storable.js";
import { typed } from "../codec/typed.js";
import { testDatabase } from "../support/database.js";
import { event, publish } from "./steps.js";

const { url, pool } = await testDatabase();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

const queryables: [string, Queryable][] = [
  ["pg", pool],
  ["Prisma", prisma],
];
const pairs = queryables.flatMap(([writer, target]) =>
  queryables.map(([reader, source]) => [writer, reader, target, source] as const),
);

/** Hints for the whole object are lost on no part of it. */
const parts = fc.record({
  name: text.filter((name) => name !== ""),
  aggregateType: fc.option(text),
  aggregateKey: fc.option(text),
  aggregate: storable,
  changes: record(storable),
  initialData: record(storable),
  metadata: record(json) as fc.Arbitrary<EventMetadata>,
  version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  operation: fc.constantFrom("create", "update", "delete", "publish"),
});

describe.each(pairs)("publishEvents by %s and findEvents by %s", (_, __, target, source) => {
  it("bring back every value with its type", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { minLength: 1, maxLength: 3 }), async (list) => {
        const events = list.map((one) => event(one.name, one));
        const published = await publish(target, events);
        expect(published.events.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
        const [first] = published.events;
        const found = await findEvents(executorOf(source), DEFAULT_SCHEMA_NAMES, {
          after: (first?.position ?? 0) - 1,
        });
        expect(found.map(typed)).toEqual(
          events.map((one, index) =>
            typed({
              ...one,
              position: published.events[index]?.position,
              sourceSchema: null,
              occurredAt: found[index]?.occurredAt,
            }),
          ),
        );
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it("take the deepest value that can be encoded", async () => {
    let deep: unknown = 1n;
    for (let level = 0; level < 500; level++) deep = level % 2 === 0 ? [deep] : { a: deep };
    const one = event("Deep", { aggregate: deep, changes: { deep: 1n } });
    await publish(target, [one]);
    const [found] = await findEvents(executorOf(source), DEFAULT_SCHEMA_NAMES, { eventId: one.id });
    expect(typed(found?.aggregate)).toEqual(typed(deep));
  });
});

describe("an event that SQL publishes with to_jsonb", () => {
  const types = {
    at: "datetime",
    local: "datetime",
    day: "datetime",
    times: ["datetime"],
    number: "bigint",
    price: "decimal",
    text: "bigint",
    photo: "bytes",
    rate: "float",
  };

  it.each([
    ["UTC", "ISO, MDY"],
    ["Asia/Kolkata", "German"],
    ["America/St_Johns", "SQL, DMY"],
    ["+12:45", "Postgres, MDY"],
  ])("is read the same whatever the settings of the session: %s, %s", async (timeZone, dateStyle) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query(`set local timezone = '${timeZone}'; set local datestyle = '${dateStyle}'`);
      const { rows } = await client.query(
        `select id from event_bus.publish(name => 'Sql', types => jsonb_build_object('aggregate', $1::jsonb),
           aggregate => (select to_jsonb(r) from (
             select timestamptz '2020-06-01 12:00:00.123456+02' as at, timestamp '2020-06-01 12:00:00.123456' as local,
                    date '2020-02-29' as day, array[timestamptz '1999-12-31 23:59:59+00'] as times,
                    9007199254740991 as number, 1234.50::numeric as price, '9223372036854775807'::text as text,
                    encode('\\x00ff', 'base64') as photo, 0.1::float8 as rate) r))`,
        [JSON.stringify(types)],
      );
      await client.query("commit");
      const [found] = await findEvents(executorOf(prisma), DEFAULT_SCHEMA_NAMES, { eventId: rows[0].id });
      expect(typed(found?.aggregate)).toEqual(
        typed({
          at: new Date("2020-06-01T10:00:00.123Z"),
          local: new Date("2020-06-01T12:00:00.123Z"),
          day: new Date("2020-02-29"),
          times: [new Date("1999-12-31T23:59:59Z")],
          number: 9_007_199_254_740_991n,
          price: new Decimal("1234.5"),
          text: 9_223_372_036_854_775_807n,
          photo: new Uint8Array([0, 255]),
          rate: 0.1,
        }),
      );
    } finally {
      client.release();
    }
  });
});
