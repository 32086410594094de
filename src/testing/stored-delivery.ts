import { deliver } from "../delivery/deliver.js";
import type { Outcome } from "../delivery/outcome.js";
import { EventBusError } from "../errors.js";
import { SILENT } from "../log/logger.js";
import { executorOf, type PrismaQueryable } from "../outbox/executor.js";
import { findDeliveries } from "../outbox/find-deliveries.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";
import type { AnyEvent } from "../registry/event.js";
import type { Subscriber } from "../registry/subscriber.js";
import { drainDeps } from "./drain-deps.js";

/** What {@link storedDelivery} is given. */
export interface StoredDeliveryOptions extends DatabaseOptions {
  readonly prisma: PrismaQueryable;
  /** Who asks, for messages. */
  readonly of: string;
}

/**
 * Finds the delivery of an event that was published, and returns what makes it: each time by the wake-up of now, so that
 * a second time is a duplicate, as of a worker that knows nothing of the first.
 *
 * @throws EventBusError `INVALID_OPTION` when there is none that is still to be made.
 */
export async function storedDelivery(
  subscriber: Subscriber,
  event: AnyEvent,
  { prisma, of, database }: StoredDeliveryOptions,
): Promise<() => Promise<Outcome>> {
  const names = checkDatabaseNames(database, [], { of });
  const filter = { eventId: event.id, subscriber: subscriber.name };
  const [found] = await findDeliveries(executorOf(prisma), names, filter);
  if (found === undefined || !["waiting", "retrying", "snoozed"].includes(found.state)) {
    const what = found === undefined ? "there is no delivery to it" : `its delivery is ${found.state}`;
    throw new EventBusError(
      "INVALID_OPTION",
      `${of}: "${subscriber.name}" is transactional, its effects happen once because they are committed with its delivery, ` +
        `and of this event ${what}. Call subscribe() before, publish the event, and give the one that publishedEvents() returns`,
      { value: event.id },
    );
  }
  const deps = drainDeps({ prisma, client: prisma, names, log: SILENT }, () => undefined);
  return () => deliver(found, subscriber, deps);
}
