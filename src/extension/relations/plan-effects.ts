import { sameValue } from "../../changes/diff.js";
import type { Model, Models } from "../../models/model.js";
import { type OneRowOperation, writtenData } from "../../models/operations.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import { capturedActions } from "../catalog/captured-actions.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { CallArgs } from "../prisma/selection.js";
import { writtenFields } from "../rows/written-fields.js";
import { type NestedNode, nestedWrites } from "./nested-writes.js";
import { relevantWrites } from "./relevant-writes.js";

/**
 * The effects of a call beyond its own row, where they matter: nested writes and referential actions that lead to
 * events, or that the event of the call's own row shows.
 */
export interface EffectsPlan {
  /** The nested writes of a row that the call creates. */
  readonly create: NestedNode | undefined;
  /** The nested writes of a row that is there. */
  readonly update: NestedNode | undefined;
}

/**
 * Undefined for a call without effects that matter.
 *
 * @param own the rules for the call's own row.
 */
export function planEffects(
  bus: Bus,
  model: Model,
  operation: OneRowOperation,
  args: CallArgs,
  own: { readonly [Operation in CapturedOperation]: readonly Rule[] },
): EffectsPlan | undefined {
  const data = writtenData(operation, args);
  const plan: EffectsPlan = {
    create: relevantNestedWrites(bus, model, data.create, own.create.length > 0),
    update: relevantNestedWrites(bus, model, data.update, own.update.length > 0),
  };
  if (plan.create !== undefined || plan.update !== undefined) return plan;
  return setsOffActions(bus, model, operation, args["where"], data.update) ? plan : undefined;
}

/** @param hasEvent whether the row that the data is written to gets an event. */
function relevantNestedWrites(
  bus: Bus,
  model: Model,
  data: unknown,
  hasEvent: boolean,
): NestedNode | undefined {
  const node = namesRelation(model, data) ? nestedWrites(bus.models, model, data) : undefined;
  if (node === undefined) return undefined;
  const captured = {
    rules: bus.options.rules,
    setsOffActions: (target: Model, fields: readonly string[] | undefined) =>
      writingSetsOffActions(bus, target, fields),
  };
  return relevantWrites(captured, node, hasEvent);
}

/** Most data is of columns alone: then there is nothing to look for. */
function namesRelation({ relations }: Model, data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  for (const name of relations.keys()) if (Object.hasOwn(data, name)) return true;
  return false;
}

/** Whether a referential action may follow from what the call does to its own row. */
function setsOffActions(
  bus: Bus,
  model: Model,
  operation: OneRowOperation,
  where: unknown,
  data: unknown,
): boolean {
  if (operation === "delete") return writingSetsOffActions(bus, model, undefined);
  const actions = capturedActions(bus, model);
  if (actions === undefined) return true;
  if (actions.updatedFields.size === 0) return false;
  return changedKeyFields(bus, model, where, data).some((field) => actions.updatedFields.has(field));
}

/**
 * The same for rows of which these fields change; undefined: which are deleted. Before the catalog is known, every
 * write may.
 */
function writingSetsOffActions(bus: Bus, model: Model, fields: readonly string[] | undefined): boolean {
  const actions = capturedActions(bus, model);
  if (actions === undefined) return true;
  if (fields === undefined) return actions.isOnDelete;
  return fields.some((field) => actions.updatedFields.has(field));
}

/**
 * A key that is written with the value by which the row was found stays as it is, unless its column takes other texts
 * for equal.
 */
function changedKeyFields(bus: Bus, model: Model, where: unknown, data: unknown): readonly string[] {
  const known = (where ?? {}) as Readonly<Record<string, unknown>>;
  const written = (data ?? {}) as Readonly<Record<string, unknown>>;
  const folds = (field: string) => knownCatalog(bus)?.column(model, field)?.folds !== false;
  return writtenFields(model, data).filter(
    (field) => known[field] === undefined || !sameValue(known[field], written[field]) || folds(field),
  );
}

/**
 * Whether a call can fail after a part of it was written: Prisma writes the row, then its nested writes, and notices
 * only there that a row is missing.
 */
export function mayFailPartway(
  models: Models,
  model: Model,
  operation: OneRowOperation,
  args: CallArgs,
): boolean {
  const { create, update } = writtenData(operation, args);
  return [create, update].some((data) => writesOtherRows(nestedWrites(models, model, data)));
}

/**
 * Whether an update of a row that is missing can have created others: Prisma first creates the rows that the row refers
 * to, and those that a table between the two relates to it.
 */
export function createsRelatedFirst(models: Models, model: Model, args: CallArgs): boolean {
  const node = nestedWrites(models, model, writtenData("update", args).update);
  return (
    node?.relations.some(({ link, creates }) => link.holder !== "other" && creates !== undefined) === true
  );
}

/** Existing rows that the row is to refer to are looked up before anything is written. */
function writesOtherRows(node: NestedNode | undefined): boolean {
  if (node === undefined) return false;
  return node.relations.some(
    ({ link, items, creates }) =>
      link.holder !== "this" ||
      creates !== undefined ||
      items.some((item) => item.effect !== "link" || item.node !== undefined),
  );
}
