import { PrismaPg } from "@prisma/adapter-pg";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { type Prisma, PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/extension/event-bus.js";
import { executorOf } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { eventsFor } from "../../src/registry/define-event.js";
import { RUNS } from "../codec/storable.js";
import { typed } from "../codec/typed.js";
import { testDatabase } from "../support/database.js";
import { everything, ordinary } from "./everything.js";

const { url, pool } = await testDatabase();
const base = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
const { defineEvent } = eventsFor<Prisma.TypeMap>();
const Written = defineEvent("Written", { model: "Everything" });
const prisma = base.$extends(
  eventBus({ events: [Written], capture: { Everything: { create: Written, update: Written } } }),
);
afterAll(() => base.$disconnect());

type Row = Record<string, unknown>;

let position = 0;
/** The events since the last call. */
async function newEvents() {
  const events = await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES, { after: position });
  position = events.at(-1)?.position ?? position;
  return events;
}
beforeEach(newEvents);

/** The row as Prisma reads it when nobody else is involved. */
async function read(id: number): Promise<Row> {
  return base.everything.findUniqueOrThrow({ where: { id } });
}

/** -0 equals 0 in PostgreSQL, so that it is no change. */
const same = (a: unknown, b: unknown) =>
  JSON.stringify(typed(a === 0 ? 0 : a)) === JSON.stringify(typed(b === 0 ? 0 : b));

const pick = (row: Row, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, row[name]]));

describe("a captured row", () => {
  it("is in its events as Prisma reads it, with every type", async () => {
    await fc.assert(
      fc.asyncProperty(everything, everything, async (first, second) => {
        const { id } = await prisma.everything.create({ data: first as Prisma.EverythingCreateInput });
        const created = await read(id);
        const [create] = await newEvents();
        expect(typed(create?.aggregate)).toEqual(typed(created));
        const given = Object.keys(created).filter((name) => created[name] !== null);
        expect(typed(create?.changes)).toEqual(typed(pick(created, given)));
        expect(create?.initialData).toEqual(Object.fromEntries(given.map((name) => [name, null])));

        await prisma.everything.update({ where: { id }, data: first as Prisma.EverythingUpdateInput });
        expect(await newEvents()).toEqual([]);

        await prisma.everything.update({ where: { id }, data: second as Prisma.EverythingUpdateInput });
        const updated = await read(id);
        const changed = Object.keys(updated).filter((name) => !same(created[name], updated[name]));
        const [update] = await newEvents();
        expect(typed(update?.aggregate ?? updated)).toEqual(typed(updated));
        expect(typed(update?.changes ?? {})).toEqual(typed(pick(updated, changed)));
        expect(typed(update?.initialData ?? {})).toEqual(typed(pick(created, changed)));
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it("whose lists were never given has changed only where it changed", async () => {
    const { id } = await prisma.everything.create({ data: ordinary });
    await newEvents();
    await prisma.everything.update({ where: { id }, data: { text: "a" } });
    expect(await newEvents()).toEqual([]);
    await prisma.everything.update({ where: { id }, data: { text: "b" } });
    expect(await newEvents()).toMatchObject([{ changes: { text: "b" }, initialData: { text: "a" } }]);
  });

  it.each<[string, string]>([
    ["NaN", `float = 'NaN', "floatOpt" = 'NaN', "floatList" = '{NaN, 1}'`],
    ["infinities", `float = 'Infinity', "floatOpt" = '-Infinity', "floatList" = '{Infinity, -Infinity}'`],
    ["-0", `float = '-0', "floatOpt" = '-0', "floatList" = '{-0, 0}'`],
    ["decimals that are no number", `decimal = 'NaN', "decimalOpt" = 'NaN', "decimalList" = '{NaN}'`],
    ["decimals of all digits", `decimal = repeat('9', 35)::numeric + 0.123456789012345678901234567890`],
    ["dates with microseconds", `date = '2020-01-01 00:00:00.123', "dateTz" = '2020-01-01 00:00:00.123+02'`],
    [
      "dates of early years",
      `date = '0001-01-01', "dateOpt" = '0099-12-31', "dateTz" = '0099-12-31 00:00:00+00'`,
    ],
    [
      "JSON that is a text",
      `json = '"x"', "jsonOpt" = '"2020-01-01T00:00:00.000Z"', "jsonList" = array['"1"'::jsonb]`,
    ],
    [
      "JSON that is null",
      `json = 'null', "jsonOpt" = 'null', "jsonList" = array['null', '{"a": null}']::jsonb[]`,
    ],
    [
      "JSON that is a number",
      `json = '1e400', "jsonOpt" = '0.1', "jsonList" = array['-0.0', '12345678901234567890']::jsonb[]`,
    ],
    ["JSON with strange keys", `json = '{"__proto__": {"a": 1}, "": 0, "constructor": [], "1": 1}'`],
    [
      "texts that look like arrays",
      `text = '{}', "textList" = array['{', '}', ',', '"', '\\', 'NULL', '', ' x ']`,
    ],
    [
      "bytes",
      `bytes = '\\x00ff5c22', "bytesOpt" = '', "bytesList" = array['\\x', '\\x00', '\\x5c22']::bytea[]`,
    ],
    [
      "enums with other names in the database",
      `role = 'admin', "roleOpt" = 'admin', "roleList" = '{admin, MEMBER}'`,
    ],
  ])("that another program filled with %s is read alike before and after", async (_, assignments) => {
    const { id } = await base.everything.create({
      data: {
        ...ordinary,
        ...{
          textList: [],
          intList: [],
          bigList: [],
          floatList: [],
          boolList: [],
          decimalList: [],
          dateList: [],
        },
        ...{ bytesList: [], jsonList: [], roleList: [] },
      },
    });
    await pool.query(`update every_thing set ${assignments} where id = $1`, [id]);
    const before = await read(id);
    await prisma.everything.update({ where: { id }, data: { int: 1 } });
    expect(await newEvents()).toEqual([]);
    await prisma.everything.update({ where: { id }, data: { int: 2 } });
    const [update] = await newEvents();
    expect(typed(update?.aggregate)).toEqual(typed({ ...before, int: 2 }));
    expect(update).toMatchObject({ changes: { int: 2 }, initialData: { int: 1 } });
    expect(Object.keys(update?.changes as Row)).toEqual(["int"]);
  });
});
