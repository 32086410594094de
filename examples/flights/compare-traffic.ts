import type { Pool } from "pg";

/** How a projection compares with the sums over the table of flights. */
export interface TrafficComparison {
  readonly projection: "AirportTraffic" | "RouteTraffic";
  /** How many airports or routes were compared, all columns of each. */
  readonly compared: number;
  /** Those that differ, the first ones: what the subscriber kept, and what is true. */
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly key: string;
  readonly projected: readonly number[];
  readonly actual: readonly number[];
}

// A row of zeros is as good as none: all of its flights were cancelled or went elsewhere.
const AIRPORTS = `
with actual as (
  select iata, sum(departures) as departures, sum(arrivals) as arrivals, sum(delay) as delay
    from (select origin as iata, 1 as departures, 0 as arrivals, delay from "Flight"
           union all select destination, 0, 1, 0 from "Flight") flight
   group by iata
)
select iata as key,
       array[coalesce(p.departures, 0), coalesce(p.arrivals, 0), coalesce(p.delay, 0)]::int[] as projected,
       array[coalesce(a.departures, 0), coalesce(a.arrivals, 0), coalesce(a.delay, 0)]::int[] as actual
  from actual a full join "AirportTraffic" p using (iata)
 order by iata`;

const ROUTES = `
with actual as (
  select origin, destination, count(*) as flights, sum(distance) as distance, sum(delay) as delay
    from "Flight" group by origin, destination
)
select origin || ' → ' || destination as key,
       array[coalesce(p.flights, 0), coalesce(p.distance, 0), coalesce(p.delay, 0)]::int[] as projected,
       array[coalesce(a.flights, 0), coalesce(a.distance, 0), coalesce(a.delay, 0)]::int[] as actual
  from actual a full join "RouteTraffic" p using (origin, destination)
 order by origin, destination`;

/** Compares every row of both projections with plain SQL aggregates over the flights. */
export async function compareTraffic(pool: Pool): Promise<readonly TrafficComparison[]> {
  const compare = async (projection: TrafficComparison["projection"], sql: string) => {
    const { rows } = await pool.query<Difference>(sql);
    const differs = ({ projected, actual }: Difference) =>
      projected.some((value, index) => value !== actual[index]);
    return { projection, compared: rows.length, differences: rows.filter(differs) };
  };
  return [await compare("AirportTraffic", AIRPORTS), await compare("RouteTraffic", ROUTES)];
}

/** Whether there was something to compare and all of it is equal. */
export function isExact(comparisons: readonly TrafficComparison[]): boolean {
  return comparisons.every(({ compared, differences }) => compared > 0 && differences.length === 0);
}
