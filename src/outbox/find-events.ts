import { keyAsText } from "../registry/draft-event.js";
import type { StoredEvent } from "../registry/event.js";
import type { DraftKey } from "../registry/event-type.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { isNamed } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { EVENT_COLUMNS, type EventRow, type ListedEvent, listEvent } from "./stored-event.js";

/** Selects events. All given conditions must hold. */
export interface EventFilter {
  /** The names of events. */
  readonly event?: string | readonly string[] | undefined;
  readonly eventId?: string | undefined;
  /** The position of a single event. */
  readonly position?: number | undefined;
  readonly aggregateType?: string | undefined;
  /** The key of the aggregate, or its text as events have it; an array for a compound key. */
  readonly aggregateKey?: DraftKey | undefined;
  readonly operation?: StoredEvent["operation"] | undefined;
  readonly correlationId?: string | undefined;
  /** Events that occurred at this time or later. */
  readonly since?: Date | undefined;
  /** Events that occurred before this time. */
  readonly until?: Date | undefined;
  /**
   * Only events after this position. `events()` then returns events up to the watermark only: it leaves an event out while an
   * older transaction is open, because that transaction could still add an event with a lower position. So a caller that
   * continues after the last position that it has got misses no event. `publishedEvents()` returns all events that its
   * transaction sees, its own ones included.
   */
  readonly after?: number | undefined;
  /** The greatest number of events. The first ones are returned. Defaults to no limit. */
  readonly limit?: number | undefined;
  /** Whether the last ones are returned instead. Defaults to false. */
  readonly last?: boolean | undefined;
}

// A separate statement before the one that reads, whose snapshot then has all events up to the watermark.
const ADVANCE = statement(/* sql */ `select :BUS.advance_watermark()::text as position`);

/** Where reading after a position ends: `final` at the watermark, `seen` at the last event that the transaction sees. */
export type ReadUpTo = "final" | "seen";

const CONDITIONS = /* sql */ `($2::uuid is null or e.id = $2)
   and ($3::text is null or e.aggregate_type = $3)
   and ($4::text is null or e.aggregate_key = $4 and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left($4, 200))
   and ($5::text is null or e.operation = $5)
   and ($6::text is null or e.metadata ->> 'correlationId'::text = $6)
   and ($7::bigint is null or e.position > $7
        and ($9::boolean is not true or e.position <= (select w.position from :BUS.watermark w)))
   and ($10::timestamptz is null or e.occurred_at >= $10)
   and ($11::timestamptz is null or e.occurred_at < $11)
   and ($12::bigint is null or e.position = $12)`;

type Direction = "asc" | "desc";

/** Reads events by the index that PostgreSQL chooses. */
const find = (direction: Direction) =>
  statement(/* sql */ `
select ${EVENT_COLUMNS}
  from :BUS.events e
 where ($1::text[] is null or e.name = any ($1)) and ${CONDITIONS}
 order by e.position ${direction}
 limit $8::bigint`);

/** Reads events name by name, of each up to the limit, from one end of the log. */
const findByName = (direction: Direction) =>
  statement(/* sql */ `
select ${EVENT_COLUMNS}
  from (select distinct u.name from pg_catalog.unnest($1::text[]) u(name)) n cross join lateral (
    select e.* from :BUS.events e
     where ${isNamed("n.name", "coalesce($7, 0::bigint)")}
       and ${CONDITIONS}
     order by e.name ${direction}, e.position ${direction} limit $8::bigint) e
 order by e.position ${direction}
 limit $8::bigint`);

const STATEMENTS = {
  any: { asc: find("asc"), desc: find("desc") },
  named: { asc: findByName("asc"), desc: findByName("desc") },
};

/** Whether the name is the best condition to search by. Each of the others has an index that finds fewer events. */
function isByName({ event, eventId, position, aggregateType, correlationId }: EventFilter): boolean {
  const others = [eventId, position, aggregateType, correlationId];
  return event !== undefined && others.every((other) => other === undefined);
}

/** The events that fit the filter and that the transaction of `executor` sees, in the order of their positions. */
export async function findEvents(
  executor: Executor,
  names: SchemaNames,
  filter: EventFilter = {},
  upTo: ReadUpTo = "seen",
): Promise<readonly ListedEvent[]> {
  const sql = STATEMENTS[isByName(filter) ? "named" : "any"][filter.last === true ? "desc" : "asc"];
  const isFinal = upTo === "final" && filter.after !== undefined;
  if (isFinal) await explained(names, executor.query(ADVANCE(names)));
  const rows = await explained(
    names,
    readRows<EventRow>(executor, sql(names), [
      filter.event === undefined ? null : [filter.event].flat(),
      filter.eventId ?? null,
      filter.aggregateType ?? null,
      keyAsText(filter.aggregateKey, { of: "filter" }),
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
