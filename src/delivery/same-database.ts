import { EventBusError } from "../errors.js";
import { type DatabaseIdentity, databaseIdentity } from "../outbox/database-identity.js";
import { type Executor, executorOf } from "../outbox/executor.js";
import type { Subscriber } from "../registry/subscriber.js";
import { transactionalClient } from "./transactional-client.js";

/** If the server is replaced between the two queries, their answers differ, so they are repeated. */
const TRIES = 3;
const LIMITS = { maxWait: 10_000, timeout: 10_000 };

/**
 * A transactional subscriber's writes and the record of its delivery are in one transaction of the Prisma client. In another
 * database than the worker's, it would find no delivery, or another one at the same position, and count the delivery as made. So
 * both connections are asked for their database. The client is asked in a transaction, because clients with replicas may send
 * other queries to a replica.
 *
 * @throws EventBusError `INVALID_OPTION` if the databases differ, `DATABASE_UNREACHABLE` if the client cannot answer.
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
      `prisma in defineConfig() cannot query its database. It must be the worker's database, because the subscriber ` +
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
    `prisma in defineConfig() is connected to ${other}, and the worker to the database "${own.name}": expected the ` +
      `same database, because the subscriber "${name}" is transactional. Correct the connection string of the client's adapter, or ` +
      "database.url and database.directUrl, or DATABASE_URL.",
    { path: "prisma" },
  );
}
