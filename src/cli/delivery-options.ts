import type { Command } from "commander";
import type pg from "pg";

import type { DeadFilter } from "../admin/redrive.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { assertKnown } from "./assert-known.js";
import { collectPositions } from "./parse-number.js";
import { parseTime, TIME_FORMS } from "./parse-time.js";
import { existingEvent } from "./which-event.js";

/** The options that select deliveries. */
export interface DeliveryOptions {
  readonly subscriber?: readonly string[];
  readonly event?: readonly string[];
  readonly eventId?: readonly string[];
  readonly position?: readonly number[];
  readonly aggregateType?: string;
  readonly aggregateKey?: string;
  readonly error?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** Adds {@link DeliveryOptions} to a command. */
export function withDeliveryOptions(command: Command): Command {
  return command
    .option("--subscriber <name...>", "only deliveries to these subscribers")
    .option("--event <name...>", "only deliveries of events with these names")
    .option("--event-id <id...>", "only deliveries of the events with these ids")
    .option("--position <position...>", "only deliveries of the events at these positions", collectPositions)
    .option("--aggregate-type <type>", "only deliveries of events of this aggregate type, such as User")
    .option("--aggregate-key <key>", "only deliveries of events of the aggregate with this key")
    .option(
      "--error <text>",
      "only deliveries with an error that has this text in its name, message, code or causes",
    )
    .option("--since <time>", `only deliveries that ended at this time or later: ${TIME_FORMS}`, parseTime)
    .option("--until <time>", "only deliveries that ended before this time", parseTime);
}

/**
 * The filter that the options describe.
 *
 * @throws EventBusError `INVALID_OPTION` for names, ids and positions that the database does not know. Otherwise the command
 * would find nothing and give no reason.
 */
export async function filterOf(
  client: pg.Client,
  names: SchemaNames,
  options: DeliveryOptions,
  /** Ids or positions of further events. */
  more: readonly string[] = [],
): Promise<DeadFilter> {
  await assertKnown(client, names, options);
  const {
    subscriber,
    event,
    eventId = [],
    position = [],
    aggregateType,
    aggregateKey,
    error,
    since,
    until,
  } = options;
  const ids: string[] = [];
  for (const one of [...eventId, ...position.map(String), ...more])
    ids.push((await existingEvent(client, names, one)).id);
  return {
    subscriber,
    event,
    eventId: ids.length === 0 ? undefined : ids,
    aggregateType,
    aggregateKey,
    error,
    since,
    until,
  };
}

/** Whether any condition is given. */
export function hasCondition(filter: DeadFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}
