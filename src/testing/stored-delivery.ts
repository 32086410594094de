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

/** Options of {@link storedDelivery}. */
export interface StoredDeliveryOptions extends DatabaseOptions {
  readonly prisma: PrismaQueryable;
  /** The name of the caller, for messages. */
  readonly of: string;
}

/**
 * Finds the delivery of a published event to a subscriber, and returns a function that makes it. Every call has the generation
 * found now, so that a second call is a duplicate, like that of a worker that does not know of the first.
 *
 * @throws EventBusError `INVALID_OPTION` if there is no open delivery.
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
        `and of this event ${what}. Call subscribe() first, publish the event, and pass the one that publishedEvents() returns`,
      { value: event.id },
    );
  }
  const deps = drainDeps({ prisma, client: prisma, names, log: SILENT }, () => undefined);
  return () => deliver(found, subscriber, deps);
}
