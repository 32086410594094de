import { beforeEach, describe, expect, it } from "vitest";

import { compareTraffic, isExact } from "../../examples/flights/compare-traffic.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();

beforeEach(async () => {
  await pool.query(`
    truncate "Airport", "Flight", "AirportTraffic", "RouteTraffic";
    insert into "Airport" (iata, name) values ('BOS', 'Boston'), ('SFO', 'San Francisco');
    insert into "Flight" (id, "departsAt", delay, distance, origin, destination) values
      (1, now(), 5, 2704, 'BOS', 'SFO'), (2, now(), -7, 2704, 'BOS', 'SFO'), (3, now(), 60, 2704, 'SFO', 'BOS');
    insert into "AirportTraffic" (iata, departures, arrivals, delay) values ('BOS', 2, 1, -2), ('SFO', 1, 2, 60);
    insert into "RouteTraffic" (origin, destination, flights, distance, delay) values
      ('BOS', 'SFO', 2, 5408, -2), ('SFO', 'BOS', 1, 2704, 60);`);
});

describe("compareTraffic", () => {
  it("finds projections that are true to be exact", async () => {
    const comparisons = await compareTraffic(pool);
    expect(comparisons).toEqual([
      { projection: "AirportTraffic", compared: 2, differences: [] },
      { projection: "RouteTraffic", compared: 2, differences: [] },
    ]);
    expect(isExact(comparisons)).toBe(true);
  });

  it.each([
    [
      "a sum that is wrong",
      `update "AirportTraffic" set delay = 61 where iata = 'SFO'`,
      { key: "SFO", projected: [1, 2, 61], actual: [1, 2, 60] },
    ],
    [
      "a row that is missing",
      `delete from "RouteTraffic" where origin = 'SFO'`,
      { key: "SFO → BOS", projected: [0, 0, 0], actual: [1, 2704, 60] },
    ],
    [
      "a row of which there is nothing in the table",
      `insert into "AirportTraffic" (iata, departures) values ('LAX', 1)`,
      { key: "LAX", projected: [1, 0, 0], actual: [0, 0, 0] },
    ],
    [
      "a flight that no event told of",
      `delete from "Flight" where id = 3; update "AirportTraffic" set departures = 0, delay = 0 where iata = 'SFO';
       update "AirportTraffic" set arrivals = 0 where iata = 'BOS'`,
      { key: "SFO → BOS", projected: [1, 2704, 60], actual: [0, 0, 0] },
    ],
  ])("finds %s", async (_, tampering, difference) => {
    await pool.query(tampering);
    const comparisons = await compareTraffic(pool);
    expect(comparisons.flatMap(({ differences }) => differences)).toEqual([difference]);
    expect(isExact(comparisons)).toBe(false);
  });

  it("takes a row of zeros for none", async () => {
    await pool.query(`insert into "RouteTraffic" (origin, destination) values ('BOS', 'LAX')`);
    expect(isExact(await compareTraffic(pool))).toBe(true);
  });

  it("does not take nothing for exact", async () => {
    await pool.query(`truncate "Flight", "AirportTraffic", "RouteTraffic"`);
    expect(isExact(await compareTraffic(pool))).toBe(false);
  });
});
