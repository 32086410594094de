import { isAboutConnecting } from "../delivery/connection-error.js";
import { explainFailure } from "../outbox/database-error.js";
import { ownExecutor } from "../outbox/executor.js";
import { tuneWorkerTables } from "../outbox/graphile/tune-worker-tables.js";
import { installSchema, refuseSchemaOfOthers } from "../outbox/install-schema.js";
import { lockMigrations } from "../outbox/lock-migrations.js";
import { checkFlag } from "../registry/check-options.js";
import { openConnection } from "./connection.js";
import { unreachable } from "./database-url.js";
import { migrateGraphile } from "./graphile/migrations.js";
import { subscribeAll } from "./subscribe-all.js";
import { checkRunOptions, prepareWorker, type RunOptions } from "./worker-setup.js";

/** The result of {@link migrate}. */
export interface MigrateResult {
  /** The applied migrations; `functions` if only the functions have changed; empty if the schema was up to date. */
  readonly applied: readonly string[];
  /** The subscribers whose subscriptions have changed in the database. */
  readonly subscribers: readonly string[];
}

/** Options of {@link migrate}. */
export interface MigrateOptions extends RunOptions {
  /**
   * Migrates even if running workers will not work with the new schema: they fail until they are restarted with this version.
   * Defaults to false.
   */
  readonly force?: boolean | undefined;
}

/** Long, because building an index on a large table takes time. */
const STATEMENT_MS = 3_600_000;

/**
 * Installs the event bus in the database, or brings it up to date: graphile-worker's schema, the schema of the event bus, and the
 * subscriptions of the configuration. Does nothing if all are up to date. Any number of processes can call it at once: they wait
 * for each other.
 *
 * @throws EventBusError `INVALID_OPTION`, `DUPLICATE_NAME`, `DATABASE_UNREACHABLE`, `SUBSCRIBER_TAKEN`, `WORKERS_RUNNING`.
 *
 * @example
 * ```ts
 * await migrate(config);
 * ```
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const given = checkRunOptions(options, ["force"], "migrate()");
  const force = checkFlag(given, "force", { of: "migrate()" });
  const { force: _, ...config } = options;
  const setup = await prepareWorker(config);
  const { names, url } = setup;
  const connection = openConnection({ url, max: 2, name: "ex-event-bus migrate", timeoutMs: STATEMENT_MS });
  try {
    const client = await connection.pool.connect().catch((error) => {
      throw unreachable(url, error);
    });
    // One that breaks is known by the statement that fails.
    client.on("error", () => undefined);
    const unlock = await lockMigrations(client, names);
    try {
      await refuseSchemaOfOthers(client, names);
      await migrateGraphile(connection.pool, names.workerSchema, setup.log);
    } finally {
      await unlock();
    }
    const applied = await installSchema(client, names, { force });
    const executor = ownExecutor(client, false);
    await tuneWorkerTables(executor, names);
    const subscribers = await subscribeAll(executor, setup);
    client.release();
    return { applied, subscribers };
  } catch (error) {
    throw isAboutConnecting(error) ? unreachable(url, error) : explainFailure(error, names);
  } finally {
    await connection.close();
  }
}
