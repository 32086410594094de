import type { Row } from "../../changes/diff.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import { readRows as readRowsOf, readRowsStatement, rowsParameter } from "../../outbox/read-rows.js";
import { asPrismaReads } from "../as-prisma-reads.js";
import type { Bus } from "../bus.js";
import { executorIn, type TransactionHandle } from "../prisma-internals.js";
import type { Model } from "../schema/model.js";
import { keyTexts } from "../unique-match.js";
import { columnReads, columnsOf, sourceTable } from "./source-table.js";

/** How many rows one statement reads, writes or publishes. */
export const ROWS_PER_STATEMENT = 500;

/** Which rows of a model. */
export interface RowsWanted {
  readonly model: Model;
  /** Fields: of a key, of a foreign key, or any others. */
  readonly by: readonly string[];
  /** Their values, in Prisma's terms. The row that a list comes from may have other fields too. */
  readonly among: readonly Row[];
  /** Undefined: read only. */
  readonly lock?: LockStrength | undefined;
}

/**
 * The rows whose fields `by` have the values of one of `among`, as Prisma reads them, in the order of their primary
 * key; locked in that order, so that two of us cannot wait for each other. One statement for each
 * {@link ROWS_PER_STATEMENT} of `among`.
 */
export async function readRows(
  bus: Bus,
  transaction: TransactionHandle,
  { model, by, among, lock }: RowsWanted,
): Promise<Row[]> {
  const wanted = distinct(
    among.flatMap((row) => {
      const texts = keyTexts(model, by, row);
      return texts === undefined ? [] : [texts];
    }),
  );
  if (wanted.length === 0) return [];
  const columns = columnsOf(model, by);
  const sql = readRowsStatement({
    table: await sourceTable(bus, model),
    columns: columnReads(model),
    by: columns,
    orderBy: columnsOf(model, model.identity?.fields ?? []),
    lock,
  });
  const rows: Row[] = [];
  for (let at = 0; at < wanted.length; at += ROWS_PER_STATEMENT) {
    const parameter = rowsParameter(columns, wanted.slice(at, at + ROWS_PER_STATEMENT));
    const answer = await readRowsOf<Row>(executorIn(bus.root, transaction), sql, parameter);
    for (const row of answer) rows.push(asPrismaReads(model, row));
  }
  return rows;
}

function distinct(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return Array.from(new Map(lists.map((texts) => [JSON.stringify(texts), texts])).values());
}
