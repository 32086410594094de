// The handling side: two projections, each kept by a subscriber of its own.
import { defineSubscriber, type EventOf, type Subscriber } from "ex-event-bus";

import type { FlightsPrisma } from "./db.js";
import { FlightCancelled, FlightCorrected, FlightScheduled } from "./events.js";

const events = [FlightScheduled, FlightCorrected, FlightCancelled] as const;
type FlightEvent = EventOf<(typeof events)[number]>;

/** A flight that counts (1) or no longer counts (-1). */
interface Leg {
  readonly sign: 1 | -1;
  readonly origin: string;
  readonly destination: string;
  readonly delay: number;
  readonly distance: number;
}

/**
 * What an event adds to a sum over all flights: the new state, less the old one. Sums do not ask for the order in
 * which they are made, so that deliveries may come in any.
 */
function legsOf({ operation, aggregate, initialData }: FlightEvent): readonly Leg[] {
  const leg = (sign: 1 | -1, old: typeof initialData): Leg => ({
    sign,
    origin: old.origin ?? aggregate.origin,
    destination: old.destination ?? aggregate.destination,
    delay: old.delay ?? aggregate.delay,
    distance: old.distance ?? aggregate.distance,
  });
  if (operation === "create") return [leg(1, {})];
  if (operation === "delete") return [leg(-1, {})];
  return [leg(-1, initialData), leg(1, {})];
}

/**
 * The subscribers for a client. Each handler is one statement, and so one transaction: it stores the delivery's key
 * and adds to the sums only where the key was not there, since a delivery can be made more than once. Rows are written
 * in the order of their keys, so that two deliveries never wait for each other.
 */
export function trafficSubscribers(prisma: FlightsPrisma): readonly Subscriber[] {
  const airportTraffic = defineSubscriber({
    name: "airport-traffic",
    events,
    async handle(event, { idempotencyKey }) {
      await prisma.$executeRaw`
        with first as (
          insert into "Applied" (key) values (${idempotencyKey}) on conflict do nothing returning key
        ), leg as (
          select l.* from first, jsonb_to_recordset(${JSON.stringify(legsOf(event))}::jsonb)
            as l(sign int, origin text, destination text, delay int)
        ), part as (
          select origin as iata, sign as departures, 0 as arrivals, sign * delay as delay from leg
           union all select destination, 0, sign, 0 from leg
        )
        insert into "AirportTraffic" as t (iata, departures, arrivals, delay)
        select iata, sum(departures), sum(arrivals), sum(delay) from part group by iata order by iata
        on conflict (iata) do update set
          departures = t.departures + excluded.departures,
          arrivals = t.arrivals + excluded.arrivals,
          delay = t.delay + excluded.delay`;
    },
  });

  const routeTraffic = defineSubscriber({
    name: "route-traffic",
    events,
    async handle(event, { idempotencyKey }) {
      await prisma.$executeRaw`
        with first as (
          insert into "Applied" (key) values (${idempotencyKey}) on conflict do nothing returning key
        ), leg as (
          select l.* from first, jsonb_to_recordset(${JSON.stringify(legsOf(event))}::jsonb)
            as l(sign int, origin text, destination text, delay int, distance int)
        )
        insert into "RouteTraffic" as t (origin, destination, flights, distance, delay)
        select origin, destination, sum(sign), sum(sign * distance), sum(sign * delay)
          from leg group by origin, destination order by origin, destination
        on conflict (origin, destination) do update set
          flights = t.flights + excluded.flights,
          distance = t.distance + excluded.distance,
          delay = t.delay + excluded.delay`;
    },
  });
  return [airportTraffic, routeTraffic];
}
