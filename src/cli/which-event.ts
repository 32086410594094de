import type pg from "pg";

import { events } from "../admin/events.js";
import { EventBusError } from "../errors.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { ListedEvent } from "../outbox/stored-event.js";

/** The argument of commands that take one event. */
export const ONE_EVENT = ["<event>", "the id of the event, or its position"] as const;

/** Reads an argument as the id or the position of an event. */
function whichEvent(given: string): { readonly eventId: string } | { readonly position: number } {
  if (/^\d+$/.test(given) && Number.isSafeInteger(Number(given))) return { position: Number(given) };
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(given)) return { eventId: given };
  throw new EventBusError(
    "INVALID_OPTION",
    `"${given}" is neither the id of an event, a UUID, nor its position, a whole number. See: npx ex-event-bus events`,
    { value: given },
  );
}

/** @throws EventBusError `INVALID_OPTION` if there is no such event. */
export async function existingEvent(
  client: pg.Client,
  names: SchemaNames,
  given: string,
): Promise<ListedEvent> {
  const which = whichEvent(given);
  const [event] = await events(client, which, { database: names });
  if (event !== undefined) return event;
  const where = "eventId" in which ? `with the id "${given}"` : `at position ${given}`;
  throw new EventBusError(
    "INVALID_OPTION",
    `There is no event ${where}: it never existed, or it was pruned. See: npx ex-event-bus events`,
    { value: given },
  );
}
