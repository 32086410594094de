import { Command, Option } from "commander";

import { deliveries } from "../admin/deliveries.js";
import { DELIVERY_STATES, type DeliveryState } from "../outbox/delivery-state.js";
import { type DeliveryOptions, filterOf, withDeliveryOptions } from "./delivery-options.js";
import { DISPENSABLE, deliveryRow } from "./delivery-rows.js";
import { parseLimit } from "./parse-number.js";
import { printRows } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { withDatabase } from "./with-database.js";

interface DeliveriesOptions extends DeliveryOptions {
  readonly state?: readonly DeliveryState[];
  readonly limit: number;
  readonly json?: boolean;
}

/** `ex-event-bus deliveries`: lists deliveries. */
export function deliveriesCommand(): Command {
  return withDeliveryOptions(new Command("deliveries"))
    .description("list deliveries, the last ones by position of their event")
    .addOption(new Option("--state <state...>", "only deliveries in these states").choices(DELIVERY_STATES))
    .option("--limit <count>", "list at most this many", parseLimit, 50)
    .option("--json", "print everything that is known, every error included, as JSON")
    .action(
      runAction<DeliveriesOptions>((options) =>
        withDatabase(options, async (client, names) => {
          const { state, limit } = options;
          const filter = { ...(await filterOf(client, names, options)), state, limit, last: true };
          const found = await deliveries(client, filter, { database: names });
          printRows(found, deliveryRow, {
            ...options,
            dispensable: DISPENSABLE,
            none: "There are no such deliveries.",
          });
        }),
      ),
    );
}
