import { quoteIdentifier } from "./schema-names.js";

/** A table as SQL has to name it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * How a column is asked for: as it is, or in a form that the driver reads for what it is.
 *
 * - `text`: enums, and whatever is not known.
 * - `amount`: money, of which the text has the currency and the separators of the server's locale.
 * - `list`, `exact list`, `list of amounts`: the JSON of a list, in which items may be null or lists; exact where a number of
 *   JSON would lose digits.
 */
export type ColumnForm = "plain" | "text" | "amount" | "list" | "exact list" | "list of amounts";

/** What is read of a row. */
export interface RowColumns {
  /** In the answer, the nth is `c<n>`: names of columns and fields can be longer than PostgreSQL keeps them. */
  readonly columns: readonly { readonly column: string; readonly form: ColumnForm }[];
  /** Columns whose text is wanted too, to the last digit: the nth is `x<n>`. */
  readonly exact: readonly string[];
  /** Whether to read the row's {@link TUPLE_ID}. The rows of views have none. */
  readonly hasTupleIds?: boolean;
}

/**
 * Where the row is: the number of the table that it is in, a partition for example, and its `ctid` there in parentheses.
 * One column, since each costs something for every row.
 */
export const TUPLE_ID = "tuple_id";

/** The columns of a select of `t`. */
export function selectList(row: RowColumns): string {
  const list = row.columns.map(
    ({ column, form }, n) => `${inForm(`t.${quoteIdentifier(column)}`, form)} as c${n}`,
  );
  row.exact.forEach((column, n) => {
    list.push(`t.${quoteIdentifier(column)}::pg_catalog.text as x${n}`);
  });
  if (row.hasTupleIds === true) list.push(`pg_catalog.concat(t.tableoid, t.ctid) as ${TUPLE_ID}`);
  return list.join(", ");
}

/** The names in the answer to a {@link selectList}. */
export function selectedNames(row: RowColumns): readonly string[] {
  return [
    ...row.columns.map((_, n) => `c${n}`),
    ...row.exact.map((_, n) => `x${n}`),
    ...(row.hasTupleIds === true ? [TUPLE_ID] : []),
  ];
}

function inForm(value: string, form: ColumnForm): string {
  switch (form) {
    case "plain":
      return value;
    case "text":
      return `${value}::pg_catalog.text`;
    case "amount":
      return `${value}::pg_catalog.numeric`;
    case "list":
      return `pg_catalog.to_jsonb(${value})::pg_catalog.text`;
    case "exact list":
      return `pg_catalog.to_jsonb(${value}::pg_catalog.text[])::pg_catalog.text`;
    case "list of amounts":
      return `pg_catalog.to_jsonb(${value}::pg_catalog.numeric[]::pg_catalog.text[])::pg_catalog.text`;
  }
}

/** Whether a `Date` can be made of a moment as drivers read it. Asked of its text: the column may be of another type. */
export function isWithinDates(value: string): string {
  const text = `${value}::pg_catalog.text`;
  return `(${text} like '____-__-__%' and ${text} not like '%BC')`;
}
