import { mayNotRead } from "../../capture/not-captured.js";
import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { columnOf } from "../../models/model.js";
import { identityOf } from "../../models/row-key.js";
import { KEY_INDEX, type Lookup, lookupRows, lookupStatement } from "../../outbox/lookup-rows.js";
import { type Catalog, loadCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { asPrismaReads } from "./as-prisma-reads.js";
import { BY_TUPLE_ID, type Found, type RowQuery } from "./row-loader.js";
import { compareByKey } from "./row-order.js";
import { columnsOf, type ModelColumns, modelColumns, sourceTable } from "./source-table.js";

/**
 * Reads rows by keys, each with the key that found it, in the order of their primary keys, and locks them if the
 * query says so.
 */
export async function lookUp(bus: Bus, transaction: TransactionHandle, given: RowQuery): Promise<Found> {
  const catalog = await loadCatalog(bus, transaction);
  const facts = catalog.table(given.model);
  if (facts?.mayRead === false) throw mayNotRead(given.model);
  // The rows of views and foreign tables do not tell which transaction wrote them.
  const query = catalog.hasTupleIds(given.model) ? given : { ...given, ownOnly: undefined };
  if (query.lock === undefined) return find(bus, transaction, catalog, query);
  const unlocked = { ...query, lock: undefined };
  if (facts?.mayLock === false) return find(bus, transaction, catalog, unlocked);
  const locked = await find(bus, transaction, catalog, query);
  return facts?.hasRowSecurity === true && !isComplete(query, locked)
    ? withUnlocked(query, locked, await find(bus, transaction, catalog, unlocked))
    : locked;
}

/** By a unique key there is one row for each, at most. */
function isComplete({ model, fields, keys }: RowQuery, found: Found): boolean {
  return found.length >= keys.length && model.keys.some((key) => key.fields.join() === fields.join());
}

/**
 * Adds the rows that cannot be locked: policies can let a role see and delete rows that it may not change.
 * Referential actions write them all the same.
 */
function withUnlocked({ model }: RowQuery, locked: Found, all: Found): Found {
  const known = new Set(locked.map(({ row }) => identityOf(model, row)));
  const others = all.filter(({ row }) => !known.has(identityOf(model, row)));
  return [...locked, ...others].sort((a, b) => compareByKey(model, a.row, b.row));
}

async function find(
  bus: Bus,
  transaction: TransactionHandle,
  catalog: Catalog,
  query: RowQuery,
): Promise<Found> {
  const { model, keys, most } = query;
  const columns = modelColumns(bus, model);
  const statement = {
    sql: await statementFor(bus, catalog, columns, query),
    isOfOneKey: isOfOneKey(query),
  };
  const answer = await lookupRows(executorIn(bus.root, transaction), statement, keys, most);
  return answer.map((row) => ({
    key: Number(row[KEY_INDEX] ?? 0),
    row: asPrismaReads(columns, row as Row),
  }));
}

/** Tuple ids make a table in the statement, even a single one. */
function isOfOneKey({ fields, keys }: RowQuery): boolean {
  return fields !== BY_TUPLE_ID && keys.length === 1;
}

/** Texts of statements, by what they are made from: the catalog, the columns of a model, the kind of query. */
const statements = new WeakMap<Catalog, WeakMap<ModelColumns, Map<string, string>>>();

function statementsOf(catalog: Catalog, columns: ModelColumns): Map<string, string> {
  const ofCatalog = statements.get(catalog) ?? new WeakMap<ModelColumns, Map<string, string>>();
  statements.set(catalog, ofCatalog);
  const known = ofCatalog.get(columns) ?? new Map<string, string>();
  ofCatalog.set(columns, known);
  return known;
}

async function statementFor(
  bus: Bus,
  catalog: Catalog,
  columns: ModelColumns,
  query: RowQuery,
): Promise<string> {
  const { fields, beyond, lock, ownOnly, isByMillisecond, isByAnyKey, most } = query;
  const known = statementsOf(catalog, columns);
  const id = JSON.stringify([
    ...[fields, fields === BY_TUPLE_ID, beyond, lock],
    ...[ownOnly, isByMillisecond, isByAnyKey, isOfOneKey(query), most !== undefined],
  ]);
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const sql = lookupStatement(await lookupOf(bus, catalog, columns, query));
  known.set(id, sql);
  return sql;
}

async function lookupOf(bus: Bus, catalog: Catalog, columns: ModelColumns, query: RowQuery): Promise<Lookup> {
  const { model, fields, lock, ownOnly, most, isByMillisecond, beyond = [] } = query;
  const isTable = catalog.hasTupleIds(model);
  const isOne = (field: string) => {
    const known = catalog.column(model, field);
    return {
      column: columnOf(model, field),
      type: wide(known?.type ?? "pg_catalog.text"),
      isByMillisecond:
        isByMillisecond === true && (known?.isFine === true || known?.type === "pg_catalog.timetz"),
      isIndexed: known?.isIndexed !== false || !isTable,
    };
  };
  return {
    table: await sourceTable(bus, model),
    columns,
    match: fields === BY_TUPLE_ID ? "tuple id" : fields.map(isOne),
    beyond: columnsOf(model, beyond),
    order: columnsOf(model, orderOf(model, fields)),
    lock,
    ownOnly,
    isLimited: most !== undefined,
    isOfOneKey: isOfOneKey(query),
    isOfAnyKey: query.isByAnyKey,
  };
}

function orderOf({ identity }: Model, fields: readonly string[]): readonly string[] {
  return identity?.fields ?? (fields === BY_TUPLE_ID ? [] : fields);
}

/** A key may have more digits than a column that refers to it can hold: no row has it then, and that is no error. */
function wide(type: string): string {
  return type === "pg_catalog.int2" || type === "pg_catalog.int4" ? "pg_catalog.int8" : type;
}
