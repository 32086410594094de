import type { Row } from "../../changes/diff.js";
import { sameValue } from "../../changes/same-value.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { aggregateKeyOf } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import { isInvalidDate } from "../rows/invalid-date.js";
import { LostRace } from "../rows/lost-race.js";
import { hasFurtherConditions } from "../rows/unique-match.js";
import { writesKey } from "../rows/written-fields.js";
import type { Mutation, Written } from "./mutation.js";

/**
 * The row that was written as it was before; undefined when it is new.
 *
 * What Prisma answers with is the row that was locked: both were found by the same key, which nobody else could change.
 * Only an upsert may have left that row alone, where it did not meet further conditions, and created another one.
 *
 * @throws EventBusError, LostRace when that is not known: the transaction must be aborted then.
 */
export function pastOf(
  { model, operation }: Mutation,
  { args, past, row }: Written & { readonly row: Row },
): Row | undefined {
  const missing = Array.from(model.scalars.keys()).find(
    (name) => row[name] === undefined && !isLeftOut(past.row, name),
  );
  if (missing !== undefined) throw incomplete(model, operation, missing);
  if (operation === "create") return undefined;
  if (operation === "delete") {
    // It came after what would go with it was looked for.
    if (past.isKnown && past.row === undefined) throw new LostRace();
    if (past.row !== undefined && !past.isLocked && !isSame(model, past.row, row)) throw new LostRace();
    return past.row;
  }
  if (past.row !== undefined && !isCreatedBeside(model, operation, args, past, row)) {
    // Whoever may not lock it may not change it either; somebody else has.
    if (!past.isLocked && !isSame(model, past.row, row)) throw new LostRace();
    return past.row;
  }
  // An upsert whose further conditions the row did not meet creates another one.
  if (operation === "upsert" && past.isKnown) return undefined;
  if (past.row === undefined && past.isKnown) throw new LostRace();
  throw new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed a row that could not be found beforehand, so its old values are not ` +
      "known; the transaction was aborted. Expected a where with a unique key of the model.",
    { path: `${model.name}.${operation}` },
  );
}

/** Prisma was not asked for what it cannot read. */
function isLeftOut(before: Row | undefined, name: string): boolean {
  return before !== undefined && storedOf(before)?.unreadable.includes(name) === true;
}

function isSame(model: Model, before: Row, after: Row): boolean {
  return Array.from(model.scalars.keys()).every(
    (name) => after[name] === undefined || isInvalidDate(after[name]) || sameValue(before[name], after[name]),
  );
}

/** Whether an upsert that found a row by the key created another one: then that one has another key. */
function isCreatedBeside(
  model: Model,
  operation: string,
  args: Mutation["args"],
  { row: before, match }: Written["past"],
  row: Row,
): boolean {
  if (operation !== "upsert" || before === undefined || match === undefined) return false;
  if (!hasFurtherConditions(args["where"], match)) return false;
  return !writesKey(model, args["update"]) && aggregateKeyOf(model, before) !== aggregateKeyOf(model, row);
}

function incomplete(model: Model, operation: string, missing: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `The answer to prisma.${model.jsName}.${operation} has no ${missing}, so its event would not hold the whole row; ` +
      "the transaction was aborted. Expected every column: report this with the call and the version of Prisma.",
    { value: missing },
  );
}
