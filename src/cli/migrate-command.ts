import { Command } from "commander";

import { assertCompatibleClient } from "../delivery/compatible-client.js";
import { MIGRATIONS } from "../outbox/migrations.js";
import type { MigrateResult } from "../worker/migrate.js";
import { outputOf } from "./cli-options.js";
import { loadConfig } from "./load-config.js";
import { printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";

/** The migration that creates the tables. */
const FIRST = MIGRATIONS[0]?.name ?? "";

/** `ex-event-bus migrate`: installs the event bus, or brings it up to date. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("install the event bus in the database, or bring it up to date")
    .option("--sql", "print the script for an empty database instead, without connecting to a database")
    .option("--force", "migrate even if running workers will not work with the new schema")
    .option("--json", "print what was done as JSON")
    .action(
      runAction<{ readonly sql?: boolean; readonly force?: boolean; readonly json?: boolean }>(
        async (options) => {
          const config = await loadConfig(options.config);
          // Loaded here, so that the other commands need not wait for graphile-worker.
          const [{ migrate }, { migrationScript }] = await Promise.all([
            import("../worker/migrate.js"),
            import("../worker/migration-script.js"),
          ]);
          if (options.sql === true) {
            print(await migrationScript(config.database));
            return;
          }
          await assertCompatibleClient(config.prisma);
          const { force = false } = options;
          if (options.json === true) return printJson(await migrate({ ...config, force }));
          const { log } = outputOf(options);
          const done = await migrate({ ...config, log, force });
          const { schema, workerSchema } = config.database;
          log.info(describe(done), { schema, workerSchema, ...done });
        },
      ),
    );
}

function describe({ applied, subscribers }: MigrateResult): string {
  if (applied.includes(FIRST)) return "The event bus is installed in this database.";
  if (applied.length > 0) return "The event bus is brought up to date.";
  if (subscribers.length > 0) return "The event bus was up to date; its subscribers have changed.";
  return "The event bus was up to date: there was nothing to do.";
}
