import type { Row } from "../../changes/diff.js";
import type { TableName } from "../../outbox/lock-row.js";
import { KEY_INDEX, lookupRows, lookupStatement } from "../../outbox/lookup-rows.js";
import { asPrismaReads } from "../as-prisma-reads.js";
import type { Bus } from "../bus.js";
import { executorIn, type TransactionHandle } from "../prisma-internals.js";
import type { Model } from "../schema/model.js";
import type { Found, RowQuery } from "./row-loader.js";
import { columnReads, columnsOf, sourceTable } from "./source-table.js";

/**
 * Reads rows by keys, and locks them where the query says so, in the order of their primary keys. Says of each row
 * which key found it.
 */
export async function lookUp(bus: Bus, transaction: TransactionHandle, query: RowQuery): Promise<Found> {
  const { model, fields, keys } = query;
  const sql = statementFor(await sourceTable(bus, model), query);
  const answer = await lookupRows(
    executorIn(bus.root, transaction),
    sql,
    columnsOf(model, fields),
    keys,
    query.most,
  );
  return answer.map((row) => ({ key: Number(row[KEY_INDEX]), row: asPrismaReads(model, row as Row) }));
}

const statements = new WeakMap<Model, Map<string, string>>();

function statementFor(table: TableName, { model, fields, lock, ownOnly, most }: RowQuery): string {
  const known = statements.get(model) ?? new Map<string, string>();
  statements.set(model, known);
  const id = JSON.stringify([table.schema, fields, lock, ownOnly, most !== undefined]);
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const sql = lookupStatement({
    table,
    columns: columnReads(model),
    match: columnsOf(model, fields),
    order: columnsOf(model, model.identity?.fields ?? fields),
    lock,
    ownOnly,
    isLimited: most !== undefined,
  });
  known.set(id, sql);
  return sql;
}
