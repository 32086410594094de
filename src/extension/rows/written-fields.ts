import { type Row, sameValue } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import { isGiven } from "../prisma/internals.js";

/** The fields of the row itself that data writes, with those of references. */
export function writtenFields(model: Model, data: unknown): readonly string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    isGiven(value) ? (model.relations.get(name)?.fields ?? [name]) : [],
  );
}

/** Whether data writes the key of the row. */
export function writesKey(model: Model, data: unknown): boolean {
  const written = writtenFields(model, data);
  return model.identity?.fields.some((field) => written.includes(field)) === true;
}

/**
 * The written fields that may get another value than they have in `row`. Applications save whole forms, with keys in
 * them that do not change; such a key needs neither a stronger lock nor a search for the rows that refer to it.
 */
export function changedFields(model: Model, row: Row, data: unknown): readonly string[] {
  const values = (data ?? {}) as Row;
  return writtenFields(model, data).filter((name) => !isKept(model, name, row[name], values[name]));
}

function isKept(model: Model, name: string, now: unknown, written: unknown): boolean {
  if (written === undefined || !model.scalars.has(name)) return false;
  const value = isSetting(written) ? written.set : written;
  if (sameValue(now, value)) return true;
  const [before, after] = [now, value].map((one) => keyTexts(model, [name], { [name]: one })?.[0]);
  return before !== undefined && before === after;
}

function isSetting(written: unknown): written is { readonly set: unknown } {
  return typeof written === "object" && written !== null && Object.keys(written).join() === "set";
}
