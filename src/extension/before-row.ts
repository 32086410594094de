import type { Row } from "../changes/diff.js";
import {
  type ColumnRead,
  countersStatement,
  FOUND,
  type LockStrength,
  lockRow,
  lockRowStatement,
  lockRowWithCounters,
  type TableCounters,
  type TableName,
} from "../outbox/lock-row.js";
import { asPrismaReads } from "./as-prisma-reads.js";
import type { Bus } from "./bus.js";
import type { CapturableCall } from "./plan.js";
import { connectionSchema, executorIn, type TransactionHandle } from "./prisma-internals.js";
import type { Model, ScalarField } from "./schema/model.js";
import { type CallArgs, selectsRelations } from "./selection.js";
import { findUniqueMatch, type UniqueMatch } from "./unique-match.js";

/** The call, as far as it says which row it is going to change. */
export interface RowCall {
  readonly model: Model;
  readonly operation: CapturableCall;
  readonly args: CallArgs;
  readonly isFluent: boolean;
}

/** What is known of a row before it is changed. */
export interface Past {
  /** Undefined: there is no such row, or none is needed. */
  readonly row: Row | undefined;
  /** Whether the row was looked for. */
  readonly isKnown: boolean;
  /** For an upsert that found none: to tell afterwards whether it created one. */
  readonly counters?: TableCounters;
}

const NOT_NEEDED: Past = { row: undefined, isKnown: false };

/**
 * Reads the row that a call is going to change, and locks it, in one statement: without the lock another transaction
 * could change it in between, and the old values would be false.
 *
 * A new row has no past, and a delete of columns alone answers with the row that went: then nothing is read.
 */
export async function loadBefore(bus: Bus, transaction: TransactionHandle, call: RowCall): Promise<Past> {
  const { model, operation, args } = call;
  if (operation === "create") return NOT_NEEDED;
  if (operation === "delete" && !call.isFluent && !selectsRelations(model, args)) return NOT_NEEDED;
  const match = findUniqueMatch(model, args["where"]);
  if (match === undefined) return NOT_NEEDED;
  const table = { schema: await sourceSchema(bus, model), table: model.table };
  const sql = lockStatement(call, table, match);
  const answer = await lockRow<Record<string, unknown>>(executorIn(bus.root, transaction), sql, match.texts);
  if (operation !== "upsert") return { row: answer && asPrismaReads(model, answer), isKnown: true };
  const counters = answer as unknown as TableCounters;
  return answer?.[FOUND] === true
    ? { row: asPrismaReads(model, answer), isKnown: true }
    : { row: undefined, isKnown: true, counters };
}

/** Whether the upsert that found no row created one; otherwise another transaction did meanwhile, and it was changed. */
export async function hasCreated(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  before: TableCounters,
): Promise<boolean> {
  const table = { schema: await sourceSchema(bus, model), table: model.table };
  const [after] = await executorIn(bus.root, transaction).query<TableCounters>(countersStatement(table));
  const inserted = BigInt(after?.inserted ?? 0) > BigInt(before.inserted);
  // Where PostgreSQL does not count (track_counts off), nothing is known: then it is taken for what it looked like.
  return inserted || BigInt(after?.updated ?? 0) === BigInt(before.updated);
}

/** The PostgreSQL schema of a model's table. */
export async function sourceSchema(bus: Bus, model: Model): Promise<string> {
  return model.schema ?? (await connectionSchema(bus.root));
}

const statements = new WeakMap<Model, Map<string, string>>();

function lockStatement(call: RowCall, table: TableName, { key }: UniqueMatch): string {
  const { model, operation } = call;
  const strength = strengthFor(call);
  const known = statements.get(model) ?? new Map<string, string>();
  statements.set(model, known);
  const id = JSON.stringify([table.schema, key.fields, strength, operation]);
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const column = (name: string) => model.scalars.get(name)?.column ?? name;
  const columns = Array.from(model.scalars.values(), (field) => ({
    column: field.column,
    as: field.name,
    ...castOf(field),
  }));
  const lock = lockRowStatement(table, columns, key.fields.map(column), strength);
  const sql = operation === "upsert" ? lockRowWithCounters(lock, table) : lock;
  known.set(id, sql);
  return sql;
}

function castOf({ enumNames, nativeType, isList }: ScalarField): Pick<ColumnRead, "castTo"> {
  if (enumNames !== undefined) return { castTo: isList ? "text[]" : "text" };
  // Its text has the currency and the separators of the server's locale.
  if (nativeType === "Money") return { castTo: isList ? "numeric[]" : "numeric" };
  return {};
}

/** A changed key takes the stronger lock anyway; taking it at once cannot deadlock with itself. */
function strengthFor({ model, operation, args }: RowCall): LockStrength {
  if (operation === "delete") return "update";
  const data = ((operation === "upsert" ? args["update"] : args["data"]) ?? {}) as Row;
  const written = Object.keys(data).flatMap((name) => model.relations.get(name)?.fields ?? [name]);
  return model.keys.some((key) => key.fields.some((field) => written.includes(field)))
    ? "update"
    : "no key update";
}
