import { keyAsText } from "../registry/draft-event.js";
import type { StoredEvent } from "../registry/event.js";
import type { DraftKey } from "../registry/event-type.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { isNamed } from "./open-deliveries.js";
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
  /** The key of the aggregate, or its text as events have it; an array for a compound key. */
  readonly aggregateKey?: DraftKey | undefined;
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
const ADVANCE = statement(/* sql */ `select :BUS.advance_watermark()::text as position`);

/** How far the log is read where a position says from where: up to where it is final, or all that can be seen. */
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

/** By what PostgreSQL takes for the best index. */
const find = (direction: Direction) =>
  statement(/* sql */ `
select ${EVENT_COLUMNS}
  from :BUS.events e
 where ($1::text[] is null or e.name = any ($1)) and ${CONDITIONS}
 order by e.position ${direction}
 limit $8::bigint`);

/** By name: as many as are wanted of each, from one end of the log. */
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

/** Whether there is nothing that an index finds fewer events by than by their name. */
function isByName({ event, eventId, position, aggregateType, correlationId }: EventFilter): boolean {
  const others = [eventId, position, aggregateType, correlationId];
  return event !== undefined && others.every((other) => other === undefined);
}

/** The events that fit the filter, in the order of their positions, as `executor`'s transaction sees them. */
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
