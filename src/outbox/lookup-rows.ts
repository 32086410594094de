import type { Executor } from "./executor.js";
import type { LockStrength } from "./lock-row.js";
import { isWithinDates, type RowColumns, selectedNames, selectList, type TableName } from "./row-columns.js";
import { quoteIdentifier } from "./schema-names.js";

/** A column that must have a given value. */
export interface LookupColumn {
  readonly column: string;
  /** As SQL names it. */
  readonly type: string;
  /** Whether values of it that lie in the same millisecond are meant together, whatever the offset of a time. */
  readonly isByMillisecond?: boolean;
  /** Whether an index finds its values. */
  readonly isIndexed?: boolean;
}

/** Which rows of a table are looked up, and how. */
export interface Lookup {
  readonly table: TableName;
  readonly columns: RowColumns;
  /** Columns that must have given values; none for all rows. `"tuple id"`: rows that had given tuple ids before. */
  readonly match: readonly LookupColumn[] | "tuple id";
  /** Columns that must hold moments that no `Date` can be made of. */
  readonly beyond?: readonly string[];
  /** Columns by which the rows are ordered, and locked in that order. */
  readonly order: readonly string[];
  /** Undefined: they are not locked. */
  readonly lock?: LockStrength | undefined;
  /** Only rows that the running transaction wrote. */
  readonly ownOnly?: boolean | undefined;
  /** Whether a further parameter says how many rows to find at most. */
  readonly isLimited?: boolean | undefined;
  /** Whether there is one key only, which spares PostgreSQL the planning of a join. */
  readonly isOfOneKey?: boolean | undefined;
  /** Whether it does not matter which key finds a row: then it may be left unsaid. */
  readonly isOfAnyKey?: boolean | undefined;
}

/** Values of the columns of `match`, each as the text of its type; or the OID of a table, and a `ctid` in it. */
export type LookupKey = readonly string[];

/** In the answer: by which of the keys a row was found, counted from zero. None where it does not matter. */
export const KEY_INDEX = "ex_event_bus_key";

/** How many keys one statement looks up. */
export const KEYS_PER_LOOKUP = 5_000;

// A row that is seen and was not written by a transaction that this statement sees as ended is our own: then its
// transaction, or the savepoint of ours that wrote it, is still in progress. Frozen rows keep the number of their
// transaction, which may look like one of the future by now: they are taken for our own. Asking twice tells them apart.
const OWN = /* sql */ `(
  select case when o.n < o.own then false
              when o.n >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint then true
              else pg_catalog.pg_xact_status(o.n::text::xid8) = 'in progress' end
    from (select pg_catalog.pg_current_xact_id()::text::bigint as own,
                 pg_catalog.pg_current_xact_id()::text::bigint + pg_catalog.age(pg_catalog.pg_current_xact_id()::xid)::bigint - pg_catalog.age(f.ex_event_bus_xmin) as n) o)`;

/** The statement of a {@link Lookup}: one parameter for each column of `match`, a text for one key, else an array of them. */
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
  // Whether a row is our own is asked of those that are found: of every row of the table it would take long.
  const sorted = order.map((column, n) => `t.${quoteIdentifier(column)} as o${n}`);
  const version = ownOnly === true ? ["t.xmin as ex_event_bus_xmin"] : [];
  const read = [...version, selectList(columns), ...sorted].join(", ");
  // With a snapshot, two rows with one key can be seen: key by key, the offset keeps PostgreSQL from looking for one only.
  // Without an index it would read the table for each key, and does not know of a unique one either.
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

/** Whether all keys are looked for in one pass over the table. */
function isReadAtOnce({ match }: Lookup): boolean {
  return match !== "tuple id" && match.length > 0 && match.every(({ isIndexed }) => isIndexed === false);
}

const HAS_TUPLE_ID = "t.ctid = k.tuple_id and t.tableoid = k.tuple_table";

function orderedBy(columns: readonly string[]): string {
  return columns.length === 0 ? "" : ` order by ${columns.join(", ")}`;
}

/** Types of which a list is planned and searched in half the time of a join. */
const LISTED: ReadonlySet<string> = new Set(["pg_catalog.int8", "pg_catalog.uuid", "pg_catalog.text"]);

/** The condition for any of many keys where a list can say it. */
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
 * Where rows are now that were somewhere else before: PostgreSQL follows the chain of a row's versions, whatever has
 * become of its key. A row that is gone stays where it was, where nobody sees it. Partitions of which the role may not
 * read the table itself are left alone; a row that moves to another partition is another row to PostgreSQL.
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
  // Prisma reads no offset: times that differ in theirs only are the same to it.
  const [cast, as] = isByMillisecond === true && type === TIMETZ ? [`::${TIME}`, TIME] : ["", type];
  const own = `t.${quoteIdentifier(column)}${cast}`;
  // The text of an amount has the separators of the server's locale.
  const value = type === MONEY ? `${text}::pg_catalog.numeric::${type}` : `${text}::${as}`;
  if (isByMillisecond !== true) return `${own} = ${value}`;
  // Not "before the next millisecond": after the last one of a day there is none in a column of times, which begins anew.
  return `${own} between ${value} and greatest(${value}, ${value} + interval '999 microseconds')`;
}

const TIME = "pg_catalog.time";
const TIMETZ = "pg_catalog.timetz";
const MONEY = "pg_catalog.money";

/**
 * Runs a {@link lookupStatement} for as many keys as it is for.
 *
 * @param most how many rows to find at most, for a statement that is limited.
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
