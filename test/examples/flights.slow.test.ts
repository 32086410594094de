import { describe, expect, it } from "vitest";

import { runExample } from "./run-example.js";

const timeoutMs = 120_000;

describe("the flights", () => {
  it(
    "end with projections that are equal to the sums over the table",
    async () => {
      const { exitCode, output } = await runExample("examples/flights/demo.ts", "--rows", "200");
      expect(exitCode, output).toBe(0);
      const lines = output.split("\n").map((line) => line.replace(/ +/g, " ").trim());
      expect(lines).toEqual(
        expect.arrayContaining([
          "FlightCancelled 10",
          "FlightCorrected 33",
          "FlightScheduled 200",
          expect.stringMatching(/^airport-traffic 243 243 0 0 /),
          expect.stringMatching(/^route-traffic 243 243 0 0 /),
          expect.stringMatching(/^486 deliveries made, .* in [\d.]+ s, \d+\/s$/),
          expect.stringMatching(/^AirportTraffic: \d+ rows, all equal to the sums over the flights$/),
          expect.stringMatching(/^RouteTraffic: \d+ rows, all equal to the sums over the flights$/),
        ]),
      );
    },
    timeoutMs,
  );

  it.each(["many", "0", "1.5", "3000001"])("refuse %s rows", async (rows) => {
    const { exitCode, output } = await runExample("examples/flights/demo.ts", "--rows", rows);
    expect({ exitCode, output }).toEqual({
      exitCode: 2,
      output: `--rows is ${rows}: expected a whole number from 1 to 3000000\n`,
    });
  });
});
