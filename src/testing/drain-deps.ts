import type { DeliverDeps } from "../delivery/deliver-deps.js";
import { deliveryOutbox } from "../delivery/delivery-outbox.js";
import { openGate } from "../delivery/run-gate.js";
import { openSemaphore } from "../delivery/semaphore.js";
import { hub } from "../log/hub.js";
import type { Logger } from "../log/logger.js";
import { type Report, reportTo } from "../log/telemetry.js";
import { executorOf, type Queryable } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";

/** The values of a test that replace a worker's connections and limits. */
export interface TestDeps {
  readonly prisma: unknown;
  readonly client: Queryable;
  readonly names: SchemaNames;
  readonly log: Logger;
}

/** The dependencies of a delivery without a worker: nothing waits, stops or takes over. */
export function drainDeps({ prisma, client, names, log }: TestDeps, report: Report): DeliverDeps {
  const never = new AbortController().signal;
  return {
    outbox: deliveryOutbox(executorOf(client), names),
    names,
    prisma,
    log,
    report: reportTo(report, hub.report),
    worker: "drain",
    wakeIn: () => undefined,
    signal: never,
    ended: never,
    semaphore: openSemaphore(Number.POSITIVE_INFINITY),
    gate: openGate(),
    graceMs: 0,
    patienceMs: 0,
    deadAfterMs: undefined,
  };
}
