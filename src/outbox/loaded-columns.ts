import { madeWithoutRow } from "./open-deliveries.js";

/** SQL expressions that identify a delivery to read. */
export interface LoadedFrom {
  /** The number of the delivery in the request. */
  readonly n: string;
  readonly position: string;
  readonly subscriptionId: string;
  /** Whether its job was taken before: then it may have been made already without a row. */
  readonly again: string;
}

/** SQL that reads an event and the state of its delivery, in the columns of `load`. It has no row if the event does not exist. */
export function loadedRow({ n, position, subscriptionId, again }: LoadedFrom): string {
  return /* sql */ `
    select ${n}::integer as n, e.position, e.id::text as id, e.name, e.version, e.aggregate_type, e.aggregate_key,
           e.operation, e.source_schema, e.aggregate, e.changes, e.initial_data, e.metadata, e.types, e.occurred_at,
           coalesce(d.state, case when ${again} and ${madeWithoutRow(position, subscriptionId)} then 'delivered' end,
                    'waiting') as state,
           coalesce(d.generation, 0) as generation, coalesce(d.attempt, 0) as attempt,
           coalesce(d.deaths, 0)::integer as deaths, coalesce(d.isolated, false) as isolated,
           coalesce(s.paused, false) as paused, s.subscriber, ${subscriptionId} = any (e.fanout) as sent
      from (select * from :BUS.events e where e.position = ${position} offset 0) e
      left join lateral (
        select * from :BUS.deliveries d where d.position = ${position} and d.subscription_id = ${subscriptionId} offset 0) d
        on true
      left join lateral (
        select s.paused, s.subscriber from :BUS.subscriptions s where s.id = ${subscriptionId} offset 0) s on true`;
}
