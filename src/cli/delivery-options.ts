import type { Command } from "commander";
import type pg from "pg";

import type { DeadFilter } from "../admin/redrive.js";
import { EventBusError } from "../errors.js";
import { executorOf } from "../outbox/executor.js";
import { knownNames } from "../outbox/known-names.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { didYouMean } from "../registry/nearest-name.js";
import { parseTime } from "./parse-time.js";

/** The options by which deliveries are chosen. */
export interface DeliveryOptions {
  readonly subscriber?: readonly string[];
  readonly event?: readonly string[];
  readonly id?: readonly string[];
  readonly error?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** Adds {@link DeliveryOptions} to a command. */
export function withDeliveryOptions(command: Command): Command {
  return command
    .option("--subscriber <name...>", "only those for these subscribers")
    .option("--event <name...>", "only those of these events")
    .option("--id <id...>", "only those of the events with these ids")
    .option(
      "--error <text>",
      "only those with an error that has this in its name, message or code, or in its causes",
    )
    .option(
      "--since <time>",
      "only those that ended then or later: 2026-11-23T14:00, or 2h ago as 2h",
      parseTime,
    )
    .option("--until <time>", "only those that ended before then", parseTime);
}

/** What they ask for. */
export function filterOf({ subscriber, event, id, error, since, until }: DeliveryOptions): DeadFilter {
  return { subscriber, event, eventId: id, error, since, until };
}

/** Whether any condition is given. */
export function hasCondition(filter: DeadFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/**
 * Refuses names that the database does not know: nothing would be found, and nobody would see why.
 *
 * @throws EventBusError `INVALID_OPTION` with the nearest name.
 */
export async function assertKnown(
  client: pg.Client,
  names: SchemaNames,
  { subscriber = [], event = [] }: Pick<DeliveryOptions, "subscriber" | "event">,
): Promise<void> {
  if (subscriber.length === 0 && event.length === 0) return;
  const known = await knownNames(executorOf(client), names);
  assertAmong(subscriber, known.subscribers, "subscriber");
  assertAmong(event, known.events, "event");
}

function assertAmong(given: readonly string[], known: readonly string[], what: string): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new EventBusError(
    "INVALID_OPTION",
    `The database knows no ${what} "${unknown}"${didYouMean(unknown, known)}`,
    { value: unknown, path: what },
  );
}
