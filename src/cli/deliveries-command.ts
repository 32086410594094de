import { Command, Option } from "commander";

import { deliveries } from "../admin/deliveries.js";
import type { DeliveryState } from "../outbox/delivery-state.js";
import { parseCount } from "./parse-number.js";
import { printRows } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { withDatabase } from "./with-database.js";

interface DeliveriesOptions {
  readonly subscriber?: readonly string[];
  readonly event?: readonly string[];
  readonly id?: string;
  readonly state?: readonly DeliveryState[];
  readonly limit: number;
  readonly json?: boolean;
}

const STATES: readonly DeliveryState[] = ["waiting", "retrying", "snoozed", "delivered", "cancelled", "dead"];

/** `ex-event-bus deliveries`: lists deliveries. */
export function deliveriesCommand(): Command {
  return new Command("deliveries")
    .description("list deliveries, the last ones by position of their event")
    .option("--subscriber <name...>", "only those to these subscribers")
    .option("--event <name...>", "only those of these events")
    .option("--id <id>", "only those of the event with this id")
    .addOption(new Option("--state <state...>", "only those in these states").choices(STATES))
    .option("--limit <count>", "at most so many", parseCount, 50)
    .option("--json", "print everything that is known, every error included, as JSON")
    .action(
      runAction<DeliveriesOptions>((options) =>
        withDatabase(options, async (client, names) => {
          const { subscriber, event, id, state, limit } = options;
          const filter = {
            limit,
            last: true,
            ...(subscriber === undefined ? {} : { subscriber }),
            ...(event === undefined ? {} : { event }),
            ...(id === undefined ? {} : { eventId: id }),
            ...(state === undefined ? {} : { state }),
          };
          const found = await deliveries(client, filter, { database: names });
          printRows(
            found,
            (delivery) => ({
              position: delivery.position,
              event: delivery.eventName,
              subscriber: delivery.subscriber,
              state: delivery.state,
              attempts: delivery.attempts,
              "due or finished": delivery.dueAt ?? delivery.finishedAt,
              "last error": lastError(delivery.errors.at(-1)),
            }),
            { ...options, none: "There are no such deliveries." },
          );
        }),
      ),
    );
}

function lastError(error: { readonly name: string; readonly message: string } | undefined): string {
  if (error === undefined) return "";
  const text = `${error.name}: ${error.message}`;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
