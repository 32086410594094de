import type { Executor, SqlValue } from "./executor.js";
import { type ColumnRead, type LockStrength, selectList, type TableName } from "./lock-row.js";
import { quoteIdentifier } from "./schema-names.js";

/** Which rows to read, and how. */
export interface RowsRead {
  readonly table: TableName;
  readonly columns: readonly ColumnRead[];
  /** The columns whose values say which rows. */
  readonly by: readonly string[];
  /** The columns that the rows are sorted by: in this order they are locked too. */
  readonly orderBy: readonly string[];
  /** Undefined: the rows are read only. */
  readonly lock: LockStrength | undefined;
}

/**
 * The statement that reads rows by the values of some columns, and locks them in order, so that two of such
 * statements cannot block each other. As many rows as wanted, with one parameter: {@link rowsParameter}.
 *
 * The parameter gets its types from the table, so that PostgreSQL can use the table's indexes.
 */
export function readRowsStatement({ table, columns, by, orderBy, lock }: RowsRead): string {
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)}`;
  const [only = ""] = by.map(quoteIdentifier);
  const source =
    by.length === 1
      ? `${name} t where t.${only} = any($1)`
      : `${name} t join jsonb_populate_recordset(null::${name}, $1::jsonb) k on ` +
        by.map((column) => `t.${quoteIdentifier(column)} = k.${quoteIdentifier(column)}`).join(" and ");
  const order = orderBy.map((column) => `t.${quoteIdentifier(column)}`).join(", ");
  return (
    `select ${selectList(columns, "t.")} from ${source}` +
    `${order === "" ? "" : ` order by ${order}`}${lock === undefined ? "" : ` for ${lock} of t`}`
  );
}

/** The parameter of a {@link readRowsStatement}: the values of its `by`, as the texts of their types. */
export function rowsParameter(by: readonly string[], values: readonly (readonly string[])[]): SqlValue {
  if (by.length === 1) return values.map(([text = ""]) => text);
  return JSON.stringify(
    values.map((texts) => Object.fromEntries(by.map((column, index) => [column, texts[index]]))),
  );
}

/** Runs a {@link readRowsStatement}. */
export function readRows<Row extends object>(
  executor: Executor,
  sql: string,
  parameter: SqlValue,
): Promise<readonly Row[]> {
  return executor.query<Row>(sql, [parameter]);
}
