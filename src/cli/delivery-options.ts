import type { Command } from "commander";
import type pg from "pg";

import type { DeadFilter } from "../admin/redrive.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { assertKnown } from "./assert-known.js";
import { collectPositions } from "./parse-number.js";
import { parseTime, TIME_FORMS } from "./parse-time.js";
import { existingEvent } from "./which-event.js";

/** The options by which deliveries are chosen. */
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
    .option("--subscriber <name...>", "only those for these subscribers")
    .option("--event <name...>", "only those of these events")
    .option("--event-id <id...>", "only those of the events with these ids")
    .option("--position <position...>", "only those of the events at these positions", collectPositions)
    .option("--aggregate-type <type>", "only those of events of this aggregate type, as User")
    .option("--aggregate-key <key>", "only those of events of the aggregate with this key")
    .option(
      "--error <text>",
      "only those with an error that has this in its name, message or code, or in its causes",
    )
    .option("--since <time>", `only those that ended then or later: ${TIME_FORMS}`, parseTime)
    .option("--until <time>", "only those that ended before then", parseTime);
}

/**
 * What they ask for.
 *
 * @throws EventBusError `INVALID_OPTION` for names, ids and positions that the database does not know: nothing would be found,
 * and nobody would see why.
 */
export async function filterOf(
  client: pg.Client,
  names: SchemaNames,
  options: DeliveryOptions,
  /** Further events, by their ids or positions. */
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
