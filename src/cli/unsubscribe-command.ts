import { Command } from "commander";

import { unsubscribe } from "../admin/unsubscribe.js";
import { EventBusError } from "../errors.js";
import { assertKnown } from "./assert-known.js";
import { printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

/** `ex-event-bus unsubscribe <subscriber> [event]`: ends subscriptions. */
export function unsubscribeCommand(): Command {
  return new Command("unsubscribe")
    .description("end the subscriptions of a subscriber; take it out of the configuration first")
    .argument("<subscriber>", "the name of the subscriber")
    .argument("[event]", "only from this event (default: from all)")
    .option("--json", "print the subscriber and the events as JSON")
    .action(
      runAction<{ readonly json?: boolean }>((options, [subscriber = "", event]) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, {
            subscriber: [subscriber],
            event: event === undefined ? [] : [event],
          });
          const events = await unsubscribe(client, subscriber, { database: names, event });
          if (events.length === 0) throw notSubscribed(subscriber, event);
          if (options.json === true) return printJson({ subscriber, events });
          print(`"${subscriber}" does not receive ${events.join(", ")} any more.\n`);
        }),
      ),
    );
}

function notSubscribed(subscriber: string, event: string | undefined): EventBusError {
  const to = event === undefined ? "any event" : `"${event}"`;
  return new EventBusError(
    "INVALID_OPTION",
    `"${subscriber}" does not subscribe to ${to}. See: npx ex-event-bus subscribers ${event ?? "<event>"}`,
    { value: subscriber },
  );
}
