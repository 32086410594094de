import type { StoredEvent } from "../registry/event.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { EVENT_COLUMNS, type EventRow, type ListedEvent, listEvent } from "./stored-event.js";

/** Which events; every condition that is given must hold. */
export interface EventFilter {
  /** The names of events. */
  readonly event?: string | readonly string[] | undefined;
  readonly eventId?: string | undefined;
  /** The one event at this position. */
  readonly position?: number | undefined;
  readonly aggregateType?: string | undefined;
  readonly aggregateKey?: string | undefined;
  readonly operation?: StoredEvent["operation"] | undefined;
  readonly correlationId?: string | undefined;
  /** Those that occurred then or later. */
  readonly since?: Date | undefined;
  /** Those that occurred before then. */
  readonly until?: Date | undefined;
  /**
   * Only events after this position. `events()` then gives them up to where the log is final: an event is left out as
   * long as a transaction runs that is older than it, since that could still add one with a lower position. So who goes
   * on from the last position that it has seen misses nothing. `publishedEvents()` gives what can be seen, that of its
   * own transaction too.
   */
  readonly after?: number | undefined;
  /** At most so many, the first ones. Default: all. */
  readonly limit?: number | undefined;
  /** The limit keeps the last ones instead. Default: false. */
  readonly last?: boolean | undefined;
}

// A statement of its own, before the one that reads: what is final by then is seen by that.
const ADVANCE = statement(/* sql */ `select :BUS.advance_horizon()::text as safe`);

/** How far the log is read where a position says from where: up to where it is final, or all that can be seen. */
export type ReadUpTo = "final" | "seen";

const find = (direction: "asc" | "desc") =>
  statement(/* sql */ `
select ${EVENT_COLUMNS}
  from :BUS.events e
 where ($1::text[] is null or e.name = any ($1))
   and ($2::uuid is null or e.id = $2)
   and ($3::text is null or e.aggregate_type = $3)
   and ($4::text is null or e.aggregate_key = $4 and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left($4, 200))
   and ($5::text is null or e.operation = $5)
   and ($6::text is null or e.metadata ->> 'correlationId'::text = $6)
   and ($7::bigint is null or e.position > $7
        and ($9::boolean is not true or e.position <= (select h.safe from :BUS.horizon h)))
   and ($10::timestamptz is null or e.occurred_at >= $10)
   and ($11::timestamptz is null or e.occurred_at < $11)
   and ($12::bigint is null or e.position = $12)
 order by e.position ${direction}
 limit $8::bigint`);
const FIRST = find("asc");
const LAST = find("desc");

/** The events that fit the filter, in the order of their positions, as `executor`'s transaction sees them. */
export async function findEvents(
  executor: Executor,
  names: SchemaNames,
  filter: EventFilter = {},
  upTo: ReadUpTo = "seen",
): Promise<readonly ListedEvent[]> {
  const isFinal = upTo === "final" && filter.after !== undefined;
  if (isFinal) await explained(names, executor.query(ADVANCE(names)));
  const rows = await explained(
    names,
    readRows<EventRow>(executor, (filter.last === true ? LAST : FIRST)(names), [
      filter.event === undefined ? null : [filter.event].flat(),
      filter.eventId ?? null,
      filter.aggregateType ?? null,
      filter.aggregateKey ?? null,
      filter.operation ?? null,
      filter.correlationId ?? null,
      filter.after ?? null,
      filter.limit ?? null,
      isFinal,
      filter.since?.toISOString() ?? null,
      filter.until?.toISOString() ?? null,
      filter.position ?? null,
    ]),
  );
  const events = rows.map(listEvent);
  return filter.last === true ? events.reverse() : events;
}
