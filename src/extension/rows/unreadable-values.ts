import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { aggregateKeyOf, keyTexts } from "../../models/row-key.js";
import { keepsTupleId, storedOf } from "../../models/stored-row.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { isInvalidDate } from "./as-prisma-reads.js";
import { lookUp } from "./look-up.js";
import { LostRace } from "./lost-race.js";

/**
 * The query has to run again: it asked for fields that Prisma cannot read and its caller does not want. Nothing was
 * sent.
 */
export class UnreadableFieldsAsked extends Error {}

/** Runs a query, and once more where it asked for unreadable fields. */
export async function askedAgain<T>(query: () => PromiseLike<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (error instanceof UnreadableFieldsAsked) return query();
    throw error;
  }
}

/** @throws UnreadableFieldsAsked where a row has fields that Prisma cannot read, and they are not in `avoid` yet. */
export function avoidUnreadable(row: Row | undefined, avoid: Set<string>): void {
  const unreadable = row === undefined ? [] : (storedOf(row)?.unreadable ?? []);
  const more = unreadable.filter((name) => !avoid.has(name));
  if (more.length === 0) return;
  for (const name of more) avoid.add(name);
  throw new UnreadableFieldsAsked("The query is run again without these fields.");
}

/** A model as if it did not have some of its fields. */
export function withoutFields(model: Model, fields: ReadonlySet<string>): Model {
  if (fields.size === 0) return model;
  const scalars = Array.from(model.scalars).filter(([name]) => !fields.has(name));
  return { ...model, scalars: new Map(scalars) };
}

/** Whether an error says that Prisma could not read a value of an answer. */
export function isReadFailure(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "P2023";
}

const withUnreadable = new WeakSet<Model>();

/** Whether a row of a model has had values that Prisma cannot read. */
export function hadUnreadableValues(model: Model): boolean {
  return withUnreadable.has(model);
}

/** From now on, rows of that model are read before they are deleted. */
export function noteUnreadableValues(model: Model): void {
  withUnreadable.add(model);
}

/** Whether Prisma's answer lacks values of the row: infinity comes as an invalid date. */
export function isIncomplete(model: Model, row: Row): boolean {
  for (const name of model.scalars.keys()) {
    const value = row[name];
    if (value === undefined || isInvalidDate(value)) return true;
    if (Array.isArray(value) && value.some(isInvalidDate)) return true;
  }
  return false;
}

/**
 * A row that was written, as it is stored: read where Prisma's answer is incomplete.
 *
 * @param before the row before; undefined when it is new.
 */
export async function asStored(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  row: Row,
  before: Row | undefined,
): Promise<Row> {
  if (!isIncomplete(model, row)) return row;
  const fields = model.identity?.fields ?? [];
  if (before !== undefined && aggregateKeyOf(model, before) === aggregateKeyOf(model, row))
    keepsTupleId(row, before, fields);
  const keys = keyTexts(model, fields, row);
  const [found] = keys === undefined ? [] : await lookUp(bus, transaction, { model, fields, keys: [keys] });
  return found?.row ?? row;
}

/**
 * The row that was deleted, by the answer of the call.
 *
 * @throws LostRace where the answer is incomplete: when the call is run again, the row is read before.
 */
export function asDeleted(model: Model, row: Row): Row {
  if (!isIncomplete(model, row) || hadUnreadableValues(model)) return row;
  noteUnreadableValues(model);
  throw new LostRace();
}
