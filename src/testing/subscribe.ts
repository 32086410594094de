import { withNames } from "../admin/with-names.js";
import { synchroniseSubscribers } from "../delivery/synchronise-subscribers.js";
import type { Queryable } from "../outbox/executor.js";
import { checkName, checkOptions } from "../registry/check-options.js";
import type { DatabaseNames } from "../registry/database-names.js";
import type { Subscriber } from "../registry/subscriber.js";
import { checkSubscribers } from "./check-subscribers.js";

const PLACE = { of: "subscribe()" };

/** What {@link subscribe} is given. */
export interface SubscribeOptions {
  /** A Prisma client or the client of its transaction, or a `pg` client or pool. */
  readonly client: Queryable;
  readonly subscribers: readonly Subscriber[];
  /** The application that they belong to. Defaults to `"default"`. */
  readonly application?: string | undefined;
  /** Where the package's tables are. Defaults to the schemas `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
}

/**
 * Makes the database know the subscribers, as `migrate` and a worker do when they start. An event goes to those that
 * are known when it is published: call this once before, in a test's setup.
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
