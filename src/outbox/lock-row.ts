import type { Executor, SqlValue } from "./executor.js";
import { quoteIdentifier, quoteText } from "./schema-names.js";

/** A table as SQL has to name it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column and the name under which its value is returned. */
export interface ColumnRead {
  readonly column: string;
  readonly as: string;
  /** For types that the driver does not know, or reads otherwise than Prisma: enums, money, and lists of them. */
  readonly castTo?: "text" | "text[]" | "numeric" | "numeric[]";
}

/** A column and the value that it must have, as the text of that type. */
export interface ColumnMatch {
  readonly column: string;
  readonly text: string;
}

/**
 * `no key update` lets others insert rows that refer to this one; `update` is for a row that goes or gets
 * another key, where PostgreSQL will take that lock anyway.
 */
export type LockStrength = "no key update" | "update";

/**
 * The statement that reads a row and locks it. Parameters have no type of their own, so that PostgreSQL takes
 * them for what the columns are and can use their indexes.
 */
export function lockRowStatement(
  table: TableName,
  columns: readonly ColumnRead[],
  match: readonly string[],
  strength: LockStrength,
): string {
  const conditions = match.map((column, index) => `${quoteIdentifier(column)} = $${index + 1}`);
  return (
    `select ${selectList(columns)} from ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} ` +
    `where ${conditions.join(" and ")} for ${strength}`
  );
}

/** The columns of a select. */
export function selectList(columns: readonly ColumnRead[], prefix = ""): string {
  const list = columns.map(({ column, as, castTo }) => {
    const value = `${prefix}${quoteIdentifier(column)}`;
    return `${castTo === undefined ? value : `${value}::${castTo}`} as ${quoteIdentifier(as)}`;
  });
  return list.join(", ");
}

/** Runs a {@link lockRowStatement}. Undefined when there is no such row. */
export async function lockRow<Row extends object>(
  executor: Executor,
  sql: string,
  values: readonly SqlValue[],
): Promise<Row | undefined> {
  const [row] = await executor.query<Row>(sql, values);
  return row;
}

/**
 * How many rows of a table the running transaction has inserted and updated, as PostgreSQL itself counts. What was
 * inserted and taken back does not count: `on conflict` does so when another transaction inserts at the same moment.
 */
export interface TableCounters {
  readonly inserted: bigint | string;
  readonly updated: bigint | string;
}

function countersOf(table: TableName): string {
  const oid = quoteText(`${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)}`);
  return (
    `pg_stat_get_xact_tuples_inserted(${oid}::regclass) - pg_stat_get_xact_tuples_deleted(${oid}::regclass) as inserted, ` +
    `pg_stat_get_xact_tuples_updated(${oid}::regclass) as updated`
  );
}

/** The counters of a table. */
export function countersStatement(table: TableName): string {
  return `select ${countersOf(table)}`;
}

const COUNTERS_OF_TABLES = /* sql */ `
select pg_stat_get_xact_tuples_inserted(t.name::regclass) as inserted,
       pg_stat_get_xact_tuples_updated(t.name::regclass) as updated
  from unnest($1::text[]) with ordinality t(name, n) order by t.n`;

/**
 * The counters of several tables. Rows that were deleted again count as inserted here, as do those that `on conflict`
 * took back.
 */
export function tableCounters(
  executor: Executor,
  tables: readonly TableName[],
): Promise<readonly TableCounters[]> {
  const names = tables.map(({ schema, table }) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`);
  return executor.query<TableCounters>(COUNTERS_OF_TABLES, [names]);
}

/** Whether a row was found, in the answer to {@link lockRowWithCounters}. */
export const FOUND = "ex_event_bus_found";

/** A {@link lockRowStatement} that brings the table's counters along: one row, also when there is none to lock. */
export function lockRowWithCounters(lock: string, table: TableName): string {
  return `select ${countersOf(table)}, r.* from (select) s left join lateral (${lock.replace("select ", `select true as ${FOUND}, `)}) r on true`;
}

/** A statement that always fails, so that PostgreSQL refuses to commit the transaction (or savepoint) around it. */
export const ABORT = raise("events could not be published", "EB000");

/** The same as a serialization failure. */
export const ABORT_FOR_RETRY = raise("another transaction changed the row meanwhile", "40001");

function raise(message: string, state: string): string {
  return `do $$ begin raise exception 'ex-event-bus: ${message}' using errcode = '${state}'; end $$`;
}
