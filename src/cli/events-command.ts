import { Command } from "commander";

import { events } from "../admin/events.js";
import { EventBusError } from "../errors.js";
import type { ListedEvent } from "../outbox/stored-event.js";
import { assertKnown } from "./assert-known.js";
import { aggregateOf } from "./delivery-rows.js";
import { followEvents } from "./follow-events.js";
import { parseCount } from "./parse-number.js";
import { parseTime, TIME_FORMS } from "./parse-time.js";
import { printJsonLine, printRows, tableFor } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import type { Row } from "./table.js";
import { withDatabase } from "./with-database.js";

interface EventsOptions {
  readonly event?: readonly string[];
  readonly aggregateType?: string;
  readonly aggregateKey?: string;
  readonly eventId?: string;
  readonly correlationId?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly after?: number;
  readonly limit: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus events`: lists events. */
export function eventsCommand(): Command {
  return new Command("events")
    .description("list events, the last ones by position")
    .option("--event <name...>", "only events of these names")
    .option("--aggregate-type <type>", "only events of this aggregate type, such as User")
    .option("--aggregate-key <key>", "only events of the aggregate with this key")
    .option("--event-id <id>", "only the event with this id")
    .option("--correlation-id <id>", "only events that one request led to")
    .option("--since <time>", `only events that occurred at this time or later: ${TIME_FORMS}`, parseTime)
    .option("--until <time>", "only events that occurred before this time", parseTime)
    .option("--after <position>", "list the first ones after this position instead", parseCount)
    .option("--limit <count>", "list at most this many", parseCount, 50)
    .option("--follow", "then list each new one, until Ctrl-C; with --json, one line for each")
    .option("--json", "print everything that is known, as JSON")
    .action(
      runAction<EventsOptions>((options) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, options);
          const { event, eventId, aggregateType, aggregateKey, correlationId, since, until, after, limit } =
            options;
          if (limit === 0 && options.follow !== true) throw showsNothing();
          const filter = {
            event,
            eventId,
            aggregateType,
            aggregateKey,
            correlationId,
            since,
            until,
            after,
            limit,
            last: after === undefined,
          };
          if (options.follow === true) {
            const show = options.json === true ? showLines : rowsOneByOne();
            return followEvents(client, names, filter, show);
          }
          const found = await events(client, filter, { database: names });
          const isMarked = found.some(({ error }) => error !== undefined);
          const row = (one: ListedEvent) =>
            isMarked ? { ...eventRow(one), error: one.error?.message } : eventRow(one);
          printRows(found, row, {
            ...options,
            dispensable: ["id"],
            end: after === undefined ? "last" : "first",
            none: "There are no such events.",
          });
        }),
      ),
    );
}

function eventRow(event: ListedEvent): Row {
  return {
    position: event.position,
    occurred: event.occurredAt,
    event: event.name,
    operation: event.operation,
    aggregate: aggregateOf(event),
    id: event.id,
  };
}

/** A limit of 0 makes sense with `--follow` only. */
function showsNothing(): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    "--limit 0 shows nothing: expected 1 or more, or --follow to list new events only",
    { value: 0, path: "limit" },
  );
}

function showLines(found: readonly ListedEvent[]): void {
  for (const event of found) printJsonLine(event);
}

/** Prints tables that read as one: only the first has the names of the columns. */
function rowsOneByOne(): (found: readonly ListedEvent[]) => void {
  let isFirst = true;
  return (found) => {
    const lines = tableFor(found.map(eventRow), ["id"]).split("\n");
    print(`${lines.slice(isFirst ? 0 : 1, 1 + found.length).join("\n")}\n`);
    isFirst = false;
  };
}
