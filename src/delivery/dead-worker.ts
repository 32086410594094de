import { EventBusError } from "../errors.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { SettledOutcome } from "./outcome.js";

// When a process dies, each delivery that it held may have been the reason, and nearly all were not. A delivery that was
// held when one process died and had begun when another did is recorded as a suspect, and runs alone from then on: if the
// process dies again, this delivery was the reason. The start of a suspect is recorded before its handler is called: a
// process that dies while the delivery still waits has not died of it.
/** The name of the error on record. */
const WORKER_DIED = "WorkerDied";

const DEATHS_BEFORE_RECORD = 2;
const RECORDS_BEFORE_DEATH = 3;

/** Deliveries whose process died come back one by one, within this time. */
const SPREAD_MS = 1_000;

/** Whether a delivery must run alone, as it was held when processes died. */
export function mustBeIsolated(loaded: LoadedDelivery): boolean {
  return loaded.deaths > 0;
}

const ISOLATION_MS = 5_000;
const LONGEST_ISOLATION_MS = 3_600_000;

/**
 * For how long it holds up all others, which is short, as nearly all suspects are innocent. One that ends its process
 * later than that gets four times as long with each death, until it is alone when that happens.
 *
 * @param deaths of processes, since the delivery was last moved on.
 */
export function isolationMs(deaths: number): number {
  return Math.min(ISOLATION_MS * 4 ** deaths, LONGEST_ISOLATION_MS);
}

/** The outcome of a delivery that must run alone while another one does: it is put off a little. */
export function comeBackLater(): SettledOutcome {
  return { state: "snoozed", dueMs: SPREAD_MS * (0.5 + Math.random()) };
}

/** What becomes of a delivery with which `deaths` processes died since it was last moved on. */
export function outcomeOfDeaths(
  deaths: number,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  worker: string,
): SettledOutcome | undefined {
  const isFirst = loaded.deaths === 0;
  if (isFirst ? deaths < DEATHS_BEFORE_RECORD : deaths === 0 || !loaded.wasIsolated) return undefined;
  const times = isFirst ? deaths : DEATHS_BEFORE_RECORD + loaded.deaths;
  const thrown = new EventBusError(
    "WORKER_DIED",
    `The process that ran "${subscriber.name}" for this event ended ${times} times without an outcome. Look ` +
      "for what ends it: out of memory, process.exit(), a crash in native code, SIGKILL.",
    { value: times },
  );
  const error = {
    attempt: loaded.attempts + 1,
    name: WORKER_DIED,
    message: thrown.message,
    at: new Date().toISOString(),
    worker,
  };
  if (loaded.deaths >= RECORDS_BEFORE_DEATH) return { state: "dead", error, thrown };
  return { state: "snoozed", dueMs: SPREAD_MS * Math.random(), error, thrown, died: true };
}
