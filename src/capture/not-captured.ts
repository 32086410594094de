import { EventBusError } from "../errors.js";
import type { Model } from "../models/model.js";

/** The refusal of a call of which something would pass unseen. Nothing was written. */
export function notCaptured(model: Model, operation: string): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} was refused before it wrote anything: the model ${model.name} has neither @id nor ` +
      "a @unique key without optional fields, so that its rows cannot be told apart. Expected a model with a key: add " +
      'one, or say that no events are wanted: in capture of eventBus() with uncaptured: "allow" for the model, or for ' +
      "the call with prisma.$withoutEvents(() => …).",
    { path: `${model.name}.${operation}`, value: model.name },
  );
}

/** The refusal of a call that changes rows of which its role may not know. Nothing was written. */
export function mayNotRead({ name, table }: Model): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `A call was refused before it wrote anything: it can change rows of ${name}, and the role of this connection may not ` +
      `read every column of the table ${table}, so that their events would not hold them. Expected a role that may: give it the ` +
      'right to SELECT, or say that no events are wanted: in capture of eventBus() with uncaptured: "allow" for the model of ' +
      "the call, or for the call with prisma.$withoutEvents(() => …).",
    { path: name, value: name },
  );
}

/** The refusal of a call for all rows of a table, some of which its role does not see. Nothing was written. */
export function mayNotSee({ name, table }: Model): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `A call was refused before it wrote anything: without a condition PostgreSQL lets it write rows of ${name} that the ` +
      `policies of the table ${table} do not show to the role of this connection, so that they would have no events. Expected a ` +
      "where, which PostgreSQL applies to visible rows only, a policy for SELECT that shows these rows, or that no events are " +
      "wanted: run the call in prisma.$withoutEvents(() => …).",
    { path: name, value: name },
  );
}

/** The refusal of a call that made a row which a view does not show. Nothing of it is committed. */
export function notShown({ name, table }: Model): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `A call was refused, and its transaction aborted: it created a row of ${name} that ${table} does not show, so that its event ` +
      "would not hold it. Expected a row that meets the condition of the view, or that no events are wanted: run the call " +
      "in prisma.$withoutEvents(() => …).",
    { path: name, value: name },
  );
}
