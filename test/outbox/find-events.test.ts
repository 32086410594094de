import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { type EventFilter, findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { isEvent } from "../../src/registry/is-event.js";
import { testDatabase } from "../support/database.js";
import { event, publish } from "./steps.js";

const { url, pool } = await testDatabase();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

const order = { aggregateType: "Order", aggregateKey: "1" };
const events = [
  event("A", { ...order, operation: "create", metadata: { correlationId: "c1" } }),
  event("B", { ...order, operation: "update", metadata: { correlationId: "c2" } }),
  event("A", { ...order, aggregateKey: '["1","2"]', operation: "delete" }),
  event("A", { aggregateType: "User", aggregateKey: "1", metadata: { correlationId: "c1" } }),
  event("C", { aggregateType: "User" }),
];
await publish(pool, events);

describe.each<[string, Queryable]>([
  ["pg", pool],
  ["Prisma", prisma],
])("findEvents by %s", (_, source) => {
  const find = (filter?: EventFilter) => findEvents(executorOf(source), DEFAULT_SCHEMA_NAMES, filter);

  it.each<[string, EventFilter | undefined, number[]]>([
    ["everything", undefined, [1, 2, 3, 4, 5]],
    ["a name", { event: "A" }, [1, 3, 4]],
    ["several names", { event: ["B", "C"] }, [2, 5]],
    ["no name", { event: [] }, []],
    ["an id", { eventId: events[2]?.id ?? "" }, [3]],
    ["a position", { position: 4 }, [4]],
    ["a position that no event has", { position: 99 }, []],
    ["an aggregate", { aggregateType: "Order", aggregateKey: "1" }, [1, 2]],
    ["a type", { aggregateType: "User" }, [4, 5]],
    ["a compound key", { aggregateKey: '["1","2"]' }, [3]],
    ["an operation", { operation: "publish" }, [4, 5]],
    ["a correlation", { correlationId: "c1" }, [1, 4]],
    ["what came after", { after: 3 }, [4, 5]],
    ["a limit", { limit: 2 }, [1, 2]],
    ["a limit of none", { limit: 0 }, []],
    ["the last ones", { limit: 2, last: true }, [4, 5]],
    ["the last ones without a limit", { last: true, event: "A" }, [1, 3, 4]],
    ["several conditions", { event: "A", correlationId: "c1", after: 1 }, [4]],
  ])("finds %s by position", async (_, filter, positions) => {
    expect((await find(filter)).map(({ position }) => position)).toEqual(positions);
  });

  it("gives events that are recognised as such", async () => {
    for (const found of await find()) expect(isEvent(found)).toBe(true);
  });

  it("sees what its own transaction has published", async () => {
    const undone = new Error("undone");
    const attempt = prisma.$transaction(async (tx) => {
      await publish(tx, [event("Z")]);
      expect(await findEvents(executorOf(tx), DEFAULT_SCHEMA_NAMES, { event: "Z" })).toHaveLength(1);
      expect(await findEvents(executorOf(tx), DEFAULT_SCHEMA_NAMES, { event: "Z", after: 0 })).toHaveLength(
        1,
      );
      throw undone;
    });
    await expect(attempt).rejects.toBe(undone);
    expect(await find({ event: "Z" })).toEqual([]);
  });
});
