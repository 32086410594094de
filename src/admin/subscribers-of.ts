import type { Queryable } from "../outbox/executor.js";
import { type Subscription, subscriptionsOf } from "../outbox/subscriptions.js";
import { invalidOption } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import type { AnyEventType } from "../registry/event-type.js";
import { withNames } from "./with-names.js";

/**
 * The subscribers of an event in the database, of all applications, by name.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @param event an event type, or its name.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * const names = (await subscribersOf(prisma, UserRegistered)).map(({ subscriber }) => subscriber);
 * ```
 */
export function subscribersOf(
  client: Queryable,
  event: AnyEventType | string,
  options: DatabaseOptions = {},
): Promise<readonly Subscription[]> {
  const call = { of: "subscribersOf()", options };
  return withNames(client, call, (executor, names) => {
    if (typeof event !== "string" && typeof event !== "function")
      throw invalidOption("event", event, "an event type, or its name", call);
    return subscriptionsOf(executor, names, typeof event === "string" ? event : event.name);
  });
}
