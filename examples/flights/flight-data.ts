// Real flights in the USA from January 2001 on, of the npm package vega-datasets (source: U.S. Bureau of
// Transportation Statistics).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

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
const pathOf = (name: string) => fileURLToPath(new URL(name, folder));
const read = (name: string) => readFileSync(pathOf(name), "utf8");

/** Up to here the small file has them: the first demo needs no more. */
const SMALL = 10_000;
/** How many the large file has. The one of 200,000 says nothing of airports. */
export const recordedFlights = 3_000_000;
/** How many are in memory at once. */
const CHUNK = 50_000;

/** Flights to go through one by one, and as often as is wanted: always the same. */
export interface FlightData {
  /** How many there are. */
  readonly count: number;
  rows(): AsyncGenerator<FlightRow>;
  airports(): Promise<readonly AirportRow[]>;
}

/**
 * The first `count` recorded flights.
 *
 * @throws RangeError when so many are not recorded.
 */
export function flightData(count: number): FlightData {
  if (count > recordedFlights) {
    throw new RangeError(`${count} flights: expected at most ${recordedFlights}, no more are recorded`);
  }
  const rows = async function* () {
    let id = 0;
    for await (const flight of count <= SMALL ? smallFile(count) : largeFile(count)) {
      id += 1;
      yield { id, ...flight };
    }
  };
  return { count, rows, airports: async () => airportsOf(await codesOf(rows())) };
}

type Flight = Omit<FlightRow, "id">;

function* smallFile(count: number): Generator<Flight> {
  const recorded: readonly Recorded[] = JSON.parse(read("flights-10k.json"));
  for (const { date, ...rest } of recorded.slice(0, count)) {
    yield { departsAt: new Date(`${date.replaceAll("/", "-").replace(" ", "T")}Z`), ...rest };
  }
}

async function* largeFile(count: number): AsyncGenerator<Flight> {
  const file = await asyncBufferFromFile(pathOf("flights-3m.parquet"));
  const metadata = await parquetMetadataAsync(file);
  for (let rowStart = 0; rowStart < count; rowStart += CHUNK) {
    const rowEnd = Math.min(rowStart + CHUNK, count);
    const chunk = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
    for (const { date, delay, distance, origin, destination } of chunk) {
      yield { departsAt: date, delay: Number(delay), distance: Number(distance), origin, destination };
    }
  }
}

async function codesOf(flights: AsyncIterable<FlightRow>): Promise<readonly string[]> {
  const codes = new Set<string>();
  for await (const { origin, destination } of flights) codes.add(origin).add(destination);
  return [...codes];
}

function airportsOf(codes: readonly string[]): readonly AirportRow[] {
  const known = new Map<string, AirportRow>();
  for (const line of read("airports.csv").split("\n")) {
    const [iata = "", name = iata, city = "", state = ""] = splitLine(line);
    known.set(iata, { iata, name, city, state });
  }
  return codes.map((iata) => known.get(iata) ?? { iata, name: iata, city: "", state: "" });
}

/** The fields of a line of CSV, of which some are quoted. */
function splitLine(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}
