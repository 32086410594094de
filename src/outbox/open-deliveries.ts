/** No event comes after it. */
export const LAST_POSITION = "9223372036854775807";

// What is known of a delivery without reading every one of them. The arguments are expressions of SQL.

// "offset 0" keeps PostgreSQL from joining instead of looking up: it would read all that was delivered for the few that wait.

/** True when nothing is on record of a delivery yet: no row says what became of it, and it was not made. */
export function hasNoRecord(position: string, subscriptionId: string): string {
  return /* sql */ `(not exists (
    select from :BUS.deliveries r where r.position = ${position} and r.subscription_id = ${subscriptionId} offset 0)
    and not ${madeWithoutRow(position, subscriptionId)})`;
}

/**
 * True when a delivery was made by a subscriber that keeps rows only of failures. A row, where there is one, says more.
 */
export function madeWithoutRow(position: string, subscriptionId: string): string {
  return /* sql */ `exists (
    select from :BUS.delivered x
     where x.subscription_id = ${subscriptionId} and ${partOf("x.highest")} = ${partOf(position)}
       and x.highest >= ${position} and x.lowest <= ${position} and ${position} = any (x.positions)
    offset 0)`;
}

/**
 * Which part of the log a position belongs to. Notes of deliveries that left no row are of one part each: where there is
 * none, nobody has to look further than its part. An equality, since PostgreSQL knows how few rows that leaves.
 */
export function partOf(position: string): string {
  return `${position} / 128::bigint`;
}

/** The state of a delivery with the row `d`, which may be missing. */
export function stateOf(position: string, subscriptionId: string): string {
  return /* sql */ `coalesce(d.state, case when ${madeWithoutRow(position, subscriptionId)} then 'delivered' end, 'waiting')`;
}

/**
 * True of events `e` with a name, from one position to another. PostgreSQL does not know how rare a name is that it is given
 * later, and would look through all events between the positions: the comparisons of rows leave it no other index than that
 * of names. Where only the first ones are wanted, they are to be ordered by name and position.
 */
export function isNamed(name: string, from: string, to: string = LAST_POSITION): string {
  return `((e.name, e.position) >= (${name}, ${from}) and (e.name, e.position) <= (${name}, ${to}))`;
}

/** True when a delivery of an event, whose subscriptions are in `fanout`, is not over: it is still to be made, or dead. */
export function hasOpen(position: string, fanout: string): string {
  return /* sql */ `exists (
       select from pg_catalog.unnest(${fanout}) f(id)
         left join :BUS.deliveries d on d.position = ${position} and d.subscription_id = f.id
        where d.state not in ('delivered', 'cancelled') or d.state is null and ${hasNoRecord(position, "f.id")})`;
}

/** Below it, everything that a subscription gets has a record. */
export function checkpointOf(subscriptionId: string): string {
  return /* sql */ `coalesce((select c.position from :BUS.checkpoints c where c.subscription_id = ${subscriptionId}), 0)`;
}
