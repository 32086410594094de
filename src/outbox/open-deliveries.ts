/** No event comes after it. */
const LAST_POSITION = "9223372036854775807";

// Conditions and values of single deliveries. The arguments are SQL expressions. "offset 0" makes PostgreSQL search for each delivery
// in an index. Otherwise it would join, and read everything that was delivered to find the few deliveries that wait.

/** True if a delivery has no record: it has no row, and it was not made without one. */
export function hasNoRecord(position: string, subscriptionId: string): string {
  return /* sql */ `(not exists (
    select from :BUS.deliveries r where r.position = ${position} and r.subscription_id = ${subscriptionId} offset 0)
    and not ${madeWithoutRow(position, subscriptionId)})`;
}

/** True if a delivery was made and recorded in the table "delivered". If it has a row in "deliveries", that row decides. */
export function madeWithoutRow(position: string, subscriptionId: string): string {
  return /* sql */ `exists (
    select from :BUS.delivered x
     where x.subscription_id = ${subscriptionId} and ${partOf("x.highest")} = ${partOf(position)}
       and x.highest >= ${position} and x.lowest <= ${position} and ${position} = any (x.positions)
    offset 0)`;
}

/**
 * The part of the log that a position belongs to. A row of the table "delivered" has positions of one part only, so only the rows
 * of that part need be searched. It is compared for equality, because PostgreSQL then knows how few rows fit.
 */
export function partOf(position: string): string {
  return `${position} / 128::bigint`;
}

/** The state of a delivery with the row `d`, which may be missing. */
export function stateOf(position: string, subscriptionId: string): string {
  return /* sql */ `coalesce(d.state, case when ${madeWithoutRow(position, subscriptionId)} then 'delivered' end, 'waiting')`;
}

/**
 * True of events `e` with a name, from one position to another. The name is a parameter, so PostgreSQL does not know how rare it is,
 * and would read all events between the positions. Comparing rows leaves it no index but that of names. A statement with a limit
 * must order by name and position.
 */
export function isNamed(name: string, from: string, to: string = LAST_POSITION): string {
  return `((e.name, e.position) >= (${name}, ${from}) and (e.name, e.position) <= (${name}, ${to}))`;
}

/** True if an event, whose subscriptions are in `fanout`, has an open or dead delivery. */
export function hasOpen(position: string, fanout: string): string {
  return /* sql */ `exists (
       select from pg_catalog.unnest(${fanout}) f(id)
         left join :BUS.deliveries d on d.position = ${position} and d.subscription_id = f.id
        where d.state not in ('delivered', 'cancelled') or d.state is null and ${hasNoRecord(position, "f.id")})`;
}

/** The checkpoint of a subscription: below this position, each of its deliveries has a record. */
export function checkpointOf(subscriptionId: string): string {
  return /* sql */ `coalesce((select c.position from :BUS.checkpoints c where c.subscription_id = ${subscriptionId}), 0)`;
}
