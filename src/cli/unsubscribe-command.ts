import { Command } from "commander";
import pc from "picocolors";

import { unsubscribe } from "../admin/unsubscribe.js";
import { EventBusError } from "../errors.js";
import { type EventBusConfig, loadSubscribers } from "../registry/define-config.js";
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
        withDatabase(options, async (client, names, config) => {
          await assertKnown(client, names, {
            subscriber: [subscriber],
            event: event === undefined ? [] : [event],
          });
          const events = await unsubscribe(client, subscriber, { database: names, event });
          if (events.length === 0) throw notSubscribed(subscriber, event);
          if (options.json === true) printJson({ subscriber, events });
          else print(`"${subscriber}" does not receive ${events.join(", ")} any more.\n`);
          const again = await stillConfigured(config, subscriber, events);
          if (again.length > 0) process.stderr.write(`${noteOf(subscriber, again)}\n`);
        }),
      ),
    );
}

/** The events to which the configuration still subscribes the subscriber. */
async function stillConfigured(
  config: EventBusConfig,
  subscriber: string,
  events: readonly string[],
): Promise<readonly string[]> {
  // Ending subscriptions must work even if the application's code cannot be loaded.
  const configured = await loadSubscribers(config).catch(() => []);
  const same = configured.find(({ name }) => name === subscriber);
  return events.filter((event) => same?.events.some(({ name }) => name === event));
}

function noteOf(subscriber: string, events: readonly string[]): string {
  return (
    `${pc.yellow("warning:")} the configuration still has "${subscriber}" with ${events.join(", ")}: the next worker or migrate ` +
    "subscribes it again. Take it out of the configuration first, and deploy that"
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
