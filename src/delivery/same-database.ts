import { EventBusError } from "../errors.js";
import { type DatabaseIdentity, databaseIdentity } from "../outbox/database-identity.js";
import { type Executor, executorOf } from "../outbox/executor.js";
import type { Subscriber } from "../registry/subscriber.js";
import { transactionalClient } from "./transactional-client.js";

/** A server that is replaced while the two are asked answers one of them before and one after. */
const TRIES = 3;
const LIMITS = { maxWait: 10_000, timeout: 10_000 };

/**
 * A transactional subscriber's writes and the record of its delivery are one transaction, of the Prisma client. If that were
 * on another database than the worker's, it would find no delivery, or another one of the same position, and the delivery
 * would count as made. So both connections are asked which database they are on; the client's in a transaction, since
 * clients with replicas may send other queries to one of those.
 *
 * @throws EventBusError `INVALID_OPTION` when they are not on one database, `DATABASE_UNREACHABLE` when the client cannot
 * tell.
 */
export async function assertSameDatabase(
  worker: Executor,
  prisma: unknown,
  subscribers: readonly Subscriber[],
): Promise<void> {
  const subscriber = subscribers.find(({ policy }) => policy.transactional);
  if (subscriber === undefined) return;
  for (let tries = 1; ; tries += 1) {
    const own = await databaseIdentity(worker);
    const theirs = await identityOf(prisma, subscriber);
    if (own.id === theirs.id) return;
    if (tries === TRIES) throw onAnother(own, theirs, subscriber);
  }
}

async function identityOf(prisma: unknown, subscriber: Subscriber): Promise<DatabaseIdentity> {
  const client = transactionalClient(prisma, subscriber, "defineConfig()");
  let identity: DatabaseIdentity | undefined;
  try {
    await client.$transaction(async (tx) => {
      identity = await databaseIdentity(executorOf(tx));
    }, LIMITS);
  } catch (cause) {
    throw new EventBusError(
      "DATABASE_UNREACHABLE",
      `prisma in defineConfig() cannot ask its database which one it is, which has to be the worker's, as the subscriber ` +
        `"${subscriber.name}" is transactional. Check the connection string of its adapter, and that the server runs.`,
      { cause },
    );
  }
  return identity ?? { id: "", name: "" };
}

function onAnother(own: DatabaseIdentity, theirs: DatabaseIdentity, { name }: Subscriber): EventBusError {
  const other =
    own.name === theirs.name
      ? `the database "${theirs.name}" of another server`
      : `the database "${theirs.name}"`;
  return new EventBusError(
    "INVALID_OPTION",
    `prisma in defineConfig() is connected to ${other}, and the worker to the database "${own.name}": expected one and the ` +
      `same, as the subscriber "${name}" is transactional. Correct the connection string of the client's adapter, or ` +
      "database.url and database.directUrl, or DATABASE_URL.",
    { path: "prisma" },
  );
}
