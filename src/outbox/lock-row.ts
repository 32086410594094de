import type { Executor } from "./executor.js";
import { type RowColumns, selectList, type TableName } from "./row-columns.js";
import { quoteIdentifier, quoteText } from "./schema-names.js";

/**
 * `no key update` lets others insert rows that refer to this one; `update` is for a row that goes or gets
 * another key, where PostgreSQL will take that lock anyway.
 */
export type LockStrength = "no key update" | "update";

/**
 * The statement that reads a row and locks it: it finds one row, or none. Parameters have no type of their own, so that
 * PostgreSQL takes them for what the columns are, as it does in the statements of Prisma, and can use their indexes.
 *
 * @param strength undefined: the row is read only.
 */
export function lockRowStatement(
  table: TableName,
  columns: RowColumns,
  match: readonly string[],
  strength: LockStrength | undefined,
): string {
  const conditions = match.map((column, index) => `t.${quoteIdentifier(column)} = $${index + 1}`);
  return (
    `select ${selectList(columns)} from ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} t ` +
    `where ${conditions.join(" and ")}${strength === undefined ? "" : ` for ${strength} of t`}`
  );
}

/** What the running transaction has done to a table until now, as PostgreSQL itself counts. */
export interface TableCounters {
  readonly ex_event_bus_inserted: bigint | string;
  readonly ex_event_bus_updated: bigint | string;
  readonly ex_event_bus_deleted: bigint | string;
  /** False where PostgreSQL does not count, or not under this name: track_counts off, tables that others inherit, views. */
  readonly ex_event_bus_counts: boolean;
}

const COUNTED = ["inserted", "updated", "deleted"] as const;

/** What {@link countersOf} counts. */
export type Counted = (typeof COUNTED)[number];

/** How much more was counted. */
export function countedSince(before: TableCounters, after: TableCounters, what: Counted): bigint {
  return BigInt(after[`ex_event_bus_${what}`]) - BigInt(before[`ex_event_bus_${what}`]);
}

/** PostgreSQL counts for each partition alone. The names are none of a model's fields, which are in the same answer. */
function countersOf(table: string): string {
  const columns = COUNTED.map((what) => {
    const count = (of: string) => `pg_catalog.pg_stat_get_xact_tuples_${what}(${of}::pg_catalog.oid)`;
    return `coalesce((select pg_catalog.sum(${count("p.relid")})::bigint from pg_catalog.pg_partition_tree(${table}) p), ${count(table)}) as ex_event_bus_${what}`;
  });
  const isCounted = `exists (select from pg_catalog.pg_class c where c.oid = ${table}::pg_catalog.oid and (c.relkind = 'p' or c.relkind = 'r' and not c.relhassubclass))`;
  return `${columns.join(", ")}, pg_catalog.current_setting('track_counts')::pg_catalog.bool and ${isCounted} as ex_event_bus_counts`;
}

function oidOf({ schema, table }: TableName): string {
  return `${quoteText(`${quoteIdentifier(schema)}.${quoteIdentifier(table)}`)}::regclass`;
}

/** The counters of a table. */
export function countersStatement(table: TableName): string {
  return `select ${countersOf(oidOf(table))}`;
}

const COUNTERS_OF_TABLES = `select ${countersOf("t.name::regclass")} from pg_catalog.unnest($1::text[]) with ordinality t(name, n) order by t.n`;

/** The counters of several tables. */
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
  return `select ${countersOf(oidOf(table))}, r.* from (select) s left join lateral (${lock.replace("select ", `select true as ${FOUND}, `)}) r on true`;
}

/** A statement that always fails, so that PostgreSQL refuses to commit the transaction (or savepoint) around it. */
export const ABORT = raise("events could not be published", "EB000");

/** The same as a serialization failure. */
export const ABORT_FOR_RETRY = raise("another transaction changed the row meanwhile", "40001");

function raise(message: string, state: string): string {
  return `do $$ begin raise exception 'ex-event-bus: ${message}' using errcode = '${state}'; end $$`;
}
