import type pg from "pg";

import { EventBusError } from "../errors.js";
import { executorOf } from "../outbox/executor.js";
import { knownNames, knownTypes } from "../outbox/known-names.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { didYouMean } from "../registry/nearest-name.js";

/** The names in the options of a command. */
export interface GivenNames {
  readonly subscriber?: readonly string[] | undefined;
  readonly event?: readonly string[] | undefined;
  readonly aggregateType?: string | undefined;
}

/**
 * Refuses names that the database does not know. Otherwise the command would find nothing and give no reason.
 *
 * @throws EventBusError `INVALID_OPTION` with the nearest name.
 */
export async function assertKnown(
  client: pg.Client,
  names: SchemaNames,
  { subscriber = [], event = [], aggregateType }: GivenNames,
): Promise<void> {
  const executor = executorOf(client);
  if (subscriber.length > 0 || event.length > 0) {
    const known = await knownNames(executor, names);
    assertAmong(subscriber, known.subscribers, "subscriber");
    assertAmong(event, known.events, "event");
  }
  if (aggregateType !== undefined)
    assertAmong([aggregateType], await knownTypes(executor, names), "aggregate type");
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
