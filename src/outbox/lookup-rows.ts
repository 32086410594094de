import type { Executor } from "./executor.js";
import { type ColumnRead, type LockStrength, selectList, type TableName } from "./lock-row.js";
import { quoteIdentifier } from "./schema-names.js";

/** Which rows of a table are looked up, and how. */
export interface Lookup {
  readonly table: TableName;
  readonly columns: readonly ColumnRead[];
  /** Columns that must have given values; none for all rows. */
  readonly match: readonly string[];
  /** Columns by which the rows are ordered, and locked in that order. */
  readonly order: readonly string[];
  /** Undefined: they are not locked. */
  readonly lock?: LockStrength | undefined;
  /** Only rows that the running transaction wrote. */
  readonly ownOnly?: boolean | undefined;
  /** Whether a second parameter says how many rows to find at most. */
  readonly isLimited?: boolean | undefined;
}

/** Values of the columns of `match`, each as the text of its type. */
export type LookupKey = readonly string[];

/** In the answer: by which of the keys a row was found, counted from zero. */
export const KEY_INDEX = "ex_event_bus_key";

/** How many keys one statement looks up. */
export const KEYS_PER_LOOKUP = 5_000;

// A row that is seen and was not written by a transaction that this statement sees as ended is our own: then its
// transaction, or the savepoint of ours that wrote it, is still in progress. Frozen rows keep the number of their
// transaction, which may look like one of the future by now: they are taken for our own. Asking twice tells them apart.
const OWN = /* sql */ `(
  select case when o.n < o.own then false
              when o.n >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint then true
              else pg_xact_status(o.n::text::xid8) = 'in progress' end
    from (select pg_current_xact_id()::text::bigint as own,
                 pg_current_xact_id()::text::bigint + age(pg_current_xact_id()::xid)::bigint - age(f.ex_event_bus_xmin) as n) o)`;

/** The statement of a {@link Lookup}: one parameter holds all keys, in the types of the table's own columns. */
export function lookupStatement({ table, columns, match, order, lock, ownOnly, isLimited }: Lookup): string {
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)}`;
  const conditions = match.map((column) => `t.${quoteIdentifier(column)} = k.${quoteIdentifier(column)}`);
  if (conditions.length === 0) conditions.push("true");
  const source = `jsonb_populate_recordset(null::${name}, $1::jsonb) with ordinality k join ${name} t on ${conditions.join(" and ")}`;
  const index = `(k.ordinality - 1)::integer as ${KEY_INDEX}`;
  if (ownOnly === true) {
    // Asked of the rows that are found only, which the offset sees to: of every row of the table it would take long.
    const found = `select ${index}, t.xmin as ex_event_bus_xmin, ${selectList(columns, "t.")} from ${source} offset 0`;
    const aliases = columns.map(({ as }) => `f.${quoteIdentifier(as)}`);
    const keys = columns
      .filter(({ column }) => order.includes(column))
      .map(({ as }) => `f.${quoteIdentifier(as)}`);
    return `select f.${KEY_INDEX}, ${aliases.join(", ")} from (${found}) f where ${OWN} order by ${keys.join(", ")}`;
  }
  const ordered = order.map((column) => `t.${quoteIdentifier(column)}`);
  const limit = isLimited === true ? " limit $2" : "";
  const locking = lock === undefined ? "" : ` for ${lock} of t`;
  return `select ${index}, ${selectList(columns, "t.")} from ${source} order by ${ordered.join(", ")}${limit}${locking}`;
}

/**
 * Runs a {@link lookupStatement} for any number of keys.
 *
 * @param most how many rows to find at most, for a statement that is limited.
 */
export async function lookupRows(
  executor: Executor,
  sql: string,
  match: readonly string[],
  keys: readonly LookupKey[],
  most?: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  for (let from = 0; from < keys.length; from += KEYS_PER_LOOKUP) {
    const some = keys.slice(from, from + KEYS_PER_LOOKUP);
    const objects = some.map((texts) => Object.fromEntries(match.map((column, at) => [column, texts[at]])));
    const values = [JSON.stringify(objects), ...(most === undefined ? [] : [most - found.length])];
    const rows = await executor.query<Record<string, unknown>>(sql, values);
    for (const row of rows) found.push({ ...row, [KEY_INDEX]: Number(row[KEY_INDEX]) + from });
  }
  return found;
}
