import type { TypeHint } from "../../src/codec/type-hint.js";
import { type EnvelopeCase, type ExpectedEvent, type FixtureTable, readFixture } from "./envelope-case.js";

/** A type of columns, from fixtures/types.json. */
export interface ColumnType {
  /** The model with values of it. */
  readonly model: string;
  /** The type and its attributes in the Prisma schema. */
  readonly prisma: string;
  readonly sql: string;
  /** False: PostgreSQL has no unique index of it. Defaults to true. */
  readonly key?: boolean;
  /** Prisma takes it in no `@id`, only as `@unique`. */
  readonly alone?: boolean;
  /** False: Prisma can neither read nor write lists of it. Defaults to true. */
  readonly list?: boolean;
  readonly values: readonly ColumnValue[];
  /** Texts of values that PostgreSQL or SQL tell apart, and events do not: from the first to the second nothing changes. */
  readonly same?: readonly (readonly [string, string])[];
}

/** A value of a column, and what events say of it. */
export interface ColumnValue {
  /** As PostgreSQL reads it. */
  readonly text: string;
  readonly json: unknown;
  readonly hint?: TypeHint;
  /** As a key; defaults to `json` where that is a text, else to the text of `json`. Null: Prisma cannot find rows by it. */
  readonly key?: string | null;
  /** False: Prisma cannot write it. Defaults to true. */
  readonly write?: boolean;
  /** False: Prisma cannot read it. Defaults to true. */
  readonly read?: boolean;
}

export const columnTypes = readFixture<readonly ColumnType[]>("types.json");

/** The key of a row that has the value as its key. */
export function keyOf({ key, json }: ColumnValue): string | null {
  return key !== undefined ? key : typeof json === "string" ? json : JSON.stringify(json);
}

const hasKey = ({ key }: ColumnType) => key !== false;
const hasList = ({ list }: ColumnType) => list !== false;

/** An SQL statement that inserts a row with a value, and with a list of it. */
function insertOf(type: ColumnType, text: string, list: boolean): string {
  const value = literal(type, text);
  if (!hasList(type)) return `insert into "${type.model}" (id, value) values (1, ${value})`;
  const items = list ? `array[${value}]::${type.sql}[]` : "'{}'";
  return `insert into "${type.model}" (id, value, list) values (1, ${value}, ${items})`;
}

/** The fields of that row. */
function rowOf(type: ColumnType, { json }: ColumnValue, list: boolean): Readonly<Record<string, unknown>> {
  return { id: 1, value: json, ...(hasList(type) ? { list: list ? [json] : [] } : {}) };
}

/** Of each type two tables: with values and lists of it, and with a key of it. */
export const typeTables: readonly FixtureTable[] = columnTypes.flatMap((type) => {
  const { model, sql, alone } = type;
  const [prisma = "", ...attributes] = type.prisma.split(" @");
  const of = (suffix: string) => [prisma + suffix, ...attributes].join(" @");
  const values: FixtureTable = {
    model,
    prisma: `model ${model} {\n  id Int @id\n  value ${of("?")}${hasList(type) ? `\n  list ${of("[]")}` : ""}\n  note String?\n}`,
    sql: `create table "${model}" (id int primary key, value ${sql}${hasList(type) ? `, list ${sql}[]` : ""}, note text)`,
  };
  const keys: FixtureTable = {
    model: `${model}Key`,
    prisma: `model ${model}Key {\n  key ${of("")} ${alone === true ? "@unique" : "@id"}\n  note String?\n}`,
    sql: `create table "${model}Key" (key ${sql} not null unique, note text)`,
  };
  return hasKey(type) ? [values, keys] : [values];
});

/** Every case of every type. */
export const typeCases: readonly EnvelopeCase[] = columnTypes.flatMap((type) => [
  ...type.values.map((value) => (value.write === false ? foundCase(type, value) : createCase(type, value))),
  ...type.values.slice(1).flatMap((value, n) => {
    const before = type.values[n];
    return before === undefined || value.write === false ? [] : [updateCase(type, before, value)];
  }),
  ...(type.same ?? []).map((texts) => sameCase(type, texts)),
  ...(hasKey(type) ? type.values.flatMap((value) => keyCase(type, value)) : []),
]);

function createCase(type: ColumnType, value: ColumnValue): EnvelopeCase {
  const { model: name } = type;
  const row = rowOf(type, value, true);
  const hints = hintsOf(type, value);
  return {
    title: `${title(type, value)} in a new row`,
    tables: [name],
    setup: [],
    prisma: {
      method: "create",
      args: { data: row },
      ...(hints === undefined ? {} : { types: { data: hints } }),
    },
    sql: insertOf(type, value.text, true),
    events: [
      event(name, "1", "create", {
        aggregate: { ...row, note: null },
        changes: row,
        initial_data: Object.fromEntries(Object.keys(row).map((field) => [field, null])),
        types: typesOf({ aggregate: hints, changes: hints }),
      }),
    ],
  };
}

/** Prisma cannot write it: it is there already, and another field changes. */
function foundCase(type: ColumnType, value: ColumnValue): EnvelopeCase {
  const { model: name } = type;
  return {
    title: `${title(type, value)} in a row that is changed`,
    tables: [name],
    setup: [insertOf(type, value.text, true)],
    prisma: { method: "update", args: { where: { id: 1 }, data: { note: "n" }, select: { id: true } } },
    sql: `update "${name}" set note = 'n' where id = 1`,
    events: [
      event(name, "1", "update", {
        aggregate: { ...rowOf(type, value, true), note: "n" },
        changes: { note: "n" },
        initial_data: { note: null },
        types: typesOf({ aggregate: hintsOf(type, value) }),
      }),
    ],
    isUnreadable: value.read === false,
  };
}

function updateCase(type: ColumnType, before: ColumnValue, value: ColumnValue): EnvelopeCase {
  const { model: name } = type;
  const hint = value.hint === undefined ? undefined : { value: value.hint };
  return {
    title: `${title(type, value)} in place of ${JSON.stringify(before.text)}`,
    tables: [name],
    setup: [insertOf(type, before.text, false)],
    prisma: {
      method: "update",
      args: { where: { id: 1 }, data: { value: value.json } },
      ...(hint === undefined ? {} : { types: { data: hint } }),
    },
    sql: `update "${name}" set value = ${literal(type, value.text)} where id = 1`,
    events: [
      event(name, "1", "update", {
        aggregate: { ...rowOf(type, value, false), note: null },
        changes: { value: value.json },
        initial_data: { value: before.json },
        types: typesOf({
          aggregate: hint,
          changes: hint,
          initialData: before.hint === undefined ? undefined : { value: before.hint },
        }),
      }),
    ],
  };
}

function sameCase(type: ColumnType, [before, after]: readonly [string, string]): EnvelopeCase {
  const { model: name, prisma } = type;
  const isJson = prisma.startsWith("Json");
  const isNumber = prisma.startsWith("Float");
  const value: unknown = isJson || isNumber ? JSON.parse(after) : after;
  return {
    title: `${prisma} ${JSON.stringify(after)} in place of ${JSON.stringify(before)}: the same`,
    tables: [name],
    setup: [insertOf(type, before, false)],
    prisma: {
      method: "update",
      args: { where: { id: 1 }, data: { value } },
      ...(prisma.startsWith("DateTime") ? { types: { data: { value: "datetime" } } } : {}),
    },
    sql: `update "${name}" set value = ${literal(type, after)} where id = 1`,
    events: [],
  };
}

function keyCase(type: ColumnType, value: ColumnValue): readonly EnvelopeCase[] {
  const name = `${type.model}Key`;
  const key = keyOf(value);
  if (key === null) return [];
  const one: EnvelopeCase = {
    title: `${title(type, value)} as a key`,
    tables: [name],
    setup: [`insert into "${name}" (key) values (${literal(type, value.text)})`],
    prisma: { method: "updateMany", args: { data: { note: "n" } } },
    sql: `update "${name}" set note = 'n'`,
    events: [
      event(name, key, "update", {
        aggregate: { key: value.json, note: "n" },
        changes: { note: "n" },
        initial_data: { note: null },
        types: typesOf({ aggregate: value.hint === undefined ? undefined : { key: value.hint } }),
      }),
    ],
    isUnreadable: value.read === false,
  };
  return [one];
}

function title({ prisma }: ColumnType, { text }: ColumnValue): string {
  return `${prisma} ${JSON.stringify(text)}`;
}

function literal({ sql }: ColumnType, text: string): string {
  return `'${text.replaceAll("'", "''")}'::${sql}`;
}

function hintsOf(type: ColumnType, { hint }: ColumnValue): TypeHint | undefined {
  if (hint === undefined) return undefined;
  return hasList(type) ? { value: hint, list: [hint] } : { value: hint };
}

/** Parts without hints are left out; without any there are no types. */
function typesOf(parts: Readonly<Record<string, TypeHint | undefined>>): ExpectedEvent["types"] {
  const hinted = Object.entries(parts).filter(([, hint]) => hint !== undefined);
  return hinted.length === 0 ? null : Object.fromEntries(hinted);
}

function event(
  model: string,
  key: string,
  operation: string,
  parts: Pick<ExpectedEvent, "aggregate" | "changes" | "initial_data" | "types">,
): ExpectedEvent {
  return {
    name: `${model}.${operation}`,
    version: 1,
    aggregate_type: model,
    aggregate_key: key,
    operation,
    source_schema: "public",
    ...parts,
  };
}
