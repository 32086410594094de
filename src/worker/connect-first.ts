import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";

import { isEventBusError } from "../errors.js";
import { checkSchema } from "../outbox/check-schema.js";
import { databaseFailure } from "../outbox/database-error.js";
import { type Executor, ownExecutor } from "../outbox/executor.js";
import { describeDatabase, unreachable } from "./database-url.js";
import { workerConnection } from "./worker-connection.js";
import type { WorkerSetup } from "./worker-setup.js";

/** A server that is starting up says so; it is waited for. Everything else is told at once. */
const STARTING_UP = "57P03";
/** Of connections, of who may connect, of databases that do not exist, of servers that are full or shut down. */
const ABOUT_CONNECTING = /^(08|28|3D|53|57)/;
const PATIENCE_MS = 30_000;

/**
 * Connects for the first time, checks the schema and does what has to be done before anything else.
 *
 * @throws EventBusError `DATABASE_UNREACHABLE`, `SCHEMA_MISSING`, `SCHEMA_OUTDATED`, `SCHEMA_TOO_NEW`.
 */
export async function connectFirst(
  setup: WorkerSetup,
  then: (executor: Executor, pool: Pool) => Promise<void>,
): Promise<void> {
  const connection = workerConnection(setup, 2);
  try {
    const executor = ownExecutor(connection.pool, false);
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await checkSchema(executor, setup.names, describeDatabase(setup.url));
        break;
      } catch (error) {
        if (isEventBusError(error)) throw error;
        const state = databaseFailure(error)?.state;
        if (state !== undefined && state !== "EPIPE" && !ABOUT_CONNECTING.test(state)) throw error;
        if (state !== STARTING_UP || performance.now() > giveUpAt) throw unreachable(setup.url, error);
        await sleep(500);
      }
    }
    await then(executor, connection.pool);
  } finally {
    await connection.close();
  }
}
