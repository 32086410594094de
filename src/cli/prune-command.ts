import { Command } from "commander";

import { prune } from "../admin/prune.js";
import { canAsk, cannotAsk, confirm, isByHand, YES } from "./confirm.js";
import { loadConfig } from "./load-config.js";
import { parseAge } from "./parse-time.js";
import { counted, printJson } from "./print-rows.js";
import { watchWork } from "./progress.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface PruneOptions {
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus prune`: deletes old events now. */
export function pruneCommand(): Command {
  return new Command("prune")
    .description("delete old events, as workers do; events with an open or dead delivery are kept")
    .option(
      "--older-than <age>",
      "an age such as 30d, 12h or 30m, instead of the default retention of the configuration",
      parseAge,
    )
    .option("--dry-run", "count them, and change nothing")
    .option(...YES)
    .option("--json", "print as JSON")
    .action(
      runAction<PruneOptions>(async (options) => {
        const { retention } = await loadConfig(options.config);
        const age = options.olderThan === undefined ? {} : { default: options.olderThan };
        await withDatabase(options, async (client, names) => {
          const kept = { ...retention, ...age };
          const { dryRun = false } = options;
          const call = { database: names, batchSize: 1_000, dryRun };
          // A scheduled prune is not asked, as workers are not.
          if (!dryRun && options.yes !== true && isByHand()) {
            if (!canAsk()) throw cannotAsk("prune");
            const { events } = await prune(client, kept, { ...call, dryRun: true });
            if (events > 0 && !(await confirm(questionOf(events), "Nothing was deleted."))) return;
          }
          const work = watchWork(dryRun ? "counting" : "deleting");
          const result = await prune(client, kept, { ...call, ...work.options }).finally(work.done);
          if (options.json === true) printJson(result);
          else if (dryRun)
            print(`${counted(result.events, "event", "events")} would be deleted; nothing was changed.\n`);
          else print(`${counted(result.events, "event is", "events are")} deleted.\n`);
        });
      }),
    );
}

function questionOf(events: number): string {
  return `Delete ${counted(events, "event with its", "events with their")} deliveries forever?`;
}
