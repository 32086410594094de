import type { Executor } from "./executor.js";
import type { LockStrength } from "./lock-row.js";
import { isWithinDates, type RowColumns, selectedNames, selectList, type TableName } from "./row-columns.js";
import { quoteIdentifier } from "./schema-names.js";

/** A column that must have a given value. */
export interface LookupColumn {
  readonly column: string;
  /** The name of the type in SQL. */
  readonly type: string;
  /** Whether values in the same millisecond are equal. The offset of a time is ignored then. */
  readonly isByMillisecond?: boolean;
  /** Whether the column has an index. */
  readonly isIndexed?: boolean;
}

/** Selects rows of a table, and says how they are read. */
export interface Lookup {
  readonly table: TableName;
  readonly columns: RowColumns;
  /** Columns that must have given values; none for all rows. `"tuple id"`: rows that had given tuple ids before. */
  readonly match: readonly LookupColumn[] | "tuple id";
  /** Columns whose moments must be out of the range of `Date`. */
  readonly beyond?: readonly string[];
  /** The columns by which the rows are ordered. They are locked in this order. */
  readonly order: readonly string[];
  /** Defaults to no lock. */
  readonly lock?: LockStrength | undefined;
  /** Only rows that the running transaction wrote. */
  readonly ownOnly?: boolean | undefined;
  /** Whether the statement has a further parameter: the greatest number of rows. */
  readonly isLimited?: boolean | undefined;
  /** Whether there is one key only. PostgreSQL then need not plan a join. */
  readonly isOfOneKey?: boolean | undefined;
  /** Whether the caller does not need {@link KEY_INDEX}, so that the answer may lack it. */
  readonly isOfAnyKey?: boolean | undefined;
}

/** Values of the columns of `match`, each as the text of its type; or the OID of a table, and a `ctid` in it. */
export type LookupKey = readonly string[];

/** The column of the answer that has the index of the key that found the row, from zero. */
export const KEY_INDEX = "ex_event_bus_key";

/** How many keys one statement looks up. */
const KEYS_PER_LOOKUP = 5_000;

// True if the running transaction wrote the row. A statement sees a row only if the transaction that wrote it has ended, or is the
// running one. So the row is our own if the transaction or savepoint that wrote it is still in progress. Frozen rows keep the number
// of their transaction, which by now may look like a number of the future: they are wrongly taken for our own. The caller tells them
// apart by asking twice.
const OWN = /* sql */ `(
  select case when o.n < o.own then false
              when o.n >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint then true
              else pg_catalog.pg_xact_status(o.n::text::xid8) = 'in progress' end
    from (select pg_catalog.pg_current_xact_id()::text::bigint as own,
                 pg_catalog.pg_current_xact_id()::text::bigint + pg_catalog.age(pg_catalog.pg_current_xact_id()::xid)::bigint - pg_catalog.age(f.ex_event_bus_xmin) as n) o)`;

/** The statement of a {@link Lookup}. It has one parameter for each column of `match`: a text if there is one key, else an array. */
export function lookupStatement(lookup: Lookup): string {
  const { table, columns, match, beyond = [], order, lock, ownOnly, isLimited } = lookup;
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} t`;
  const parameters = match === "tuple id" ? 2 : match.length;
  const keys = match === "tuple id" ? MOVED : keysTable(parameters, lookup.isOfOneKey === true);
  const own = match === "tuple id" ? [HAS_TUPLE_ID] : match.map((column, n) => matches(column, `k.k${n}`));
  const conditions = [...own, ...beyond.map(isBeyondDates)];
  const where = conditions.length === 0 ? "true" : conditions.join(" and ");
  const indexOf = (row: string) => `(${row}.ordinality - 1)::pg_catalog.int4 as ${KEY_INDEX}`;
  const limit = isLimited === true ? ` limit $${parameters + 1}` : "";
  if (lock !== undefined) {
    const by = order.map((column) => `t.${quoteIdentifier(column)}`);
    const list = listOf(lookup);
    if (list !== undefined) {
      const among = [list, ...conditions.slice(1)].join(" and ");
      return `select ${selectList(columns)} from ${name} where ${among}${orderedBy(by)}${limit} for ${lock} of t`;
    }
    return `select ${indexOf("k")}, ${selectList(columns)} from ${keys} join ${name} on ${where}${orderedBy(by)}${limit} for ${lock} of t`;
  }
  // Only rows that were found are checked for being our own. To check every row of the table would take long.
  const sorted = order.map((column, n) => `t.${quoteIdentifier(column)} as o${n}`);
  const version = ownOnly === true ? ["t.xmin as ex_event_bus_xmin"] : [];
  const read = [...version, selectList(columns), ...sorted].join(", ");
  // An older snapshot can show two rows with one unique key. PostgreSQL would stop at the first one; "offset 0" prevents that.
  // Without an index, PostgreSQL would read the table once for each key, and no unique index can make it stop early.
  const found = isReadAtOnce(lookup)
    ? `(select k.ordinality, ${read} from ${keys} join ${name} on ${where} offset 0) f`
    : `${keys} cross join lateral (select ${read} from ${name} where ${where} offset 0) f`;
  const selected = [
    indexOf(isReadAtOnce(lookup) ? "f" : "k"),
    ...selectedNames(columns).map((one) => `f.${one}`),
  ].join(", ");
  const condition = ownOnly === true ? ` where ${OWN}` : "";
  return `select ${selected} from ${found}${condition}${orderedBy(order.map((_, n) => `f.o${n}`))}${limit}`;
}

/** Whether all keys are searched in one pass over the table. */
function isReadAtOnce({ match }: Lookup): boolean {
  return match !== "tuple id" && match.length > 0 && match.every(({ isIndexed }) => isIndexed === false);
}

const HAS_TUPLE_ID = "t.ctid = k.tuple_id and t.tableoid = k.tuple_table";

function orderedBy(columns: readonly string[]): string {
  return columns.length === 0 ? "" : ` order by ${columns.join(", ")}`;
}

/** For these types, PostgreSQL plans and searches a list in half the time of a join. */
const LISTED: ReadonlySet<string> = new Set(["pg_catalog.int8", "pg_catalog.uuid", "pg_catalog.text"]);

/** The condition for any of the keys as a list; undefined if a list cannot express it. */
function listOf({ match, isOfOneKey, isOfAnyKey }: Lookup): string | undefined {
  const [only] = match;
  if (isOfAnyKey !== true || isOfOneKey === true || match.length !== 1 || typeof only !== "object")
    return undefined;
  if (only.isByMillisecond === true || !LISTED.has(only.type)) return undefined;
  return `t.${quoteIdentifier(only.column)} = any($1::pg_catalog.text[]::${only.type}[])`;
}

function keysTable(columns: number, isOfOneKey: boolean): string {
  const numbers = Array.from({ length: columns }, (_, n) => n);
  if (isOfOneKey || columns === 0) {
    const texts = numbers.map((n) => `, $${n + 1}::pg_catalog.text as k${n}`).join("");
    return `(select 1::pg_catalog.int8 as ordinality${texts}) k`;
  }
  const arrays = numbers.map((n) => `pg_catalog.unnest($${n + 1}::pg_catalog.text[])`).join(", ");
  return `rows from (${arrays}) with ordinality k(${numbers.map((n) => `k${n}`).join(", ")}, ordinality)`;
}

/**
 * The present tuple ids of rows that had given tuple ids before. PostgreSQL follows the chain of a row's versions, whatever its key
 * is now. A deleted row keeps its tuple id, and no statement sees it. Tuple ids stay as they are in partitions that the role may
 * not read directly. A row that moves to another partition is another row to PostgreSQL.
 */
const MOVED = /* sql */ `(
  select p.ordinality, p.tuple_table::pg_catalog.oid as tuple_table,
         case when pg_catalog.has_table_privilege(p.tuple_table::pg_catalog.oid, 'select')
              then pg_catalog.currtid2(p.tuple_table::pg_catalog.oid::pg_catalog.regclass::pg_catalog.text, p.tuple_id::pg_catalog.tid)
              else p.tuple_id::pg_catalog.tid end as tuple_id
    from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
         with ordinality p(tuple_table, tuple_id, ordinality)
  offset 0) k`;

function isBeyondDates(column: string): string {
  return `not (${isWithinDates(`t.${quoteIdentifier(column)}`)})`;
}

function matches({ column, type, isByMillisecond }: LookupColumn, text: string): string {
  // Prisma ignores the offset of a time, so times that differ only in it are equal.
  const [cast, as] = isByMillisecond === true && type === TIMETZ ? [`::${TIME}`, TIME] : ["", type];
  const own = `t.${quoteIdentifier(column)}${cast}`;
  // PostgreSQL would read the text of an amount with the separators of the server's locale.
  const value = type === MONEY ? `${text}::pg_catalog.numeric::${type}` : `${text}::${as}`;
  if (isByMillisecond !== true) return `${own} = ${value}`;
  // Not "before the next millisecond": a time after the last millisecond of a day would be the start of the day.
  return `${own} between ${value} and greatest(${value}, ${value} + interval '999 microseconds')`;
}

const TIME = "pg_catalog.time";
const TIMETZ = "pg_catalog.timetz";
const MONEY = "pg_catalog.money";

/**
 * Runs a {@link lookupStatement} for any number of keys.
 *
 * @param most the greatest number of rows, if the statement has that parameter.
 */
export async function lookupRows(
  executor: Executor,
  { sql, isOfOneKey }: { readonly sql: string; readonly isOfOneKey: boolean },
  keys: readonly LookupKey[],
  most?: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  for (let from = 0; from < keys.length; from += KEYS_PER_LOOKUP) {
    const some = keys.slice(from, from + KEYS_PER_LOOKUP);
    const [first = []] = some;
    const texts = isOfOneKey ? first : first.map((_, n) => some.map((one) => one[n] ?? ""));
    const values = [...texts, ...(most === undefined ? [] : [most - found.length])];
    const rows = await executor.query<Record<string, unknown>>(sql, values);
    if (some.length === keys.length) return rows;
    for (const row of rows) found.push({ ...row, [KEY_INDEX]: Number(row[KEY_INDEX] ?? 0) + from });
  }
  return found;
}
