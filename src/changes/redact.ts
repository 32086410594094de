import { EventBusError } from "../errors.js";
import type { EventDraft } from "../registry/event-type.js";
import type { Redaction } from "../registry/redaction.js";
import type { Difference, Row } from "./diff.js";

/** A row as its events say it: without the fields that are left out, with what is said instead of others. */
export function redactRow<R extends Row>(redaction: Redaction | undefined, row: R): R {
  if (redaction === undefined) return row;
  const { omit, mask } = redaction;
  const said: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (!omit.has(name)) said[name] = masked(mask.get(name), name, value);
  }
  return said as R;
}

/**
 * A difference as its event says it. Undefined when all that is left are fields that change with every write: what
 * changed is not to be known.
 *
 * @param touched see {@link modification}.
 */
export function redactDifference(
  redaction: Redaction | undefined,
  difference: Difference | undefined,
  touched: ReadonlySet<string>,
): Difference | undefined {
  if (redaction === undefined || difference === undefined) return difference;
  const changes = redactRow(redaction, difference.changes);
  if (Object.keys(difference.changes).length > 0 && Object.keys(changes).every((name) => touched.has(name)))
    return undefined;
  return { changes, initialData: redactRow(redaction, difference.initialData) };
}

/** An event that somebody made of a row himself. */
export function redactEvent(redaction: Redaction | undefined, event: EventDraft): EventDraft {
  if (redaction === undefined) return event;
  const part = (value: unknown) =>
    typeof value === "object" && value !== null ? redactRow(redaction, value as Row) : value;
  const { aggregate, changes, initialData } = event;
  return {
    ...event,
    aggregate: part(aggregate),
    changes: part(changes),
    initialData: part(initialData),
  } as EventDraft;
}

function masked(mask: ((value: unknown) => unknown) | undefined, name: string, value: unknown): unknown {
  // There is nothing to hide, and null has to stay what it is: it says that there was no row.
  if (mask === undefined || value === null || value === undefined) return value;
  const said = mask(value);
  if (said === undefined || (typeof said === "object" && said !== null && "then" in said)) {
    throw new EventBusError(
      "INVALID_OPTION",
      `The mask of ${name} returned ${said === undefined ? "undefined" : "a promise"}; the write was not made. Expected ` +
        "what the event shall say instead of the value, at once.",
      { path: `mask.${name}` },
    );
  }
  return said;
}
