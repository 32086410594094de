import { Command } from "commander";

import { subscribersOf } from "../admin/subscribers-of.js";
import { assertKnown } from "./assert-known.js";
import { printRows } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { withDatabase } from "./with-database.js";

/** `ex-event-bus subscribers <event>`: lists the subscribers of an event. */
export function subscribersCommand(): Command {
  return new Command("subscribers")
    .description("list the subscribers of an event, those of other applications too")
    .argument("<event>", "the name of the event")
    .option("--json", "print everything that is known, as JSON")
    .action(
      runAction<{ readonly json?: boolean }>((options, [event = ""]) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, { event: [event] });
          printRows(
            await subscribersOf(client, event, { database: names }),
            ({ subscriber, application, isPaused }) => ({
              subscriber,
              application,
              paused: isPaused ? "paused" : "",
            }),
            { ...options, none: `"${event}" has no subscribers.` },
          );
        }),
      ),
    );
}
