import { Command } from "commander";

import { events } from "../admin/events.js";
import { aggregateOf } from "./aggregate-of.js";
import { assertKnown } from "./assert-known.js";
import { parseCount } from "./parse-number.js";
import { parseTime, TIME_FORMS } from "./parse-time.js";
import { printRows } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { withDatabase } from "./with-database.js";

interface EventsOptions {
  readonly event?: readonly string[];
  readonly type?: string;
  readonly key?: string;
  readonly id?: string;
  readonly correlation?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly after?: number;
  readonly limit: number;
  readonly json?: boolean;
}

/** `ex-event-bus events`: lists events. */
export function eventsCommand(): Command {
  return new Command("events")
    .description("list events, the last ones by position")
    .option("--event <name...>", "only events of these names")
    .option("--type <type>", "only events of this aggregate type, as User")
    .option("--key <key>", "only events of the aggregate with this key")
    .option("--id <id>", "only the event with this id")
    .option("--correlation <id>", "only events that one request led to")
    .option("--since <time>", `only events that occurred then or later: ${TIME_FORMS}`, parseTime)
    .option("--until <time>", "only events that occurred before then", parseTime)
    .option("--after <position>", "the first ones after this position instead", parseCount)
    .option("--limit <count>", "at most so many", parseCount, 50)
    .option("--json", "print everything that is known, as JSON")
    .action(
      runAction<EventsOptions>((options) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, options);
          const { event, type, key, id, correlation, since, until, after, limit } = options;
          const filter = {
            event,
            eventId: id,
            aggregateType: type,
            aggregateKey: key,
            correlationId: correlation,
            since,
            until,
            after,
            limit,
            last: after === undefined,
          };
          const found = await events(client, filter, { database: names });
          printRows(
            found,
            (event) => ({
              position: event.position,
              occurred: event.occurredAt,
              event: event.name,
              operation: event.operation,
              aggregate: aggregateOf(event),
              id: event.id,
            }),
            { ...options, dispensable: ["id"], none: "There are no such events." },
          );
        }),
      ),
    );
}
