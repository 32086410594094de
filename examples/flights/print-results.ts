import color from "picocolors";

import type { TrafficComparison } from "./compare-traffic.js";

/** `12.3 s, 456/s` */
export function rateOf(count: number, durationMs: number): string {
  const seconds = durationMs / 1000;
  return `${seconds.toFixed(1)} s, ${Math.round(count / Math.max(seconds, 0.001))}/s`;
}

/** Prints how many of something were done in which time. */
export function printRates(
  rates: readonly { readonly what: string; readonly count: number; readonly durationMs: number }[],
): void {
  console.log(`\n${color.bold("Rates")}`);
  for (const { what, count, durationMs } of rates)
    console.log(`  ${count} ${what} in ${rateOf(count, durationMs)}`);
}

/** Prints whether a projection is exact, and where it is not. */
export function printComparison({ projection, compared, differences }: TrafficComparison): void {
  const isEqual = differences.length === 0;
  const outcome = isEqual ? "all equal to the sums over the flights" : `${differences.length} differ`;
  console.log((isEqual ? color.green : color.red)(color.bold(`${projection}: ${compared} rows, ${outcome}`)));
  for (const { key, projected, actual } of differences.slice(0, 10)) {
    console.log(
      `  ${key}: the projection has ${projected.join(", ")}, the flights give ${actual.join(", ")}`,
    );
  }
}
