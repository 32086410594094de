import type { Model, Models } from "../../models/model.js";
import type { CallArgs } from "../prisma/selection.js";
import { dataOf } from "./plan-far.js";
import { type NestedNode, nestedWrites } from "./tree.js";

/**
 * Whether a call can fail after a part of it was written: Prisma writes the row, then what is nested in it, and says
 * that something was not found where it comes to it.
 */
export function canBeHalfDone(models: Models, model: Model, operation: string, args: CallArgs): boolean {
  const { create, update } = dataOf(operation, args);
  return [create, update].some((data) => writesOtherRows(nestedWrites(models, model, data)));
}

/**
 * Whether an update of a row that is not there can have written others: those that it was to refer to, and those that a
 * third table was to relate to it, Prisma creates first.
 */
export function createsBeforehand(models: Models, model: Model, args: CallArgs): boolean {
  const node = nestedWrites(models, model, dataOf("update", args).update);
  return (
    node?.relations.some(({ link, creates }) => link.holder !== "other" && creates !== undefined) === true
  );
}

/** References of the row itself to rows that are there are looked up before anything is written. */
function writesOtherRows(node: NestedNode | undefined): boolean {
  if (node === undefined) return false;
  return node.relations.some(
    ({ link, items, creates }) =>
      link.holder !== "this" ||
      creates !== undefined ||
      items.some((item) => item.effect !== "link" || item.node !== undefined),
  );
}
