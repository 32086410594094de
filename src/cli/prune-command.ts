import { Command } from "commander";

import { prune } from "../admin/prune.js";
import type { KeepFor } from "../registry/retention.js";
import { loadConfig } from "./load-config.js";
import { printJson } from "./print-rows.js";
import { watchWork } from "./progress.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface PruneOptions {
  readonly olderThan?: string;
  readonly json?: boolean;
}

/** `ex-event-bus prune`: deletes what is old, now. */
export function pruneCommand(): Command {
  return new Command("prune")
    .description("delete old events that are done, as workers do; never one with an open or dead delivery")
    .option("--older-than <age>", 'instead of the default of the configuration: "30 days", "12 hours"')
    .option("--json", "print as JSON")
    .action(
      runAction<PruneOptions>(async (options) => {
        const { retention } = await loadConfig(options.config);
        const age = options.olderThan === undefined ? {} : { default: options.olderThan as KeepFor };
        await withDatabase(options, async (client, names) => {
          const work = watchWork("deleting");
          const call = { database: names, batchSize: 1_000, ...work.options };
          const result = await prune(client, { ...retention, ...age }, call).finally(work.done);
          if (options.json === true) printJson(result);
          else print(`${result.events} events are deleted.\n`);
        });
      }),
    );
}
