import type { StoredEvent } from "../registry/event.js";
import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { EVENT_COLUMNS, type EventRow, readEvent } from "./stored-event.js";

/** Which events; every condition that is given must hold. */
export interface EventFilter {
  /** The names of events. */
  readonly event?: string | readonly string[] | undefined;
  readonly eventId?: string | undefined;
  readonly aggregateType?: string | undefined;
  readonly aggregateKey?: string | undefined;
  readonly operation?: StoredEvent["operation"] | undefined;
  readonly correlationId?: string | undefined;
  /** Only events after this position. */
  readonly after?: number | undefined;
  /** At most so many, the first ones. Default: all. */
  readonly limit?: number | undefined;
  /** The limit keeps the last ones instead. Default: false. */
  readonly last?: boolean | undefined;
}

const find = (direction: "asc" | "desc") =>
  statement(/* sql */ `
select ${EVENT_COLUMNS}
  from :BUS.events e
 where ($1::text[] is null or e.name = any ($1))
   and ($2::uuid is null or e.id = $2)
   and ($3::text is null or e.aggregate_type = $3)
   and ($4::text is null or e.aggregate_key = $4)
   and ($5::text is null or e.operation = $5)
   and ($6::text is null or e.metadata ->> 'correlationId' = $6)
   and ($7::bigint is null or e.position > $7)
 order by e.position ${direction}
 limit $8::bigint`);
const FIRST = find("asc");
const LAST = find("desc");

/** The events that fit the filter, in the order of their positions, as `executor`'s transaction sees them. */
export async function findEvents(
  executor: Executor,
  names: SchemaNames,
  filter: EventFilter = {},
): Promise<readonly StoredEvent[]> {
  const rows = await explained(
    names,
    executor.query<EventRow>((filter.last === true ? LAST : FIRST)(names), [
      filter.event === undefined ? null : [filter.event].flat(),
      filter.eventId ?? null,
      filter.aggregateType ?? null,
      filter.aggregateKey ?? null,
      filter.operation ?? null,
      filter.correlationId ?? null,
      filter.after ?? null,
      filter.limit ?? null,
    ]),
  );
  const events = rows.map(readEvent);
  return filter.last === true ? events.reverse() : events;
}
