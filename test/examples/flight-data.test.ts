import { describe, expect, it } from "vitest";

import { flightData, recordedFlights } from "../../examples/flights/flight-data.js";

describe("flightData", () => {
  it("gives as many flights as are wanted, the same ones each time", () => {
    const data = flightData(50);
    expect([...data.rows()]).toHaveLength(50);
    expect([...data.rows()]).toEqual([...data.rows()]);
    expect(data.rows().next().value).toEqual({
      id: 1,
      departsAt: new Date("2001-01-01T00:47:00Z"),
      delay: 66,
      distance: 1750,
      origin: "DTW",
      destination: "LAS",
    });
  });

  it("has an airport for each end of a flight, with its name", () => {
    const data = flightData(10_000);
    const codes = new Set([...data.rows()].flatMap(({ origin, destination }) => [origin, destination]));
    expect(new Set(data.airports().map(({ iata }) => iata))).toEqual(codes);
    expect(data.airports()).toContainEqual({
      iata: "SFO",
      name: "San Francisco International",
      city: "San Francisco",
      state: "CA",
    });
    expect(data.airports().filter(({ iata, name }) => iata === name)).toEqual([]);
  });

  it("lets the recorded flights be flown again a quarter later", () => {
    const rows = [...flightData(recordedFlights + 1).rows()];
    const [first, again] = [rows[0], rows[recordedFlights]];
    expect(again).toEqual({ ...first, id: recordedFlights + 1, departsAt: again?.departsAt });
    expect(again?.departsAt).toEqual(new Date("2001-04-01T00:47:00Z"));
  });
});
