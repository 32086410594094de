import { EventBusError } from "../errors.js";
import type { PrismaQueryable } from "../outbox/executor.js";
import type { IsolationLevel, Subscriber } from "../registry/subscriber.js";

/** The part of a Prisma client, or of the client of a transaction, that a transactional subscriber needs. */
export interface TransactionalClient {
  $transaction(
    run: (tx: PrismaQueryable) => Promise<void>,
    options: {
      readonly maxWait: number;
      readonly timeout: number;
      readonly isolationLevel?: IsolationLevel;
    },
  ): Promise<unknown>;
}

/**
 * The client in whose transactions the handlers of transactional subscribers run.
 *
 * @throws EventBusError `INVALID_OPTION` if there is none.
 */
export function transactionalClient(
  prisma: unknown,
  subscriber: Subscriber,
  of: string,
): TransactionalClient {
  if (typeof prisma === "object" && prisma !== null && "$transaction" in prisma)
    return prisma as TransactionalClient;
  throw new EventBusError(
    "INVALID_OPTION",
    `prisma in ${of} has no $transaction: expected a Prisma client, because the subscriber "${subscriber.name}" is ` +
      "transactional",
    { path: "prisma" },
  );
}

/** @throws EventBusError `INVALID_OPTION` if one of the subscribers cannot run with the client. */
export function checkTransactional(prisma: unknown, subscribers: Iterable<Subscriber>, of: string): void {
  for (const subscriber of subscribers)
    if (subscriber.policy.transactional) transactionalClient(prisma, subscriber, of);
}
