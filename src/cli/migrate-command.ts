import { Command } from "commander";

import { outputOf } from "./cli-options.js";
import { loadConfig } from "./load-config.js";
import { printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";

/** `ex-event-bus migrate`: installs the event bus, or brings it up to date. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("install the event bus in the database, or bring it up to date")
    .option("--sql", "print the script for an empty database instead, and connect to none")
    .option("--json", "print what was done as JSON")
    .action(
      runAction<{ readonly sql?: boolean; readonly json?: boolean }>(async (options) => {
        const config = await loadConfig(options.config);
        // Loaded here, so that the other commands need not wait for graphile-worker.
        const [{ migrate }, { migrationScript }] = await Promise.all([
          import("../worker/migrate.js"),
          import("../worker/migration-script.js"),
        ]);
        if (options.sql === true) {
          process.stdout.write(await migrationScript(config.database));
          return;
        }
        if (options.json === true) return printJson(await migrate(config));
        const { log } = outputOf(options);
        const { applied, subscribers } = await migrate({ ...config, log });
        log.info(applied.length === 0 ? "The schema was up to date." : "The schema is up to date.", {
          applied,
          subscribers,
        });
      }),
    );
}
