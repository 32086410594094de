import { PrismaPg } from "@prisma/adapter-pg";
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
    const [found] = await findEvents(executorOf(source), DEFAULT_SCHEMA_NAMES, { id: one.id });
    expect(typed(found?.aggregate)).toEqual(typed(deep));
  });
});
