import type { Model, RelationField } from "../../models/model.js";
import { WRITE_OPERATIONS } from "../../models/operations.js";
import { isSkipped } from "../prisma/internals.js";
import { ROWS_PER_STATEMENT } from "../rows/read-rows.js";
import type { BulkRun } from "./bulk-call.js";

/** PostgreSQL takes 32,767 parameters with a statement, of which a `where` needs some too. */
const KEY_PARAMETERS = 30_000;

/**
 * How many rows one statement of a call writes. Where related rows matter, chunks would give another result than the
 * one statement that Prisma sends: a row may refer to one of a later chunk, or meet the `where` by one of an earlier.
 *
 * @param where the condition that is sent with the keys of the rows.
 */
export function rowsPerWrite({ mutation, key, args }: BulkRun, where: unknown): number {
  const { model, operation } = mutation;
  const { change } = WRITE_OPERATIONS[operation];
  const own = Array.from(model.relations.values()).filter((relation) => relation.model === model.name);
  if (change === "create")
    // Prisma makes as few statements of all of them as it can.
    return own.length > 0 && setsAny(own, args["data"]) ? Number.POSITIVE_INFINITY : ROWS_PER_STATEMENT;
  const data = change === "delete" ? undefined : (args["data"] ?? {});
  const isWhole = asksRelations(model, where) || own.some((relation) => writes(relation, data));
  return isWhole ? Math.floor(KEY_PARAMETERS / key.fields.length) : ROWS_PER_STATEMENT;
}

/** Whether some of the rows refer to a row of their own model. */
function setsAny(relations: readonly RelationField[], data: unknown): boolean {
  const fields = relations.flatMap((relation) => relation.fields);
  return [data].flat().some((row) => fields.some((field) => ((row ?? {}) as Values)[field] != null));
}

type Values = Readonly<Record<string, unknown>>;

function writes({ fields, references }: RelationField, data: object | undefined): boolean {
  return data === undefined || [...fields, ...references].some((field) => field in data);
}

/** Whether a `where` looks at other rows. */
export function asksRelations(model: Model, where: unknown): boolean {
  if (typeof where !== "object" || where === null || isSkipped(where)) return false;
  return Object.entries(where).some(([name, condition]) => {
    if (["AND", "OR", "NOT"].includes(name))
      return [condition].flat().some((part) => asksRelations(model, part));
    return condition !== undefined && model.relations.has(name);
  });
}
