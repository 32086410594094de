/** The package that tests take for graphile-worker: another version of it if the environment names one. */
export const GRAPHILE_WORKER: string = process.env["GRAPHILE_WORKER"] ?? "graphile-worker";

const ABOUT_ONE_VERSION: ReadonlySet<string> = new Set([
  "test/worker/graphile/contract-0.17.test.ts",
  // Changes modules inside of 0.17.
  "test/worker/graphile/unknown-version.test.ts",
]);

/** Whether a test file can run with that version. */
export function runsWithVersion(path: string): boolean {
  return GRAPHILE_WORKER === "graphile-worker" || !ABOUT_ONE_VERSION.has(path);
}
