import type { Model } from "../schema/model.js";

/** The fields of the row itself that data writes, those of references included. */
export function writtenFields(model: Model, data: unknown): readonly string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    value === undefined ? [] : (model.relations.get(name)?.fields ?? [name]),
  );
}
