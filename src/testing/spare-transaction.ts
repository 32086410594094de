import { EventBusError } from "../errors.js";
import { executorOf, type PrismaQueryable } from "../outbox/executor.js";
import { withSavepoint } from "../outbox/with-savepoint.js";
import type { Subscriber } from "../registry/subscriber.js";

/**
 * A subscriber whose handler runs in the middle of somebody else's transaction: a statement of it that fails would end
 * that, and nothing could be recorded any more. One that is transactional sees to that by itself.
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
      "drain() was given, where PostgreSQL takes no further statement then: what it had written is gone. Put what may fail " +
      "into ctx.prisma.$transaction(), or test it on a database of its own.",
  );
}

/**
 * Whether it is the client of an interactive transaction: Prisma takes from those what ends a connection. One has one
 * connection, on which nested transactions cannot run at the same time.
 */
export function isTransaction(prisma: unknown): prisma is PrismaQueryable {
  const { $queryRawUnsafe, $disconnect } = Object(prisma) as Readonly<Record<string, unknown>>;
  return typeof $queryRawUnsafe === "function" && typeof $disconnect !== "function";
}
