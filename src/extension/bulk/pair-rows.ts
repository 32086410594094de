import type { Row } from "../../changes/diff.js";
import { Decimal } from "../../codec/decimal.js";
import { EventBusError } from "../../errors.js";
import { isSkipped } from "../prisma-internals.js";
import { readRows } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
import type { Model } from "../schema/model.js";
import { aggregateKeyOf } from "../unique-match.js";
import type { BulkRun } from "./bulk-call.js";

/** A row before and after. */
export interface Pair {
  readonly before: Row;
  readonly after: Row;
}

/** Puts updated rows together with what they were before, in the order of the latter. */
export async function pairRows(
  run: BulkRun,
  data: Row,
  locked: readonly Row[],
  updated: readonly Row[],
): Promise<readonly Pair[]> {
  const { model } = run.mutation;
  const written = run.key.fields.filter((field) => data[field] !== undefined && !isSkipped(data[field]));
  if (written.length === 0) return pairByKey(run, locked, updated);
  const before = locked.length === updated.length ? locked : await withoutThoseLeft(run, locked, updated);
  return pairByRank(run, data, written, before, updated).sort((a, b) =>
    compareBy(model, run.key.fields)(a.before, b.before),
  );
}

function pairByKey(run: BulkRun, locked: readonly Row[], updated: readonly Row[]): readonly Pair[] {
  const { model } = run.mutation;
  const byKey = new Map(updated.map((row) => [aggregateKeyOf(model, row), row]));
  const pairs = locked.flatMap((before) => {
    const after = byKey.get(aggregateKeyOf(model, before));
    return after === undefined ? [] : [{ before, after }];
  });
  if (pairs.length !== updated.length) throw unpaired(run);
  return pairs;
}

/**
 * Rows whose key was written: what was not written of it is as before, and among the rows that share that, the
 * written parts keep their order, since adding and multiplying do; with a negative factor they turn it around.
 */
function pairByRank(
  run: BulkRun,
  data: Row,
  written: readonly string[],
  before: readonly Row[],
  updated: readonly Row[],
): Pair[] {
  const { model } = run.mutation;
  const kept = run.key.fields.filter((field) => !written.includes(field));
  const groups = groupBy(model, kept, updated);
  const pairs: Pair[] = [];
  for (const [shared, rows] of groupBy(model, kept, before)) {
    const news = groups.get(shared) ?? [];
    if (news.length !== rows.length) throw unpaired(run);
    rows.sort((a, b) => compareTurned(model, written, data)(a, b));
    news.sort(compareBy(model, written));
    for (const [index, row] of rows.entries()) pairs.push({ before: row, after: news[index] as Row });
  }
  if (pairs.length !== updated.length) throw unpaired(run);
  return pairs;
}

function compareTurned(model: Model, fields: readonly string[], data: Row): (a: Row, b: Row) => number {
  return (a, b) => {
    for (const field of fields) {
      const order = compareBy(model, [field])(a, b);
      if (order !== 0) return turnsOrder(data[field]) ? -order : order;
    }
    return 0;
  };
}

function turnsOrder(value: unknown): boolean {
  const { multiply, divide } = (value ?? {}) as { readonly multiply?: unknown; readonly divide?: unknown };
  const factor = multiply ?? divide;
  return factor !== undefined && new Decimal(String(factor)).isNegative();
}

function groupBy(model: Model, fields: readonly string[], rows: readonly Row[]): Map<string, Row[]> {
  const part = { ...model, identity: { name: "", fields } };
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const id = aggregateKeyOf(part, row) ?? "";
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(row);
  }
  return groups;
}

/** A row may have stopped to be what the `where` looks for while its lock was waited for: it has its old key still. */
async function withoutThoseLeft(
  run: BulkRun,
  locked: readonly Row[],
  updated: readonly Row[],
): Promise<readonly Row[]> {
  const { bus, transaction, mutation, key } = run;
  const { model } = mutation;
  const left = await readRows(bus, transaction, { model, by: key.fields, among: locked });
  const news = new Set(updated.map((row) => aggregateKeyOf(model, row)));
  const keys = new Set(left.map((row) => aggregateKeyOf(model, row)).filter((text) => !news.has(text)));
  return locked.filter((row) => !keys.has(aggregateKeyOf(model, row)));
}

function unpaired({ mutation }: BulkRun): EventBusError {
  const { model, operation } = mutation;
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed rows whose old values could not be told apart, since something else ` +
      "than the call wrote their keys; the transaction was aborted. Look for a trigger that writes the key.",
    { path: `${model.name}.${operation}` },
  );
}
