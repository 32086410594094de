import { expect, it } from "vitest";

import { logReports } from "../../src/log/log-reports.js";
import { delivery } from "./delivery.js";

it("rounds durations to tenths of a millisecond, and leaves the report as it is", () => {
  const lines: unknown[] = [];
  const line = (_message: string, fields: unknown) => lines.push(fields);
  const report = logReports({ debug: line, info: line, warn: line, error: line });
  const stop = { type: "worker:stop", worker: "w", durationMs: 12_345.678_901 } as const;
  report(stop);
  report(delivery("retrying", { durationMs: 0.449_9, lagMs: 1_000.06, dueMs: 812.337 }));
  expect(lines).toEqual([
    { worker: "w", durationMs: 12_345.7 },
    {
      subscriber: "mails",
      eventName: "UserRegistered",
      eventId: "1",
      aggregateType: "User",
      aggregateKey: "17",
      durationMs: 0.4,
      lagMs: 1_000.1,
      attempt: 1,
      maxAttempts: 20,
      dueMs: 812.3,
    },
  ]);
  expect(stop.durationMs).toBe(12_345.678_901);
});
