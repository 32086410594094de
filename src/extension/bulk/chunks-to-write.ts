import type { Row } from "../../changes/diff.js";
import { aggregateKeyOf, identityOf } from "../../models/row-key.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import { isGiven } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { ChunkSize } from "../rows/chunk-size.js";
import { ROWS_PER_STATEMENT } from "../rows/read-rows.js";
import type { BulkRun } from "./bulk-call.js";
import { askKeys, type FoundKeys, findKeys, lockFound, namingKey, withoutLimit } from "./find-rows.js";
import { amongRows, keyCondition, type NamingKey } from "./key-condition.js";
import { refuseHiddenRows } from "./refuse-hidden-rows.js";
import { asksRelations, rowsPerWrite } from "./rows-per-write.js";
import { whereChunks } from "./where-chunks.js";
import type { WhereChunk } from "./where-values.js";

/** Rows that one statement writes, and its arguments. */
export interface ChunkToWrite {
  readonly locked: readonly Row[];
  readonly args: CallArgs;
  /** Whether the arguments do not name these rows: others may meet the `where` by now. */
  readonly isUnnamed: boolean;
}

/** A longer `where` is not sent again with every chunk. */
const FEW_VALUES = 1_000;
/** The parameters of a condition, with room for those of the data. */
const MOST_BESIDE_DATA = 32_000;

/**
 * Finds and locks the rows of `updateMany` and `deleteMany`, chunk by chunk: each has to be written before the next
 * one is asked for. Where there are no rows there is one empty chunk, so that Prisma checks all arguments.
 *
 * @param written how many rows the call has written so far.
 */
export async function* chunksToWrite(
  run: BulkRun,
  lock: LockStrength,
  written: () => number,
): AsyncGenerator<ChunkToWrite> {
  for (const [n, { keys, ...chunk }] of (await whereChunks(run)).entries()) {
    const found = keys ?? (await findKeys(run, chunk));
    if (n === 0) await refuseHiddenRows(run);
    yield* chunksOf(run, chunk, found, lock, written);
  }
}

async function* chunksOf(
  run: BulkRun,
  chunk: WhereChunk,
  named: FoundKeys,
  lock: LockStrength,
  written: () => number,
): AsyncGenerator<ChunkToWrite> {
  const { args } = chunk;
  const naming = await namingKey(run, named);
  const { limit, ...unlimited } = args;
  // Without names, the rows that a limit leaves cannot be told from the others.
  const isWidened = naming.isUnnamed && isGiven(limit);
  const found = isWidened ? await findKeys(run, { ...chunk, args: unlimited }) : named;
  const before = written();
  const isKnown = await mayNameByKey(run, chunk, naming, found);
  const lockedAll =
    isKnown && !looksAtKeyOnly(chunk, naming) ? await lockAll(run, chunk, found, lock, naming) : undefined;
  const keys = lockedAll?.keys ?? found;
  const most = rowsPerWrite(run, isKnown ? undefined : args["where"]);
  const size = new ChunkSize(run.mutation.model, most);
  for (let at = 0; at === 0 || at < keys.length; ) {
    const some = naming.isUnnamed ? keys : keys.slice(at, at + size.rows);
    const all = await lockFound(run, some, lock);
    const locked =
      lockedAll === undefined
        ? all
        : all.filter((row) => lockedAll.rows.has(identityOf(run.mutation.model, row)));
    size.learn(locked);
    const where = isKnown ? keyCondition(naming, locked) : amongRows(args, naming, locked);
    const rest = naming.isUnnamed ? args : withoutLimit(args, some, locked, written() - before);
    yield { locked, args: { ...rest, where }, isUnnamed: naming.isUnnamed };
    at += Math.max(1, some.length);
  }
}

/**
 * Whether rows are written by their keys alone: with a long `where` each chunk would send all of its values, and what
 * looks at other rows finds less when some of them is written. Rows have to stay what they are once they are locked.
 */
async function mayNameByKey(
  run: BulkRun,
  { args, values }: WhereChunk,
  { key, fine, isUnnamed }: NamingKey,
  found: FoundKeys,
): Promise<boolean> {
  if (isUnnamed) return false;
  const { bus, transaction, mutation } = run;
  const isOneStatement =
    found.length <= rowsPerWrite(run, args["where"]) &&
    values.count + found.length * key.fields.length <= MOST_BESIDE_DATA;
  if (isOneStatement) return false;
  if (values.count <= FEW_VALUES && !asksRelations(mutation.model, args["where"])) return false;
  const facts = (await loadCatalog(bus, transaction)).table(mutation.model);
  return fine.size === 0 && facts?.mayLock === true && !facts.hasRowSecurity;
}

/** Whether a locked row meets the `where` for good, as nothing but its key is looked at. */
function looksAtKeyOnly({ values }: WhereChunk, { key }: NamingKey): boolean {
  return !values.looksElsewhere && Array.from(values.fields).every((field) => key.fields.includes(field));
}

/** Rows that meet the `where` until they are written. */
interface LockedRows {
  readonly keys: FoundKeys;
  /** The rows that were locked when the `where` was asked. */
  readonly rows: ReadonlySet<string>;
}

/** Locks all rows, and asks then which of them the `where` still finds. */
async function lockAll(
  run: BulkRun,
  { args, values }: WhereChunk,
  found: FoundKeys,
  lock: LockStrength,
  naming: NamingKey,
): Promise<LockedRows> {
  const { model } = run.mutation;
  const rows = new Set<string>();
  const size = new ChunkSize(model, ROWS_PER_STATEMENT);
  for (let at = 0; at < found.length; ) {
    const some = found.slice(at, at + size.rows);
    const locked = await lockFound(run, some, lock);
    size.learn(locked);
    for (const row of locked) rows.add(identityOf(model, row));
    at += some.length;
  }
  // Without a limit, the `where` finds few rows beside those that were found before.
  const isNamed =
    isGiven(args["limit"]) && values.count + found.length * naming.key.fields.length <= MOST_BESIDE_DATA;
  const asked = isNamed ? { args: { where: amongRows(args, naming, found) }, values } : { args, values };
  const before = new Set(found.map((row) => aggregateKeyOf(model, row)));
  const still = await askKeys(run, asked, {});
  return { keys: still.filter((row) => before.has(aggregateKeyOf(model, row))), rows };
}
