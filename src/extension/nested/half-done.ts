import type { Model, Models } from "../schema/model.js";
import type { CallArgs } from "../selection.js";
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
