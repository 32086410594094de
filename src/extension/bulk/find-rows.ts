import type { Row } from "../../changes/diff.js";
import { databaseFailure } from "../../outbox/database-error.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import { asCallFailure } from "../prisma-errors.js";
import { isSkipped } from "../prisma-internals.js";
import { readRows } from "../rows/read-rows.js";
import type { CallArgs } from "../selection.js";
import { type BulkRun, checkRows, request } from "./bulk-call.js";
import { checkFound } from "./check-found.js";
import { rowsPerWrite } from "./rows-per-write.js";

/** The keys of the rows that the call's `where` finds, in order, not more than its `limit`. */
export async function findKeys(run: BulkRun): Promise<readonly Row[]> {
  const { args, key, bus } = run;
  const { limit } = args;
  const most = bus.options.bulk.maxRows + 1;
  const keys = (await request(run, "findMany", {
    ...("where" in args ? { where: args["where"] } : {}),
    select: Object.fromEntries(key.fields.map((field) => [field, true])),
    orderBy: key.fields.map((field) => ({ [field]: "asc" })),
    // What is no number of rows is left to Prisma to refuse when it is asked to write.
    take: isCount(limit) ? Math.min(Math.trunc(limit), most) : isGiven(limit) ? 0 : most,
  })) as readonly Row[];
  checkRows(run, keys.length, true);
  return keys;
}

/** The arguments without a `limit` that the keys have kept already. */
export function withoutLimit(args: CallArgs): CallArgs {
  const { limit, ...rest } = args;
  return isCount(limit) ? rest : args;
}

function isCount(limit: unknown): limit is number {
  return typeof limit === "number" && Number.isFinite(limit) && limit >= 0;
}

function isGiven(limit: unknown): boolean {
  return limit !== undefined && !isSkipped(limit);
}

/** Keys in parts that one statement writes; none are one empty part, so that Prisma checks all arguments. */
export function* parts(run: BulkRun, keys: readonly Row[]): Generator<readonly Row[]> {
  const size = rowsPerWrite(run);
  for (let at = 0; at === 0 || at < keys.length; at += size) yield keys.slice(at, at + size);
}

/** Reads the rows with these keys, which the call's `where` found, and locks them. */
export async function lockFound(
  run: BulkRun,
  keys: readonly Row[],
  lock: LockStrength,
): Promise<readonly Row[]> {
  const locked = await lockRows(run, keys, lock);
  await checkFound(run, keys, locked);
  return locked;
}

/** Reads the rows with these keys and locks them. */
export async function lockRows(
  run: BulkRun,
  keys: readonly Row[],
  lock: LockStrength,
): Promise<readonly Row[]> {
  const { bus, transaction, mutation, key } = run;
  const { model, operation } = mutation;
  try {
    return await readRows(bus, transaction, { model, by: key.fields, among: keys, lock });
  } catch (error) {
    if (databaseFailure(error) === undefined) throw error;
    throw asCallFailure(error, bus.root, `prisma.${model.jsName}.${operation}`);
  }
}
