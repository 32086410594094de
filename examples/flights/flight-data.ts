// Real flights in the USA from January to March 2001, of the npm package vega-datasets (source: U.S. Bureau of
// Transportation Statistics).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A flight as the table has it. */
export interface FlightRow {
  readonly id: number;
  readonly departsAt: Date;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export interface AirportRow {
  readonly iata: string;
  readonly name: string;
  readonly city: string;
  readonly state: string;
}

interface Recorded {
  /** `2001/01/31 23:59` */
  readonly date: string;
  /** Minutes late at the destination, negative when early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

// Its exports lead to the code only; the data lies beside it.
const folder = new URL("../data/", import.meta.resolve("vega-datasets"));
const read = (name: string) => readFileSync(fileURLToPath(new URL(name, folder)), "utf8");

/** How many flights with both airports the largest file has; the one of 200,000 says nothing of airports. */
export const recordedFlights = 20_000;
const quarterMs = 90 * 86_400_000;

/** Flights to go through one by one, and as often as is wanted: always the same. */
export interface FlightData {
  /** How many there are. */
  readonly count: number;
  rows(): Generator<FlightRow>;
  airports(): readonly AirportRow[];
}

/** The first `count` flights. Beyond those that are recorded the same are flown again, one quarter later each time. */
export function flightData(count: number): FlightData {
  const recorded: readonly Recorded[] = JSON.parse(
    read(count <= 10_000 ? "flights-10k.json" : "flights-20k.json"),
  );
  return {
    count,
    *rows() {
      for (let id = 0; id < count; id++) {
        const flight = recorded[id % recorded.length];
        if (flight === undefined) return;
        const { date, ...rest } = flight;
        const departsAt = new Date(`${date.replaceAll("/", "-").replace(" ", "T")}Z`);
        departsAt.setTime(departsAt.getTime() + Math.floor(id / recorded.length) * quarterMs);
        yield { id: id + 1, departsAt, ...rest };
      }
    },
    airports: () => airportsOf(recorded.slice(0, count)),
  };
}

function airportsOf(flights: readonly Recorded[]): readonly AirportRow[] {
  const codes = new Set(flights.flatMap(({ origin, destination }) => [origin, destination]));
  const known = new Map<string, AirportRow>();
  for (const line of read("airports.csv").split("\n")) {
    const [iata = "", name = iata, city = "", state = ""] = splitLine(line);
    known.set(iata, { iata, name, city, state });
  }
  return [...codes].map((iata) => known.get(iata) ?? { iata, name: iata, city: "", state: "" });
}

/** The fields of a line of CSV, of which some are quoted. */
function splitLine(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}
