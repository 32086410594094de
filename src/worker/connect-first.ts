import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";

import { isAboutConnecting, stateOf } from "../delivery/connection-error.js";
import { isEventBusError } from "../errors.js";
import { checkSchema } from "../outbox/check-schema.js";
import { type Executor, ownExecutor } from "../outbox/executor.js";
import { describeDatabase, unreachable } from "./database-url.js";
import { workerConnection } from "./worker-connection.js";
import type { WorkerSetup } from "./worker-setup.js";

/** How long to wait for a server that is starting up. Every other error is thrown at once. */
const STARTING_UP = "57P03";
const PATIENCE_MS = 30_000;

/**
 * Connects for the first time, checks the schema, and runs the first work.
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
      let isConnected = false;
      try {
        (await connection.pool.connect()).release();
        isConnected = true;
        await checkSchema(executor, setup.names, describeDatabase(setup.url));
        break;
      } catch (error) {
        if (isEventBusError(error)) throw error;
        const state = stateOf(error);
        // A refused login can have any code, for example that of an unknown setting or a login trigger.
        if (isConnected && state !== undefined && !isAboutConnecting(error)) throw error;
        if (state !== STARTING_UP || performance.now() > giveUpAt) throw unreachable(setup.url, error);
        await sleep(500);
      }
    }
    await then(executor, connection.pool).catch((error: unknown) => {
      throw isAboutConnecting(error) ? unreachable(setup.url, error) : error;
    });
  } finally {
    await connection.close();
  }
}
