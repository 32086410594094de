import { sameValue } from "../../changes/same-value.js";
import type { Model } from "../../models/model.js";
import { type OneRowOperation, writtenData } from "../../models/operations.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { CallArgs } from "../prisma/selection.js";
import { writtenFields } from "../rows/written-fields.js";
import { type NestedNode, nestedWrites } from "./nested-writes.js";
import { type Captured, relevantWrites } from "./relevant-writes.js";

/** Other rows that a call may touch and that matter: those that get events, or that its own event mirrors. */
export interface EffectsPlan {
  /** What is written through a new row. */
  readonly create: NestedNode | undefined;
  /** What is written through the row that is there. */
  readonly update: NestedNode | undefined;
}

/** Undefined: the call touches no other row that matters. */
export function planEffects(
  bus: Bus,
  model: Model,
  operation: OneRowOperation,
  args: CallArgs,
  own: { readonly [Operation in CapturedOperation]: readonly Rule[] },
): EffectsPlan | undefined {
  const captured: Captured = {
    rules: bus.options.rules,
    causesActions: (target, fields) => causesActions(bus, target, fields),
  };
  const tree = (data: unknown, of: CapturedOperation) =>
    relevantWrites(captured, nestedWrites(bus.models, model, data), own[of].length > 0);
  const { create, update } = writtenData(operation, args);
  const plan: EffectsPlan = { create: tree(create, "create"), update: tree(update, "update") };
  if (plan.create !== undefined || plan.update !== undefined) return plan;
  return mayCauseActions(bus, model, operation, args) ? plan : undefined;
}

/** Whether what PostgreSQL does by itself may leave events: only then is its catalog of interest. */
export function capturesReferentialActions(bus: Bus): boolean {
  for (const name of bus.options.rules.keys()) if (capturesActionsOn(bus, name)) return true;
  return false;
}

/** Whether rows of that model lead to events when they go or change along with others. */
export function capturesActionsOn({ options }: Bus, name: string): boolean {
  const rules = options.rules.get(name);
  return rules !== undefined && rules.update.length + rules.delete.length > 0;
}

/** Whether PostgreSQL may delete or change captured rows along with the one that is written. */
function mayCauseActions(bus: Bus, model: Model, operation: OneRowOperation, args: CallArgs): boolean {
  if (operation === "delete") return causesActions(bus, model, undefined);
  return causesActions(
    bus,
    model,
    changedKeyFields(bus, model, args["where"], writtenData(operation, args).update),
  );
}

/** The same for rows of a model that go, or of which these fields change. What is not known yet is assumed. */
function causesActions(bus: Bus, model: Model, fields: readonly string[] | undefined): boolean {
  if (!capturesReferentialActions(bus)) return false;
  const references = knownCatalog(bus)?.references.to(model, ({ name }) => capturesActionsOn(bus, name));
  if (references === undefined) return true;
  if (fields === undefined) return references.some(({ onDelete }) => onDelete !== null);
  return references.some(
    ({ onUpdate, toFields }) => onUpdate !== null && toFields.some((field) => fields.includes(field)),
  );
}

/** A key that is found by its value and written with that value stays what it is, where equal values are the same. */
function changedKeyFields(bus: Bus, model: Model, where: unknown, data: unknown): readonly string[] {
  const known = (where ?? {}) as Readonly<Record<string, unknown>>;
  const written = (data ?? {}) as Readonly<Record<string, unknown>>;
  const folds = (field: string) => knownCatalog(bus)?.column(model, field)?.folds !== false;
  return writtenFields(model, data).filter(
    (field) => known[field] === undefined || !sameValue(known[field], written[field]) || folds(field),
  );
}
