import { describe, expect, it } from "vitest";

import {
  type FlightData,
  type FlightRow,
  flightData,
  recordedFlights,
} from "../../examples/flights/flight-data.js";

async function all(data: FlightData): Promise<FlightRow[]> {
  const flights: FlightRow[] = [];
  for await (const flight of data.rows()) flights.push(flight);
  return flights;
}

describe("flightData", () => {
  it("gives as many flights as are wanted, the same ones each time", async () => {
    const flights = await all(flightData(50));
    expect(flights).toHaveLength(50);
    expect(await all(flightData(50))).toEqual(flights);
    expect(flights[0]).toEqual({
      id: 1,
      departsAt: new Date("2001-01-01T00:47:00Z"),
      delay: 66,
      distance: 1750,
      origin: "DTW",
      destination: "LAS",
    });
  });

  it("has an airport for each end of a flight, with its name", async () => {
    const data = flightData(10_000);
    const codes = new Set((await all(data)).flatMap(({ origin, destination }) => [origin, destination]));
    const airports = await data.airports();
    expect(new Set(airports.map(({ iata }) => iata))).toEqual(codes);
    expect(airports).toContainEqual({
      iata: "SFO",
      name: "San Francisco International",
      city: "San Francisco",
      state: "CA",
    });
    expect(airports.filter(({ iata, name }) => iata === name)).toEqual([]);
  });

  it("reads large numbers in chunks, without losing or repeating a flight between them", async () => {
    const flights = await all(flightData(50_002));
    expect(flights).toHaveLength(50_002);
    expect(flights.map(({ id }) => id)).toEqual(flights.map((_, index) => index + 1));
    const departures = flights.map(({ departsAt }) => departsAt.getTime());
    expect(departures).toEqual(departures.toSorted((a, b) => a - b));
    const ends = flights.slice(49_998).map(({ origin, destination }) => `${origin}-${destination}`);
    expect(new Set(ends).size).toBe(4);
    expect(flights[0]).toEqual({
      id: 1,
      departsAt: new Date("2001-01-01T00:01:00Z"),
      delay: 33,
      distance: 2176,
      origin: "LAS",
      destination: "PHL",
    });
  });

  it("refuses more than are recorded", () => {
    expect(() => flightData(recordedFlights + 1)).toThrow("3000001 flights: expected at most 3000000");
  });
});
