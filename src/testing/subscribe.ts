import { withNames } from "../admin/with-names.js";
import { synchroniseSubscribers } from "../delivery/synchronise-subscribers.js";
import type { Queryable } from "../outbox/executor.js";
import { checkName, checkOptions } from "../registry/check-options.js";
import type { DatabaseNames } from "../registry/database-names.js";
import type { Subscriber } from "../registry/subscriber.js";
import { checkSubscribers } from "./check-subscribers.js";

const PLACE = { of: "subscribe()" };

/** Options of {@link subscribe}. */
export interface SubscribeOptions {
  /** A Prisma client or the client of its transaction, or a `pg` client or pool. */
  readonly client: Queryable;
  readonly subscribers: readonly Subscriber[];
  /** The application of the subscribers. Defaults to `"default"`. */
  readonly application?: string | undefined;
  /** The schemas of the tables. Defaults to `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
}

/**
 * Registers subscribers in the database, as `migrate` and starting workers do. An event goes to the subscribers that are registered
 * when it is published, so call this once in the setup of a test.
 *
 * @throws EventBusError `INVALID_OPTION`, `DUPLICATE_NAME`, `SCHEMA_MISSING`, `SUBSCRIBER_TAKEN`.
 *
 * @example
 * ```ts
 * await subscribe({ client: prisma, subscribers: [sendWelcome] });
 * ```
 */
export async function subscribe(options: SubscribeOptions): Promise<void> {
  const known = ["client", "subscribers", "application"];
  const { client, application = "default" } = checkOptions(options, ["database", ...known], PLACE);
  checkName(application, "application", 100, PLACE);
  const subscribers = checkSubscribers(options.subscribers, PLACE);
  await withNames(client as Queryable, { of: PLACE.of, options, known }, (executor, names) =>
    synchroniseSubscribers(executor, names, application as string, subscribers),
  );
}
