import { readFileSync } from "node:fs";

import type { TypeHint } from "../../src/codec/type-hint.js";

/** A table of the fixtures. */
export interface FixtureTable {
  readonly model: string;
  /** The model in the Prisma schema. */
  readonly prisma: string;
  readonly sql: string;
  /** What events do not say of its rows: fields that are left out, and texts that stand for all values of others. */
  readonly capture?: { readonly omit?: readonly string[]; readonly mask?: Readonly<Record<string, string>> };
}

/** A call of Prisma as data. */
export interface FixtureCall {
  /** The model; defaults to the first table of the case. */
  readonly model?: string;
  readonly method: string;
  readonly args: object;
  /** What values of `args` stand for, in the form of an event's `types`. */
  readonly types?: TypeHint;
}

/** The columns of `event_bus.events` that an engine decides about; the others are the database's own. */
export interface ExpectedEvent {
  readonly name: string;
  readonly version: number;
  readonly aggregate_type: string;
  readonly aggregate_key: string;
  readonly operation: string;
  readonly source_schema: string;
  readonly aggregate: Readonly<Record<string, unknown>>;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly initial_data: Readonly<Record<string, unknown>>;
  readonly types: Readonly<Record<string, unknown>> | null;
}

/** One operation, and the events that every engine stores for it. */
export interface EnvelopeCase {
  readonly title: string;
  readonly tables: readonly string[];
  /** Statements that nobody captures. */
  readonly setup: readonly string[];
  /** The operation as a call of Prisma. */
  readonly prisma: FixtureCall;
  /** The same operation as SQL. */
  readonly sql: string;
  readonly events: readonly ExpectedEvent[];
  /** Prisma cannot read the rows: they have values that its types have no room for. */
  readonly isUnreadable?: boolean;
}

/** A file of fixtures as its parsed JSON. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readText(name)) as T;
}

export function readText(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
}
