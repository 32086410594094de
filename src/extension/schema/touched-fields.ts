import type { Model } from "./model.js";

const touched = new WeakMap<Model, ReadonlySet<string>>();

/** Fields that change with every write. */
export function touchedFields(model: Model): ReadonlySet<string> {
  const known = touched.get(model);
  if (known !== undefined) return known;
  const fields = Array.from(model.scalars.values()).filter((field) => field.isUpdatedAt);
  const names = new Set(fields.map((field) => field.name));
  touched.set(model, names);
  return names;
}
