import type { Queryable } from "../outbox/executor.js";
import { unsubscribe as endSubscriptions } from "../outbox/subscriptions.js";
import { invalidOption } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import type { AnyEventType } from "../registry/event-type.js";
import { withNames } from "./with-names.js";

export interface UnsubscribeOptions extends DatabaseOptions {
  /** Only from this event; an event type, or its name. Defaults to all events of the subscriber. */
  readonly event?: AnyEventType | string | undefined;
}

/**
 * Ends the subscriptions of a subscriber: later events do not go to it. Deliveries that wait are still made.
 *
 * A worker whose configuration has the subscriber subscribes it again when it starts, so remove it from the configuration first.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @returns the names of the events that it was subscribed to until now.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * await unsubscribe(prisma, "send-welcome-email", { event: "UserRegistered" });
 * ```
 */
export function unsubscribe(
  client: Queryable,
  subscriber: string,
  options: UnsubscribeOptions = {},
): Promise<readonly string[]> {
  const call = { of: "unsubscribe()", options, known: ["event"] };
  return withNames(client, call, (executor, names) => {
    if (typeof subscriber !== "string")
      throw invalidOption("subscriber", subscriber, "the name of a subscriber", call);
    return endSubscriptions(executor, names, subscriber, nameOf(options.event));
  });
}

/** Any other value, such as null or an event, would mean all events. */
function nameOf(event: unknown): string | undefined {
  if (event === undefined || typeof event === "string") return event;
  if (typeof event === "function") return event.name;
  throw invalidOption("event", event, "an event type, or its name", { of: "unsubscribe()" });
}
