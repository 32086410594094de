import type { Model, Models } from "../../models/model.js";
import { type OneRowOperation, writtenData } from "../../models/operations.js";
import type { CallArgs } from "../prisma/selection.js";
import { type NestedNode, nestedWrites } from "./nested-writes.js";

/**
 * Whether a call can fail after a part of it was written: Prisma writes the row, then what is nested in it, and says
 * that something was not found where it comes to it.
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
 * Whether an update of a row that is not there can have written others: those that it was to refer to, and those that a
 * third table was to relate to it, Prisma creates first.
 */
export function createsRelatedFirst(models: Models, model: Model, args: CallArgs): boolean {
  const node = nestedWrites(models, model, writtenData("update", args).update);
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
