import { sameValue } from "../../changes/same-value.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import type { Bus } from "../bus.js";
import { knownReferences } from "../references/references.js";
import type { Model } from "../schema/model.js";
import type { CallArgs } from "../selection.js";
import { reachOf } from "./reach.js";
import { type NestedNode, nestedWrites } from "./tree.js";

/** Other rows that a call may touch and that matter: those that get events, or that its own event mirrors. */
export interface FarPlan {
  /** What is written through a new row. */
  readonly create: NestedNode | undefined;
  /** What is written through the row that is there. */
  readonly update: NestedNode | undefined;
}

/** Undefined: the call touches no other row that matters. */
export function planFar(
  bus: Bus,
  model: Model,
  operation: string,
  args: CallArgs,
  own: { readonly [Operation in CapturedOperation]: readonly Rule[] },
): FarPlan | undefined {
  const tree = (data: unknown, of: CapturedOperation) =>
    reachOf(bus.options.rules, nestedWrites(bus.models, model, data), own[of].length > 0);
  const { create, update } = dataOf(operation, args);
  const plan: FarPlan = { create: tree(create, "create"), update: tree(update, "update") };
  if (plan.create !== undefined || plan.update !== undefined) return plan;
  return goesOnInDatabase(bus, model, operation, args) ? plan : undefined;
}

/** What a call writes to a new row, and to one that is there. */
export function dataOf(
  operation: string,
  args: CallArgs,
): { readonly create: unknown; readonly update: unknown } {
  return {
    create: operation === "create" ? args["data"] : operation === "upsert" ? args["create"] : undefined,
    update: operation === "update" ? args["data"] : operation === "upsert" ? args["update"] : undefined,
  };
}

/** The fields of the row itself that data writes, those of references included. */
export function writtenFields(model: Model, data: unknown): readonly string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    value === undefined ? [] : (model.relations.get(name)?.fields ?? [name]),
  );
}

/** Whether what PostgreSQL does by itself may leave events: only then is its catalog of interest. */
export function capturesReferences(bus: Bus): boolean {
  for (const name of bus.options.rules.keys()) if (isChangedByReferences(bus, name)) return true;
  return false;
}

/** Whether rows of that model lead to events when they go or change along with others. */
export function isChangedByReferences({ options }: Bus, name: string): boolean {
  const rules = options.rules.get(name);
  return rules !== undefined && rules.update.length + rules.delete.length > 0;
}

/** Whether PostgreSQL may delete or change captured rows along with the one that is written. */
function goesOnInDatabase(bus: Bus, model: Model, operation: string, args: CallArgs): boolean {
  if (!capturesReferences(bus)) return false;
  const references = knownReferences(bus)?.to(model, ({ name }) => isChangedByReferences(bus, name));
  if (operation === "delete") return references?.some(({ onDelete }) => onDelete !== null) ?? true;
  const fields = changedKeyFields(model, args["where"], dataOf(operation, args).update);
  if (fields.length === 0 || references === undefined) return fields.length > 0;
  return references.some(
    ({ onUpdate, toFields }) => onUpdate !== null && toFields.some((field) => fields.includes(field)),
  );
}

/** A key that is found by its value and written with that value stays what it is. */
function changedKeyFields(model: Model, where: unknown, data: unknown): readonly string[] {
  const known = (where ?? {}) as Readonly<Record<string, unknown>>;
  const written = (data ?? {}) as Readonly<Record<string, unknown>>;
  return writtenFields(model, data).filter(
    (field) =>
      model.keys.some((key) => key.fields.includes(field)) &&
      (known[field] === undefined || !sameValue(known[field], written[field])),
  );
}
