import type { Row } from "../../changes/diff.js";
import type { ScalarField } from "../../models/model.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import { isGiven } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { readRows } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
import { type BulkRun, checkRows, request } from "./bulk-call.js";
import type { NamingKey } from "./key-condition.js";
import type { WhereChunk } from "./where-values.js";

/** The keys of rows, in their order. */
export type FoundKeys = readonly Row[];

/** With more values in a `where`, the parameters of `take` may be too many. */
const MOST_BESIDE_TAKE = 32_700;
/** With more, that of an order is: Prisma sends an offset with it. */
const MOST_BESIDE_ORDER = 32_765;

/** The keys of the rows that a `where` finds, in their order, at most as many as the `limit`. */
export async function findKeys(run: BulkRun, { args, values }: WhereChunk): Promise<FoundKeys> {
  const { limit } = args;
  const most = run.bus.options.bulk.maxRows + 1;
  // Prisma refuses a `limit` that is no number of rows when the rows are to be written.
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
 * The arguments without the `limit`, which the keys keep already. It stays where more rows were locked than keys were
 * looked for: one `Date` can be the key of several rows.
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

/** The key by which Prisma is told the rows. */
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

/** The types whose lists Prisma may not find again by the values that it has read. */
const INEXACT: ReadonlySet<string> = new Set(["Bytes", "Float", "Decimal", "DateTime", "Json"]);
const DAY_MS = 86_400_000;

/**
 * Whether Prisma finds a row by the value that it has read: not by 24:00, a time with an offset, or the null of JSON.
 */
function isFoundAgain({ isList, type, nativeType }: ScalarField, value: unknown): boolean {
  if (isList) return !INEXACT.has(type);
  if (nativeType === "Timetz" || (type === "Json" && value === null)) return false;
  return nativeType !== "Time" || !(value instanceof Date) || value.getTime() < DAY_MS;
}

/**
 * Reads and locks the rows with these keys, which the call's `where` found. A `Date` has milliseconds, a column may
 * have microseconds: then all rows of the key's millisecond are locked, and the `where` tells them apart.
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
