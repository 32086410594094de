import { sameValue } from "../changes/same-value.js";
import { EventBusError } from "../errors.js";
import type { ModelRules } from "../registry/capture-rules.js";
import type { Model, Models, RelationField } from "./schema/model.js";

type Rules = ReadonlyMap<string, ModelRules>;
type Data = Readonly<Record<string, unknown>>;

/** The refusal of a call of which something would pass unseen. Nothing was written. */
export function notCaptured(model: Model, operation: string, why: string): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} was refused before it wrote anything: ${why}, which cannot be captured yet. ` +
      "Write the rows with create, update, upsert or delete of their own, or run the call in " +
      "prisma.$withoutEvents(() => …) if no events are wanted.",
    { path: `${model.name}.${operation}`, value: why },
  );
}

/** A captured model whose rows PostgreSQL itself would delete or change with a row of `model`, in words. */
export function unseenCascade(
  models: Models,
  rules: Rules,
  model: Model,
  seen = new Set<string>(),
): string | undefined {
  if (seen.has(model.name)) return undefined;
  seen.add(model.name);
  for (const { holder, relation } of referencesTo(models, model)) {
    const captured = rules.get(holder.name);
    const place = `${holder.name}.${relation.name} (onDelete: ${relation.onDelete})`;
    if (relation.onDelete === "Cascade") {
      if (captured !== undefined && captured.delete.length > 0)
        return `${place} deletes rows of a captured model`;
      const further = unseenCascade(models, rules, holder, seen);
      if (further !== undefined) return further;
    }
    if (
      (relation.onDelete === "SetNull" || relation.onDelete === "SetDefault") &&
      (captured?.update.length ?? 0) > 0
    ) {
      return `${place} changes rows of a captured model`;
    }
  }
  return undefined;
}

/** A captured model of which PostgreSQL would change the reference, as `data` changes the key it refers to. */
export function unseenKeyChange(
  models: Models,
  rules: Rules,
  model: Model,
  where: unknown,
  data: unknown,
): string | undefined {
  if (!isData(data)) return undefined;
  // A key that is found by its value and written with that value stays what it is.
  const stays = (name: string) =>
    isData(where) && where[name] !== undefined && sameValue(where[name], data[name]);
  for (const { holder, relation } of referencesTo(models, model)) {
    if (relation.onUpdate === "Restrict" || relation.onUpdate === "NoAction") continue;
    if ((rules.get(holder.name)?.update.length ?? 0) === 0) continue;
    const field = relation.references.find((name) => data[name] !== undefined && !stays(name));
    if (field === undefined) continue;
    return `it writes ${model.name}.${field}, and ${holder.name}.${relation.name} (onUpdate: ${relation.onUpdate}) follows in rows of a captured model`;
  }
  return undefined;
}

function* referencesTo(
  models: Models,
  model: Model,
): Generator<{ readonly holder: Model; readonly relation: RelationField }> {
  for (const holder of models.values()) {
    for (const relation of holder.relations.values()) {
      if (relation.model === model.name && relation.fields.length > 0) yield { holder, relation };
    }
  }
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
