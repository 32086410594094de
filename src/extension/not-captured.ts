import { sameValue } from "../changes/same-value.js";
import { EventBusError } from "../errors.js";
import type { ModelRules } from "../registry/capture-rules.js";
import type { Model, Models, RelationField } from "./schema/model.js";
import type { CallArgs } from "./selection.js";

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

/**
 * A nested write in `data` that would not be seen, in words. Connecting and disconnecting where this model holds
 * the foreign key changes this row alone and is seen.
 *
 * @param everything whether any nested write counts (the model itself is captured and its event would have to
 * mirror it), or only those that reach a captured model.
 */
export function unseenNestedWrite(
  models: Models,
  rules: Rules,
  model: Model,
  data: unknown,
  everything: boolean,
): string | undefined {
  if (!isData(data)) return undefined;
  for (const [name, relation] of model.relations) {
    const nested = data[name];
    if (!isData(nested)) continue;
    for (const [operation, argument] of Object.entries(nested)) {
      if (argument === undefined) continue;
      const place = `${model.name}.${name}.${operation}`;
      if (takesFromAnother(rules, model, relation, operation)) {
        return `${place} takes the reference from the row of the captured model ${model.name} that has it now`;
      }
      if (isOwnReference(relation, operation)) continue;
      if (everything) return `it writes the nested ${place}`;
      if (rules.has(relation.model) && !isImplicitLink(models, relation, operation)) {
        return `${place} writes the captured model ${relation.model}`;
      }
      const target = models.get(relation.model);
      if (target === undefined) continue;
      for (const inner of nestedData(argument)) {
        const unseen = unseenNestedWrite(models, rules, target, inner, false);
        if (unseen !== undefined) return unseen;
      }
      if (operation.startsWith("delete")) {
        const unseen = unseenCascade(models, rules, target);
        if (unseen !== undefined) return unseen;
      }
    }
  }
  return undefined;
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

/** The parts of a call's arguments that write. */
export function writtenData(args: CallArgs): readonly unknown[] {
  return [args["data"], args["create"], args["update"]].flat();
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

function isOwnReference(relation: RelationField, operation: string): boolean {
  return relation.fields.length > 0 && (operation === "connect" || operation === "disconnect");
}

/** In an optional one-to-one relation Prisma sets the reference of the row that held it before to null. */
function takesFromAnother(rules: Rules, model: Model, relation: RelationField, operation: string): boolean {
  if (!operation.startsWith("connect") || relation.fields.length === 0) return false;
  const isUnique = model.keys.some((key) => key.fields.every((field) => relation.fields.includes(field)));
  const canBeNull = relation.fields.some((field) => model.scalars.get(field)?.isOptional === true);
  return isUnique && canBeNull && (rules.get(model.name)?.update.length ?? 0) > 0;
}

/** Rows of an implicit many-to-many table belong to no model. */
function isImplicitLink(models: Models, relation: RelationField, operation: string): boolean {
  if (!["connect", "disconnect", "set"].includes(operation) || !relation.isList) return false;
  const other = Array.from(models.get(relation.model)?.relations.values() ?? []).find(
    (candidate) => candidate.relationName === relation.relationName && candidate.name !== relation.name,
  );
  return other?.isList === true;
}

/** Every object below a nested operation that may hold fields of the related model. */
function nestedData(argument: unknown): readonly unknown[] {
  return [argument]
    .flat()
    .flatMap((item) => (isData(item) ? [item, item["data"], item["create"], item["update"]] : []));
}

function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
