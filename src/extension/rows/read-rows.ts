import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { isInvalidDate } from "./as-prisma-reads.js";
import { lookUp } from "./look-up.js";
import type { RowQuery } from "./row-loader.js";

/** How many rows one statement reads, writes or publishes. */
export const ROWS_PER_STATEMENT = 500;

/** Which rows of a model. */
export interface RowsWanted extends Pick<RowQuery, "lock" | "isByMillisecond"> {
  readonly model: Model;
  /** The fields that the rows are found by. */
  readonly by: readonly string[];
  /** Their values as Prisma reads them, in objects that may have further fields. */
  readonly among: readonly Row[];
  /** Undefined: rows are only read. */
  readonly lock?: LockStrength | undefined;
}

/**
 * The rows whose fields `by` have the values of one of `among`, as Prisma reads them, in the order of their primary
 * key; locked in that order, so that two calls cannot wait for each other. One statement for each
 * {@link ROWS_PER_STATEMENT} of `among`.
 */
export async function readRows(
  bus: Bus,
  transaction: TransactionHandle,
  { model, by, among, lock, isByMillisecond }: RowsWanted,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [beyond, some] of byDatesBeyond(by, among)) {
    const fields = by.filter((field) => !beyond.includes(field));
    const wanted = distinct(
      some.map((row) => keyTexts(model, fields, row)).filter((texts) => texts !== undefined),
    );
    for (let at = 0; at < wanted.length; at += ROWS_PER_STATEMENT) {
      const keys = wanted.slice(at, at + ROWS_PER_STATEMENT);
      const query = { model, fields, keys, lock, isByMillisecond, isByAnyKey: true, beyond };
      for (const { row } of await lookUp(bus, transaction, query)) rows.push(row);
    }
  }
  return rows;
}

/** Groups rows by the fields that Prisma has read as invalid dates: their moments are beyond those of a `Date`. */
function byDatesBeyond(
  by: readonly string[],
  among: readonly Row[],
): ReadonlyMap<readonly string[], readonly Row[]> {
  const groups = new Map<string, { readonly beyond: readonly string[]; readonly rows: Row[] }>();
  for (const row of among) {
    const beyond = storedOf(row) === undefined ? by.filter((field) => isInvalidDate(row[field])) : [];
    const group = groups.get(beyond.join()) ?? { beyond, rows: [] };
    groups.set(beyond.join(), group);
    group.rows.push(row);
  }
  return new Map(Array.from(groups.values(), ({ beyond, rows }) => [beyond, rows]));
}

function distinct(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return Array.from(new Map(lists.map((texts) => [JSON.stringify(texts), texts])).values());
}
