import type { Pool } from "pg";
import { beforeAll, describe, expect, it } from "vitest";

import { encode } from "../../src/codec/encode.js";
import type { EventHints } from "../../src/codec/type-hint.js";
import { type EventRow, readEvent } from "../../src/outbox/stored-event.js";
import type { TestDatabase } from "../support/database.js";
import { effectiveHints } from "./effective-hints.js";
import {
  type EnvelopeCase,
  type FixtureCall,
  type FixtureTable,
  readFixture,
  readText,
} from "./envelope-case.js";
import { typeCases, typeTables } from "./type-cases.js";

/** What captures changes: of every operation on the tables of the fixtures it stores `<model>.<operation>`. */
export interface Engine {
  /** Runs the operation of a case, as a call of Prisma or as SQL, so that it is captured. */
  run(operation: { readonly prisma: FixtureCall; readonly sql: string }): Promise<void>;
  /** The rows of a model as Prisma reads them. */
  read(model: string): Promise<readonly unknown[]>;
}

const operations = readFixture<{
  readonly tables: readonly FixtureTable[];
  readonly cases: readonly EnvelopeCase[];
}>("operations.json");

/** The enum of the fixtures. The client does not know the label "new one": databases can be newer than clients. */
export const MOOD = `enum Mood {\n  CALM\n  WILD @map("wild one")\n\n  @@map("mood")\n}`;

/** The tables of all fixtures. */
export const tables: readonly FixtureTable[] = [...operations.tables, ...typeTables];

/** All fixtures. */
export const cases: readonly EnvelopeCase[] = [...operations.cases, ...typeCases];

/** Creates the tables of the fixtures. */
export async function createTables({ pool }: TestDatabase): Promise<void> {
  await pool.query("drop schema public cascade; create schema public");
  await pool.query([readText("setup.sql"), ...tables.map(({ sql }) => sql)].join(";\n"));
}

/** Runs every fixture with an engine. */
export function describeEnvelope(database: TestDatabase, open: () => Promise<Engine>): void {
  const { pool } = database;
  let engine: Engine;
  beforeAll(async () => {
    await createTables(database);
    engine = await open();
  });

  describe.each(cases)("$title", (one) => {
    const operation = { sql: one.sql, prisma: { model: one.tables[0] ?? "", ...one.prisma } };
    let events: readonly EventRow[];
    let isSame: readonly [captured: unknown, bySql: unknown];
    let read: readonly unknown[];
    beforeAll(async () => {
      await prepare(pool, one);
      await engine.run(operation);
      events = (await pool.query<EventRow>(STORED)).rows;
      read = one.isUnreadable === true ? [] : await engine.read(operation.prisma.model);
      const captured = await contents(pool, one);
      await prepare(pool, one);
      await pool.query(one.sql);
      isSame = [captured, await contents(pool, one)];
    });

    it("leads to these events", () => {
      const parts = events.map(({ metadata, id, position, occurred_at, ...stored }) => stored);
      expect(parts.map(withEffectiveHints)).toEqual(one.events.map(withEffectiveHints));
      for (const { metadata } of events) expect(metadata.correlationId).toEqual(expect.any(String));
      expect(new Set(events.map(({ metadata }) => metadata.correlationId)).size).toBeLessThan(2);
    });

    it("is the same operation as a call and in SQL", () => {
      expect(isSame[0]).toEqual(isSame[1]);
    });

    it("is decoded and encoded without a loss", () => {
      for (const row of events) {
        const { aggregate, changes, initialData } = readEvent(row);
        const hints = row.types ?? {};
        for (const [value, json, hint] of [
          [aggregate, row.aggregate, hints.aggregate],
          [changes, row.changes, hints.changes],
          [initialData, row.initial_data, hints.initialData],
        ] as const) {
          const again = encode(value, "value");
          expect(again.json).toEqual(json);
          expect(effectiveHints(json, again.hint)).toEqual(effectiveHints(json, hint));
        }
      }
    });

    if (isReadBack(one)) {
      it("is seen by handlers as Prisma reads it", () => {
        const own = events.filter((row) => row.aggregate_type === operation.prisma.model);
        expect(own).not.toEqual([]);
        for (const row of own) expect(read).toContainEqual(readEvent(row).aggregate);
      });
    }
  });
}

/** What is compared of a stored event: all that an engine decides about. */
const STORED = `select e.position, e.id::text as id, e.name, e.version, e.aggregate_type, e.aggregate_key, e.operation,
       e.source_schema, e.aggregate, e.changes, e.initial_data, e.metadata, e.types, e.occurred_at
  from event_bus.events e order by e.aggregate_type, e.aggregate_key, e.position`;

/** Whether the rows of the events are there afterwards, and Prisma reads what the events say. */
function isReadBack({ events, isUnreadable, tables: [first] }: EnvelopeCase): boolean {
  const isRedacted = tables.find(({ model }) => model === first)?.capture !== undefined;
  const isThere = events.some(
    ({ aggregate_type, operation }) => aggregate_type === first && operation !== "delete",
  );
  return isUnreadable !== true && !isRedacted && isThere;
}

/** An event with the hints that its values need, in place of those that an engine wrote for them. */
function withEffectiveHints({ types, ...event }: Parts): object {
  return {
    ...event,
    types: {
      aggregate: effectiveHints(event.aggregate, types?.aggregate),
      changes: effectiveHints(event.changes, types?.changes),
      initialData: effectiveHints(event.initial_data, types?.initialData),
    },
  };
}

interface Parts {
  readonly aggregate: unknown;
  readonly changes: unknown;
  readonly initial_data: unknown;
  readonly types: EventHints | null;
}

/** The tables of a case as it wants them, and no events. */
async function prepare(pool: Pool, { tables: models, setup }: EnvelopeCase): Promise<void> {
  const emptied = [...models].reverse().map((model) => `delete from ${tableOf(model)}`);
  await pool.query([...emptied, ...setup, "delete from event_bus.events"].join(";\n"));
}

async function contents(pool: Pool, { tables: models }: EnvelopeCase): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  for (const model of models) {
    const table = tableOf(model);
    rows.push((await pool.query(`select to_jsonb(t) from ${table} t order by to_jsonb(t)::text`)).rows);
  }
  return rows;
}

/** The name of a model's table, in SQL. */
function tableOf(model: string): string {
  const sql = tables.find((table) => table.model === model)?.sql ?? "";
  return /^create table (\S+)/.exec(sql)?.[1] ?? model;
}
