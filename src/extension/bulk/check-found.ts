import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import { aggregateKeyOf } from "../unique-match.js";
import { type BulkRun, request } from "./bulk-call.js";

/**
 * A `Date` has milliseconds, a column may have microseconds: such a row is found by conditions, but not by its key, and
 * would be left alone without a word.
 *
 * @param keys what was found by conditions.
 * @param locked what was found by these keys.
 * @throws EventBusError `NOT_CAPTURED` when rows are missing that are there.
 */
export async function checkFound(run: BulkRun, keys: readonly Row[], locked: readonly Row[]): Promise<void> {
  const { model } = run.mutation;
  const dates = run.key.fields.filter((field) => model.scalars.get(field)?.type === "DateTime");
  if (dates.length === 0 || locked.length >= keys.length) return;
  const textOf = (row: Row) => aggregateKeyOf(model, row);
  const wanted = new Set(keys.map(textOf));
  const found = new Set(locked.map(textOf));
  // Another transaction may have taken a row away, but two rows never had one key.
  if (wanted.size < keys.length) throw imprecise(run, dates);
  const missing = keys.filter((row) => !found.has(textOf(row)));
  const still = (await request(run, "findMany", {
    ...("where" in run.args ? { where: run.args["where"] } : {}),
    select: Object.fromEntries(run.key.fields.map((field) => [field, true])),
  })) as readonly Row[];
  const left = new Set(still.map(textOf));
  if (missing.some((row) => left.has(textOf(row)))) throw imprecise(run, dates);
}

function imprecise({ mutation, hasWritten }: BulkRun, fields: readonly string[]): EventBusError {
  const { model, operation } = mutation;
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} found rows that cannot be told apart by their key, since ${fields.join(" and ")} ` +
      `has more digits in the database than a Date; ${hasWritten ? "the transaction was aborted" : "nothing was written"}. ` +
      "Expected milliseconds: make the column @db.Timestamptz(3), or run the call in prisma.$withoutEvents(() => …).",
    { path: `${model.name}.${operation}`, value: fields },
  );
}
