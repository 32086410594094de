import { countErasable, type Erased, eraseEvents } from "../outbox/erase-events.js";
import type { Queryable } from "../outbox/executor.js";
import { checkFlag, checkOptions, invalidOption } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { keyAsText } from "../registry/draft-event.js";
import { withNames } from "./with-names.js";

/** Whose events are erased. */
export interface ErasedAggregate {
  /** The model, or the type of the event. */
  readonly aggregateType: string;
  /** Its key; for a compound key the values in the order of its fields. */
  readonly aggregateKey: string | number | bigint | readonly (string | number | bigint)[];
}

export interface EraseOptions extends DatabaseOptions {
  /** Counts what would be erased, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Erases what the events of an aggregate say, for ever, and leaves that they were: their position, id, name, operation,
 * key and time stay. Their aggregate is null, changes, initial data and metadata are empty, and so are the errors of
 * their deliveries.
 *
 * Deliveries that wait, are retried or dead are cancelled: no handler gets an empty event. One that is being made has
 * its event already. Events of other aggregates that mirror its rows are not touched, nor what subscribers have kept.
 * Give it the client of a transaction, so that it happens at once or not at all; it can be repeated.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool; of the role that migrated.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * await prisma.$transaction((tx) => erase(tx, { aggregateType: "User", aggregateKey: 7 }));
 * ```
 */
export function erase(
  client: Queryable,
  aggregate: ErasedAggregate,
  options: EraseOptions = {},
): Promise<Erased> {
  const place = { of: "erase()" };
  return withNames(client, { ...place, options, known: ["dryRun"] }, (executor, names) => {
    const isDry = checkFlag({ ...options }, "dryRun", place);
    const known = ["aggregateType", "aggregateKey"];
    const given = checkOptions(aggregate, known, { ...place, path: "aggregate" });
    const { aggregateType, aggregateKey } = given;
    if (typeof aggregateType !== "string" || aggregateType === "")
      throw invalidOption(
        "aggregateType",
        aggregateType,
        "the type of the aggregate, such as a model",
        place,
      );
    const key = keyAsText(aggregateKey, place);
    if (key === null) throw invalidOption("aggregateKey", aggregateKey, "a key", place);
    return (isDry ? countErasable : eraseEvents)(executor, names, aggregateType, key);
  });
}
