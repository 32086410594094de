import { expect, it } from "vitest";

import { quietLogger } from "../../../src/worker/graphile/quiet-logger.js";

it("passes on what graphile-worker warns of, and of its steps those that change its schema", () => {
  const lines: unknown[] = [];
  const ignore = () => undefined;
  const log = quietLogger({
    debug: (_message, fields) => lines.push(fields),
    info: ignore,
    warn: ignore,
    error: ignore,
  });
  log.debug("Spawned");
  log.debug("Worker pool options are {}");
  log.info("Worker connected and looking for jobs...");
  log.debug("Running backwards-compatible migration 000018.sql");
  log.warn(
    "WARNING: having maxPoolSize (14) smaller than concurrency (20) may lead to non-optimal performance.",
  );
  log.warn("Your job batch size (1) is smaller than your concurrency setting (2)");
  log.error("Failed task 7");
  expect(lines).toEqual([
    { severity: "debug", line: "Running backwards-compatible migration 000018.sql" },
    { severity: "warning", line: "Your job batch size (1) is smaller than your concurrency setting (2)" },
    { severity: "error", line: "Failed task 7" },
  ]);
});
