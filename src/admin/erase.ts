import { countErasable, type Erased, eraseEvents } from "../outbox/erase-events.js";
import type { Queryable } from "../outbox/executor.js";
import { checkFlag, checkOptions, invalidOption } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { keyAsText } from "../registry/draft-event.js";
import type { DraftKey } from "../registry/event-type.js";
import { withNames } from "./with-names.js";

/** The aggregate whose events are erased. */
export interface ErasedAggregate {
  /** The model, or the type of the event. */
  readonly aggregateType: string;
  /** Its key; for a compound key, the values in the order of its fields. */
  readonly aggregateKey: DraftKey;
}

export interface EraseOptions extends DatabaseOptions {
  /** Counts the events that would be erased, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Erases the content of the events of an aggregate forever. That they occurred stays on record: their position, id, name,
 * operation, key and time. Their aggregate becomes null; their changes, initial data and metadata, and the errors of their
 * deliveries, become empty.
 *
 * Open and dead deliveries are cancelled, so that no handler gets an empty event. A handler that is running has the event
 * already. Events of other aggregates that contain its rows do not change, nor do copies that subscribers have made. Pass the
 * client of a transaction, so that everything is erased or nothing. The call can be repeated.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool; with the role that ran `migrate`.
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
