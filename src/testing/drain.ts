import { deliver } from "../delivery/deliver.js";
import type { DeliverDeps } from "../delivery/deliver-deps.js";
import type { Outcome } from "../delivery/outcome.js";
import { openGate } from "../delivery/run-gate.js";
import { checkTransactional } from "../delivery/transactional-client.js";
import { hub } from "../log/hub.js";
import { type Report, reportTo } from "../log/telemetry.js";
import { explainFailure } from "../outbox/database-error.js";
import { type DueDelivery, dueDeliveries } from "../outbox/due-deliveries.js";
import { executorOf } from "../outbox/executor.js";
import { checkDrainOptions, type DrainOptions, type DrainSettings } from "./drain-options.js";

/** An attempt that failed in {@link drain}. */
export interface DrainError {
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** What the handler threw, or the backoff function after it. */
  readonly error: unknown;
}

/** What {@link drain} did: attempts by what became of them. */
export interface DrainResult {
  readonly delivered: number;
  /** Attempts that failed and have another one later. */
  readonly failed: number;
  /** Attempts that failed and were the last one. */
  readonly dead: number;
  readonly cancelled: number;
  readonly snoozed: number;
  /** Every attempt that failed, in the order in which they were made; and what a backoff function threw after one. */
  readonly errors: readonly DrainError[];
}

/**
 * Makes the deliveries that are due here and now, without a worker, one after the other by position, and in the way
 * that a worker does: retries, timeouts, dead letters and all. For tests.
 *
 * An event has deliveries for those subscribers that the database knew when it was published: call `subscribe` before.
 *
 * With the client of a transaction, everything happens in that transaction.
 *
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`; with `onError: "throw"` what a handler throws.
 *
 * @example
 * ```ts
 * await prisma.user.create({ data: { email: "ann@example.com" } });
 * expect(await drain({ prisma, subscribers: [sendWelcome] })).toMatchObject({ delivered: 1, errors: [] });
 * ```
 */
export async function drain(options: DrainOptions): Promise<DrainResult> {
  const settings = checkDrainOptions(options);
  checkTransactional(settings.prisma, settings.subscribers.values(), "drain()");
  let backoffFailures: unknown[] = [];
  const deps = depsOf(settings, (event) => {
    if (event.type === "backoff:error") backoffFailures.push(event.error);
  });
  const result = { delivered: 0, failed: 0, dead: 0, cancelled: 0, snoozed: 0 };
  const errors: DrainError[] = [];
  const count = (delivery: DueDelivery, outcome: Outcome) => {
    if (outcome.state === "stale" || outcome.state === "paused") return;
    result[outcome.state === "retrying" ? "failed" : outcome.state] += 1;
    if (outcome.state !== "retrying" && outcome.state !== "dead") return;
    const { subscriber, eventId, eventName } = delivery;
    const failed = { subscriber, eventId, eventName, attempt: outcome.error.attempt };
    const found = [outcome.thrown, ...backoffFailures];
    backoffFailures = [];
    errors.push(...found.map((error) => ({ ...failed, error })));
    // Handlers may fail, that is what attempts are for. A backoff function may not, and nobody else would say so.
    if (settings.throwErrors) throw found.at(-1);
  };
  const done = new Set<string>();
  const startedAt = Date.now();
  // Nobody waits here: what a delivery would have waited for until now.
  const waitedMs = new Map<string, number>();
  const hasAnother = (key: string, outcome: Outcome) => {
    // What is put off would be put off again: nothing changes while nobody waits.
    if (settings.at === undefined || outcome.state !== "retrying") return false;
    const waited = (waitedMs.get(key) ?? 0) + outcome.dueMs;
    waitedMs.set(key, waited);
    return startedAt + waited <= settings.at.getTime();
  };
  let only: ReadonlySet<string> | undefined;
  for (;;) {
    const due = await findDue(settings, deps);
    if (!settings.cascade) only ??= new Set(due.map(keyOf));
    const next = due.filter((delivery) => !done.has(keyOf(delivery)) && only?.has(keyOf(delivery)) !== false);
    if (next.length === 0) return { ...result, errors };
    for (const delivery of next) {
      const subscriber = settings.subscribers.get(delivery.subscriber);
      // They were looked for by the names of these.
      if (subscriber === undefined) continue;
      const outcome = await deliver(delivery, subscriber, deps);
      if (!hasAnother(keyOf(delivery), outcome)) done.add(keyOf(delivery));
      count(delivery, outcome);
    }
  }
}

function keyOf({ position, subscriptionId }: DueDelivery): string {
  return `${position}/${subscriptionId}`;
}

async function findDue(settings: DrainSettings, deps: DeliverDeps): Promise<readonly DueDelivery[]> {
  try {
    return await dueDeliveries(deps.executor, settings.names, {
      subscribers: [...settings.subscribers.keys()],
      ...(settings.event === undefined ? {} : { events: [settings.event] }),
      ...(settings.at === undefined ? {} : { at: settings.at.toISOString() }),
    });
  } catch (error) {
    throw explainFailure(error, settings.names);
  }
}

function depsOf(settings: DrainSettings, report: Report): DeliverDeps {
  const never = new AbortController().signal;
  return {
    executor: executorOf(settings.client),
    names: settings.names,
    prisma: settings.prisma,
    log: settings.log,
    report: reportTo(report, hub.report),
    worker: "drain",
    signal: never,
    ended: never,
    gate: openGate(),
    graceMs: 0,
    patienceMs: 0,
    deadAfterMs: undefined,
  };
}
