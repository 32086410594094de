import type { Row } from "../../changes/diff.js";
import type { ScalarField } from "../../models/model.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import { isSkipped } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { readRows } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
import { type BulkRun, checkRows, request } from "./bulk-call.js";
import type { NamingKey } from "./key-condition.js";
import type { WhereChunk } from "./where-values.js";

/** The keys of rows, in their order. */
export type FoundKeys = readonly Row[];

/** With more values in a `where` there may be no room for the parameters of `take`. */
const MOST_BESIDE_TAKE = 32_700;
/** With more there is none for that of an order, with which Prisma sends an offset. */
const MOST_BESIDE_ORDER = 32_765;

/** The keys of the rows that a `where` finds, in order, not more than the `limit`. */
export async function findKeys(run: BulkRun, { args, values }: WhereChunk): Promise<FoundKeys> {
  const { limit } = args;
  const most = run.bus.options.bulk.maxRows + 1;
  // What is no number of rows is left to Prisma to refuse when it is asked to write.
  const take = isCount(limit) ? Math.min(Math.trunc(limit), most) : isGiven(limit) ? 0 : most;
  const isLong = values.count > MOST_BESIDE_TAKE && take > 0;
  const found = await askKeys(run, { args, values }, isLong ? {} : { take });
  const keys = found.slice(0, take);
  checkRows(run, keys.length, true);
  return keys;
}

/** The keys of all rows that a `where` finds, in order. */
export async function askKeys(
  run: BulkRun,
  { args, values }: WhereChunk,
  most: { readonly take?: number },
): Promise<FoundKeys> {
  const { key, mutation } = run;
  const { where } = args;
  const isOrdered = values.count <= MOST_BESIDE_ORDER;
  const keys = (await request(run, "findMany", {
    ...("where" in args ? { where } : {}),
    select: Object.fromEntries(key.fields.map((field) => [field, true])),
    ...(isOrdered ? { orderBy: key.fields.map((field) => ({ [field]: "asc" })) } : {}),
    ...most,
  })) as FoundKeys;
  return isOrdered ? keys : keys.toSorted(compareBy(mutation.model, key.fields));
}

/**
 * The arguments without a `limit` that the keys have kept already. Where more rows were locked than have been looked for,
 * since a `Date` is the key of several, it stays.
 *
 * @param written how many rows the statement has written so far.
 */
export function withoutLimit(
  args: CallArgs,
  keys: readonly Row[],
  locked: readonly Row[],
  written: number,
): CallArgs {
  const { limit, ...rest } = args;
  if (!isCount(limit)) return args;
  return locked.length > keys.length ? { ...rest, limit: limit - written } : rest;
}

function isCount(limit: unknown): limit is number {
  return typeof limit === "number" && Number.isFinite(limit) && limit >= 0;
}

/** Whether an argument is there. */
export function isGiven(limit: unknown): boolean {
  return limit !== undefined && !isSkipped(limit);
}

/** How the call's rows are named to Prisma. */
export async function namingKey(
  { bus, transaction, mutation, key }: BulkRun,
  found: FoundKeys,
): Promise<NamingKey> {
  const { model } = mutation;
  const catalog = await loadCatalog(bus, transaction);
  return {
    model,
    key,
    fine: new Set(key.fields.filter((field) => catalog.column(model, field)?.isFine === true)),
    isUnnamed: key.fields.some((field) => {
      const scalar = model.scalars.get(field);
      return scalar !== undefined && found.some((row) => !isFoundAgain(scalar, row[field]));
    }),
  };
}

/** Types of which Prisma does not find every list again that it has read. */
const INEXACT: ReadonlySet<string> = new Set(["Bytes", "Float", "Decimal", "DateTime", "Json"]);
const DAY_MS = 86_400_000;

/** Whether Prisma finds a row by what it has read of it: not by 24:00, a time with an offset, or the null of JSON. */
function isFoundAgain({ isList, type, nativeType }: ScalarField, value: unknown): boolean {
  if (isList) return !INEXACT.has(type);
  if (nativeType === "Timetz" || (type === "Json" && value === null)) return false;
  return nativeType !== "Time" || !(value instanceof Date) || value.getTime() < DAY_MS;
}

/**
 * Reads the rows with these keys, which the call's `where` found, and locks them. A `Date` has milliseconds, a column may
 * have microseconds: all rows of a key's millisecond are locked then, and the `where` is left to tell them apart.
 */
export async function lockFound(
  run: BulkRun,
  keys: readonly Row[],
  lock: LockStrength,
): Promise<readonly Row[]> {
  const { bus, transaction, mutation, key } = run;
  return readRows(bus, transaction, {
    model: mutation.model,
    by: key.fields,
    among: keys,
    lock,
    isByMillisecond: true,
  });
}
