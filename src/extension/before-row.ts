import { type LockStrength, lockRow, lockRowStatement } from "../outbox/lock-row.js";
import type { Bus } from "./bus.js";
import type { Mutation } from "./mutation.js";
import { connectionSchema, executorIn, type TransactionHandle } from "./prisma-internals.js";
import type { Model, ScalarField } from "./schema/model.js";
import { selectsRelations } from "./selection.js";
import { findUniqueMatch, type UniqueMatch } from "./unique-match.js";

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads the row that a mutation is going to change, and locks it, in one statement: without the lock another
 * transaction could change it in between, and the old values would be false.
 *
 * Undefined when there is no such row, or none is needed: a new row has no past, and a delete of columns alone
 * answers with the row that went.
 */
export async function loadBefore(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
): Promise<Row | undefined> {
  const { model, operation, args } = mutation;
  if (operation === "create") return undefined;
  if (operation === "delete" && mutation.params.dataPath.length === 0 && !selectsRelations(model, args))
    return undefined;
  const match = findUniqueMatch(model, args["where"]);
  if (match === undefined) return undefined;
  const schema = await sourceSchema(bus, model);
  const sql = lockStatement(model, schema, match, strengthFor(mutation));
  const row = await lockRow<Record<string, unknown>>(executorIn(bus.root, transaction), sql, match.texts);
  if (row !== undefined) nameEnumValues(model, row);
  return row;
}

/** The PostgreSQL schema of a model's table. */
export async function sourceSchema(bus: Bus, model: Model): Promise<string> {
  return model.schema ?? (await connectionSchema(bus.root));
}

const statements = new WeakMap<Model, Map<string, string>>();

function lockStatement(model: Model, schema: string, { key }: UniqueMatch, strength: LockStrength): string {
  const known = statements.get(model) ?? new Map<string, string>();
  statements.set(model, known);
  const id = JSON.stringify([schema, key.fields, strength]);
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const column = (name: string) => model.scalars.get(name)?.column ?? name;
  const columns = Array.from(model.scalars.values(), (field) => ({
    column: field.column,
    as: field.name,
    ...castOf(field),
  }));
  const sql = lockRowStatement({ schema, table: model.table }, columns, key.fields.map(column), strength);
  known.set(id, sql);
  return sql;
}

function castOf(field: ScalarField): { readonly castTo?: "text" | "text[]" } {
  if (field.enumNames === undefined) return {};
  return { castTo: field.isList ? "text[]" : "text" };
}

/** A changed key takes the stronger lock anyway; taking it at once cannot deadlock with itself. */
function strengthFor({ model, operation, args }: Mutation): LockStrength {
  if (operation === "delete") return "update";
  const data = (operation === "upsert" ? args["update"] : args["data"]) as Row | undefined;
  return model.keys.some((key) => key.fields.some((field) => data?.[field] !== undefined))
    ? "update"
    : "no key update";
}

/** Prisma's names of enum values, where the database has others. */
function nameEnumValues(model: Model, row: Record<string, unknown>): void {
  for (const { name, enumNames } of model.scalars.values()) {
    if (enumNames === undefined) continue;
    const nameOf = (label: unknown) => enumNames.get(String(label)) ?? label;
    const value = row[name];
    if (Array.isArray(value)) row[name] = value.map(nameOf);
    else if (value !== null) row[name] = nameOf(value);
  }
}
