import { Command } from "commander";

import { status } from "../admin/status.js";
import { printRows } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { withDatabase } from "./with-database.js";

/** `ex-event-bus status`: counts deliveries. */
export function statusCommand(): Command {
  return new Command("status")
    .description("count the deliveries of each subscriber by state")
    .option("--json", "print as JSON")
    .action(
      runAction<{ readonly json?: boolean }>((options) =>
        withDatabase(options, async (client, names) => {
          printRows(
            await status(client, { database: names }),
            ({ oldestOpen, ...counts }) => ({ ...counts, "oldest open": oldestOpen }),
            { ...options, none: "There are no subscribers. Run: npx ex-event-bus migrate" },
          );
        }),
      ),
    );
}
