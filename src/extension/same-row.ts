import type { Row } from "../changes/diff.js";
import { sameValue } from "../changes/same-value.js";
import { EventBusError } from "../errors.js";
import { LostRace } from "./lost-race.js";
import type { Mutation, Written } from "./mutation.js";
import type { Model } from "./schema/model.js";

/**
 * The row that was written as it was before; undefined when it is new.
 *
 * @throws EventBusError, LostRace when that is not known: the transaction must be aborted then.
 */
export function pastOf(
  { model, operation }: Mutation,
  { args, past, row }: Written & { readonly row: Row },
): Row | undefined {
  const missing = Array.from(model.scalars.keys()).find((name) => row[name] === undefined);
  if (missing !== undefined) throw incomplete(model, operation, missing);
  if (operation === "create") return undefined;
  if (operation === "delete") {
    // It came after what would go with it was looked for.
    if (past.isKnown && past.row === undefined) throw new LostRace();
    return past.row;
  }
  const data = (operation === "upsert" ? args["update"] : args["data"]) as Row | undefined;
  if (past.row !== undefined && isSameRow(model, past.row, row, data ?? {})) return past.row;
  // An upsert whose further conditions the row did not meet creates another one.
  if (operation === "upsert" && past.isKnown) return undefined;
  if (past.row === undefined && past.isKnown) throw new LostRace();
  throw new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed a row that could not be found beforehand, so its old values are not ` +
      "known; the transaction was aborted. Expected a where with a unique key of the model, in the usual notation.",
    { path: `${model.name}.${operation}` },
  );
}

/** Whether `after` is the row that `before` was, given what the call wrote to its key. */
function isSameRow(model: Model, before: Row, after: Row, data: Row): boolean {
  return (model.identity?.fields ?? []).every((name) => {
    const value = writtenTo(model, name, data);
    // A key that stayed what it was is that row's, however the call writes it down.
    if (sameValue(before[name], after[name])) return true;
    return value === UNKNOWN || sameValue(value === undefined ? before[name] : value, after[name]);
  });
}

const UNKNOWN = Symbol("unknown");

/** What is written to a field; not known beforehand for `{ increment }` and for a relation that is connected. */
function writtenTo(model: Model, name: string, data: Row): unknown {
  for (const relation of model.relations.values()) {
    if (relation.fields.includes(name) && data[relation.name] !== undefined) return UNKNOWN;
  }
  const value = data[name];
  if (typeof value !== "object" || value === null) return value;
  const [operation, ...others] = Object.keys(value);
  if (others.length > 0) return value;
  if (operation === "set") return (value as { readonly set: unknown }).set;
  return ["increment", "decrement", "multiply", "divide"].includes(operation ?? "") ? UNKNOWN : value;
}

function incomplete(model: Model, operation: string, missing: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `The answer to prisma.${model.jsName}.${operation} has no ${missing}, so its event would not hold the whole row; ` +
      "the transaction was aborted. Expected every column: report this with the call and the version of Prisma.",
    { value: missing },
  );
}
