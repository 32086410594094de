import { keyAsText } from "../registry/draft-event.js";
import type { DraftKey } from "../registry/event-type.js";
import type { DeliveryState } from "./delivery-state.js";
import type { SqlValue } from "./executor.js";
import { checkpointOf, hasNoRecord, isNamed, stateOf } from "./open-deliveries.js";

/** Selects deliveries. All given conditions must hold. */
export interface DeliveryConditions {
  /** The names of subscribers. */
  readonly subscriber?: string | readonly string[] | undefined;
  /** The names of events. */
  readonly event?: string | readonly string[] | undefined;
  readonly eventId?: string | readonly string[] | undefined;
  readonly position?: number | undefined;
  readonly aggregateType?: string | undefined;
  /** The key of the aggregate, or its text as events have it; an array for a compound key. */
  readonly aggregateKey?: DraftKey | undefined;
  readonly state?: DeliveryState | readonly DeliveryState[] | undefined;
  /** A text in the name, message, code or causes of one of their errors. Case is ignored. */
  readonly error?: string | undefined;
  /** Deliveries that ended at this time or later; open ones whose event occurred at this time or later. */
  readonly since?: Date | undefined;
  /** Deliveries that ended before this time; open ones whose event occurred before it. */
  readonly until?: Date | undefined;
}

/** Where a batch begins: after this delivery. */
export interface DeliveryCursor {
  readonly position: number;
  readonly subscriptionId: number;
}

const CONDITIONS = /* sql */ `($1::text[] is null or s.subscriber = any ($1))
   and ($2::text[] is null or s.event_name = any ($2))`;

const ENDED = "coalesce(d.finished_at, e.occurred_at)";
const ROW_CONDITIONS = /* sql */ `e.position >= $6::bigint and (e.position > $6 or s.id > $7::integer)
   and ($8::text is null or exists (
     select from pg_catalog.jsonb_array_elements(d.errors) x
      cross join lateral (
        select pg_catalog.string_agg(t.cause, pg_catalog.chr(10)) as texts
          from pg_catalog.jsonb_array_elements_text(x -> 'causes'::text) as t(cause)) c
      where position(pg_catalog.lower($8) in pg_catalog.lower(pg_catalog.concat(x ->> 'name'::text, ': ', x ->> 'message'::text,
             pg_catalog.chr(10), x ->> 'code'::text, pg_catalog.chr(10), c.texts))) > 0))
   and ($9::text is null or ${ENDED} >= $9::timestamptz)
   and ($10::text is null or ${ENDED} < $10::timestamptz)
   and ($12::text is null or e.aggregate_type = $12) and ($13::text is null or e.aggregate_key = $13)`;

/** Always true where it is used. It mentions the parameters that the query does not use, because PostgreSQL requires that. */
const NO_EVENTS = "$3::uuid[] is null and $4::bigint is null";

/** Deliveries of given events, read by their positions. */
const OF_EVENTS = () => /* sql */ `
select e.position, s.id
  from :BUS.events e
  join :BUS.subscriptions s on s.id = any (e.fanout)
  left join :BUS.deliveries d on d.position = e.position and d.subscription_id = s.id
 where ${CONDITIONS} and ($3::uuid[] is null or e.id = any ($3)) and ($4::bigint is null or e.position = $4)
   and ($5::text[] is null or ${stateOf("e.position", "s.id")} = any ($5)) and ${ROW_CONDITIONS}`;

/** Deliveries in states that an index covers. */
const NOTABLE = (direction: Direction) => /* sql */ `
select found.position, s.id
  from :BUS.subscriptions s cross join pg_catalog.unnest($5::text[]) wanted(state) cross join lateral (
    select d.position
      from :BUS.deliveries d join :BUS.events e on e.position = d.position
     where d.subscription_id = s.id and d.state = wanted.state and d.state <> 'delivered' and d.position >= $6
       and ${ROW_CONDITIONS}
     order by d.position ${direction} limit $11::bigint) found
 where ${CONDITIONS} and ${NO_EVENTS}`;

/** Deliveries without a record. */
const UNTOUCHED = (direction: Direction) => /* sql */ `
select found.position, s.id
  from :BUS.subscriptions s cross join lateral (
    select e.position
      from :BUS.events e
      left join :BUS.deliveries d on false
     where ${isNamed("s.event_name", `greatest(${checkpointOf("s.id")}, $6)`)} and s.id = any (e.fanout)
       and ${hasNoRecord("e.position", "s.id")} and ${ROW_CONDITIONS}
     order by e.name ${direction}, e.position ${direction} limit $11::bigint) found
 where ${CONDITIONS} and ${NO_EVENTS}`;

/**
 * Deliveries in any state, read from one end of the log until the limit is reached. PostgreSQL does not know that most deliveries
 * fit, and would read and sort all of them to find a few. `coalesce` makes it expect that half of them fit, and `offset 0` makes it
 * check one after the other.
 */
const ANY = (direction: Direction) => /* sql */ `
select found.position, s.id
  from :BUS.subscriptions s cross join lateral (
    select e.position
      from :BUS.events e
      left join lateral (
        select * from :BUS.deliveries r where r.position = e.position and r.subscription_id = s.id offset 0) d on true
     where ${isNamed("s.event_name", "$6")}
       and s.id = any (e.fanout)
       and coalesce(case when $5::text[] is null then true else ${stateOf("e.position", "s.id")} = any ($5) end, false)
       and ${ROW_CONDITIONS}
     order by e.name ${direction}, e.position ${direction} limit $11::bigint) found
 where ${CONDITIONS} and ${NO_EVENTS}`;

export type Direction = "asc" | "desc";

/** A way to find the deliveries of a filter. */
export type Way = "of events" | "any" | "notable" | "both";

/** The cheapest way to find the deliveries of a filter. */
export function wayTo(filter: DeliveryConditions): Way {
  if (filter.eventId !== undefined || filter.position !== undefined) return "of events";
  // One aggregate has few deliveries, and an index finds them.
  if (filter.aggregateType !== undefined && filter.aggregateKey !== undefined) return "of events";
  const states = filter.state === undefined ? undefined : [filter.state].flat();
  if (states === undefined || states.includes("delivered")) return "any";
  if (!states.includes("waiting")) return "notable";
  return filter.error === undefined ? "both" : "notable";
}

/** A query for the position and subscription `id` of deliveries, in their order; its parameters are those of {@link keyValues}. */
export function keysSql(way: Way, direction: Direction): string {
  return /* sql */ `select k.position, k.id from (${PARTS[way](direction)}) k
 order by k.position ${direction}, k.id ${direction} limit $11::bigint`;
}

const PARTS: Readonly<Record<Way, (direction: Direction) => string>> = {
  "of events": OF_EVENTS,
  any: ANY,
  notable: NOTABLE,
  both: (direction) => `${NOTABLE(direction)} union all ${UNTOUCHED(direction)}`,
};

/** The parameters of {@link keysSql}, $1 to $13. */
export function keyValues(
  filter: DeliveryConditions,
  limit: number | undefined,
  after: DeliveryCursor = { position: 0, subscriptionId: 0 },
): readonly SqlValue[] {
  return [
    list(filter.subscriber),
    list(filter.event),
    list(filter.eventId),
    filter.position ?? null,
    list(filter.state),
    after.position,
    after.subscriptionId,
    filter.error ?? null,
    filter.since?.toISOString() ?? null,
    filter.until?.toISOString() ?? null,
    limit ?? null,
    filter.aggregateType ?? null,
    keyAsText(filter.aggregateKey, { of: "filter" }),
  ];
}

function list(value: string | readonly string[] | undefined): readonly string[] | null {
  return value === undefined ? null : [value].flat();
}
