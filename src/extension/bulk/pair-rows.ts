import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import { aggregateKeyOf } from "../../models/row-key.js";
import { keepsKey, storedOf, type TupleId } from "../../models/stored-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import { isGiven } from "../prisma/internals.js";
import { lookUp } from "../rows/look-up.js";
import { LostRace } from "../rows/lost-race.js";
import { BY_TUPLE_ID } from "../rows/row-loader.js";
import { isIncomplete } from "../rows/unreadable-values.js";
import { writesKey } from "../rows/written-fields.js";
import type { BulkRun } from "./bulk-call.js";

/** A row before and after. */
export interface Pair {
  readonly before: Row;
  readonly after: Row;
}

/**
 * Pairs updated rows with what they were before, in the order of the latter: by key, where keys have not changed and
 * Prisma's answer tells them apart; else by tuple id, since only PostgreSQL knows what key a call, a rounding column
 * or a trigger makes.
 */
export async function pairRows(
  run: BulkRun,
  data: Row,
  locked: readonly Row[],
  updated: readonly Row[],
): Promise<readonly Pair[]> {
  const pairs = writesKey(run.mutation.model, data)
    ? onlyPair(locked, updated)
    : pairByKey(run, locked, updated);
  if (pairs !== undefined && !pairs.some(({ after }) => isIncomplete(run.mutation.model, after)))
    return pairs;
  return pairByTupleId(run, locked, updated);
}

/**
 * The same for rows that were written by the `where` alone. A row that was written has another tuple id.
 *
 * @throws LostRace when others were written than were locked.
 */
export async function pairUnnamed(
  run: BulkRun,
  data: Row,
  locked: readonly Row[],
  updated: readonly Row[],
): Promise<readonly Pair[]> {
  if (updated.length > locked.length) throw new LostRace();
  const pairs = await pairByTupleId(run, locked, updated);
  const moved = pairs.filter(({ before, after }) => tupleIdText(before) !== tupleIdText(after));
  if (writesAny(run, data) && moved.length < updated.length) throw new LostRace();
  return pairs;
}

/** Whether there is anything to write: else Prisma only reads. */
function writesAny({ mutation }: BulkRun, data: Row): boolean {
  const scalars = Array.from(mutation.model.scalars.values());
  return Object.values(data).some(isGiven) || scalars.some(({ isUpdatedAt }) => isUpdatedAt);
}

function tupleIdText(row: Row): string | undefined {
  return storedOf(row)?.tupleId?.join();
}

function onlyPair(locked: readonly Row[], updated: readonly Row[]): readonly Pair[] | undefined {
  const [before, after] = [locked[0], updated[0]];
  if (updated.length === 0) return [];
  if (locked.length > 1 || before === undefined || after === undefined) return undefined;
  return [{ before, after }];
}

/**
 * Undefined where a key is that of two rows or of none: a `Date` has milliseconds only, and triggers may change keys.
 */
function pairByKey(
  { mutation: { model } }: BulkRun,
  locked: readonly Row[],
  updated: readonly Row[],
): readonly Pair[] | undefined {
  const fields = model.identity?.fields ?? [];
  const byKey = new Map(updated.map((row) => [aggregateKeyOf(model, row), row]));
  const keys = locked.map((row) => aggregateKeyOf(model, row));
  if (byKey.size < updated.length || new Set(keys).size < locked.length) return undefined;
  const pairs = locked.flatMap((before, n) => {
    const after = byKey.get(keys[n] ?? null);
    if (after === undefined) return [];
    keepsKey(after, before, fields);
    return [{ before, after }];
  });
  return pairs.length === updated.length ? pairs : undefined;
}

/** Rows that were not updated are paired with themselves, and lead to no event. */
async function pairByTupleId(
  run: BulkRun,
  locked: readonly Row[],
  updated: readonly Row[],
): Promise<readonly Pair[]> {
  const { bus, transaction, mutation } = run;
  const tupleIds = locked.map((row) => storedOf(row)?.tupleId);
  const known = tupleIds.filter((id): id is TupleId => id !== undefined);
  if (known.length < locked.length) throw unpaired(run);
  const found = await lookUp(bus, transaction, { model: mutation.model, fields: BY_TUPLE_ID, keys: known });
  const pairs = found
    .map(({ key, row }) => ({ key, before: locked[key], after: row }))
    .filter((pair): pair is typeof pair & Pair => pair.before !== undefined)
    .sort((a, b) => a.key - b.key);
  if (pairs.length < locked.length && !(await isOneTable(run))) throw unpaired(run);
  return pairs.length < updated.length ? Promise.reject(unpaired(run)) : pairs;
}

/** Whether its rows cannot move to another partition. */
async function isOneTable({ bus, transaction, mutation }: BulkRun): Promise<boolean> {
  return (await loadCatalog(bus, transaction)).table(mutation.model)?.kind === "table";
}

function unpaired({ mutation }: BulkRun): EventBusError {
  const { model, operation } = mutation;
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed keys of several rows, which could not be found again: the model is on a view, ` +
      "or rows have moved to another partition. The transaction was aborted. Expected one row for each call that changes " +
      "keys: update them one by one.",
    { path: `${model.name}.${operation}` },
  );
}
