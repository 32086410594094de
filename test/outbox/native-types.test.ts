import { PrismaPg } from "@prisma/adapter-pg";
import { beforeEach, describe, expect, it } from "vitest";

import { type Prisma, PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/extension/event-bus.js";
import { executorOf } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { eventsFor } from "../../src/registry/define-event.js";
import { typed } from "../codec/typed.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const { defineEvent } = eventsFor<Prisma.TypeMap>();
const Written = defineEvent("Written", { model: "Everything" });
beforeEach(() => pool.query("truncate event_bus.events, every_thing restart identity"));

/** Of each of Prisma's types a column, and the types of PostgreSQL that it can have, with a value. */
const natives: Readonly<Record<string, readonly (readonly [type: string, value: string])[]>> = {
  textOpt: [
    ["varchar(10)", "'abc'"],
    ["char(5)", "'ab'"],
    ["bit(4)", "b'1010'"],
    ["varbit", "b'101'"],
    ["uuid", "'0190163d-8694-739b-aea5-966c26f8ad91'"],
    ["xml", "'<a/>'"],
    ["inet", "'10.0.0.1/8'"],
  ],
  intOpt: [
    ["smallint", "-32768"],
    ["oid", "4294967295"],
  ],
  floatOpt: [
    ["real", "0.1"],
    ["real", "'-Infinity'"],
  ],
  decimalOpt: [
    ["numeric(10, 3)", "1.500"],
    ["money", "'7.50'"],
  ],
  dateOpt: [
    ["timestamp(6)", "'2020-01-01 00:00:00.123456'"],
    ["timestamptz(6)", "'2020-01-01 00:00:00.123456+05:30'"],
    ["date", "'2020-02-29'"],
    ["time(6)", "'10:20:30.123456'"],
    ["timetz(6)", "'10:20:30+02'"],
  ],
  jsonOpt: [
    ["json", `'{"b": 1, "a": [1e2, "x", null]}'`],
    ["json", "'null'"],
  ],
};
const cases = Object.entries(natives).flatMap(([column, types]) =>
  types.map((type) => [...type, column] as const),
);

/** What the engine cannot read as a list itself. */
const withoutLists = ["timetz(6)"];

describe("a captured row with a column of the type", () => {
  it.each(cases)("%s is read alike before and after: %s", async (type, value, column) => {
    const list = [column.replace("Opt", "List"), `${type}[]`, `array[${value}]::${type}[]`];
    const columns = withoutLists.includes(type) ? [[column, type, value]] : [[column, type, value], list];
    for (const [name, columnType, columnValue] of columns) {
      await pool.query(`alter table every_thing drop column "${name}", add column "${name}" ${columnType}`);
      // Of its own: prepared statements remember the types of columns.
      const base = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
      const prisma = base.$extends(
        eventBus({ events: [Written], capture: { Everything: { update: Written } } }),
      );
      const { rows } = await pool.query(
        `insert into every_thing (text, int, big, float, bool, decimal, date, bytes, json, "${name}")
         values ('a', 1, 1, 1.5, true, 1.5, '2020-01-01', '', '{}', ${columnValue}) returning id`,
      );
      await using _ = { [Symbol.asyncDispose]: () => base.$disconnect() };
      const where = { id: rows[0].id as number };
      const before = await base.everything.findUniqueOrThrow({ where });
      await prisma.everything.update({ where, data: { int: 1 } });
      await prisma.everything.update({ where, data: { int: 2 } });
      const events = await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES, {
        aggregateKey: String(where.id),
      });
      expect(events.map(({ changes }) => changes)).toEqual([{ int: 2 }]);
      expect(typed(events[0]?.aggregate)).toEqual(typed({ ...before, int: 2 }));
    }
  });
});
