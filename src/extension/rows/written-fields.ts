import type { Row } from "../../changes/diff.js";
import { sameValue } from "../../changes/same-value.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import { isSkipped } from "../prisma/internals.js";

/** The fields of the row itself that data writes, those of references included. */
export function writtenFields(model: Model, data: unknown): readonly string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    value === undefined || isSkipped(value) ? [] : (model.relations.get(name)?.fields ?? [name]),
  );
}

/** Whether data writes the key of the row. */
export function writesKey(model: Model, data: unknown): boolean {
  const written = writtenFields(model, data);
  return model.identity?.fields.some((field) => written.includes(field)) === true;
}

/**
 * Those that may get another value than they have in `row`: whole forms are saved with keys in them that stay what
 * they are, and a key that stays needs neither stronger locks nor a look at who refers to it.
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
