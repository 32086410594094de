import { EventBusError } from "../errors.js";
import { executorOf, type PrismaQueryable } from "../outbox/executor.js";
import { withSavepoint } from "../outbox/with-savepoint.js";
import type { Subscriber } from "../registry/subscriber.js";

/**
 * Wraps the handler of a subscriber in a savepoint, because it runs in the transaction of a test. Otherwise a statement of the
 * handler that fails would abort the transaction, and no outcome could be recorded. Transactional subscribers have a savepoint
 * already.
 */
export function sparing(subscriber: Subscriber, tx: PrismaQueryable): Subscriber {
  if (subscriber.policy.transactional) return subscriber;
  return {
    ...subscriber,
    handle: (event, ctx) =>
      withSavepoint(
        executorOf(tx),
        async () => subscriber.handle(event, ctx),
        () => aborted(subscriber),
      ),
  };
}

function aborted(subscriber: Subscriber): EventBusError {
  return new EventBusError(
    "TRANSACTION_ABORTED",
    `A statement of the handler of "${subscriber.name}" failed, and the handler went on. It runs in the transaction that ` +
      "drain() was given, which PostgreSQL has aborted: the writes of the handler are rolled back. Put statements that may " +
      "fail into ctx.prisma.$transaction(), or test the handler without such a transaction.",
  );
}

/**
 * Whether a value is the client of an interactive transaction: such a client has no `$disconnect`. It has one connection, on which
 * nested transactions cannot run concurrently.
 */
export function isTransaction(prisma: unknown): prisma is PrismaQueryable {
  const { $queryRawUnsafe, $disconnect } = Object(prisma) as Readonly<Record<string, unknown>>;
  return typeof $queryRawUnsafe === "function" && typeof $disconnect !== "function";
}
