import type { Executor, SqlValue } from "./executor.js";
import { quoteIdentifier } from "./schema-names.js";

/** A table as SQL has to name it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column and the name under which its value is returned. */
export interface ColumnRead {
  readonly column: string;
  readonly as: string;
  /** For enums and lists of enums, of which the driver does not know the type. */
  readonly castTo?: "text" | "text[]";
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
  const list = columns.map(({ column, as, castTo }) => {
    const value = castTo === undefined ? quoteIdentifier(column) : `${quoteIdentifier(column)}::${castTo}`;
    return `${value} as ${quoteIdentifier(as)}`;
  });
  const conditions = match.map((column, index) => `${quoteIdentifier(column)} = $${index + 1}`);
  return (
    `select ${list.join(", ")} from ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} ` +
    `where ${conditions.join(" and ")} for ${strength}`
  );
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

/** A statement that always fails, so that PostgreSQL refuses to commit the transaction (or savepoint) around it. */
export const ABORT =
  "do $$ begin raise exception 'ex-event-bus: events could not be published' using errcode = 'EB000'; end $$";
