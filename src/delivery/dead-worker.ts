import { EventBusError } from "../errors.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { SettledOutcome } from "./outcome.js";

// When a process dies, any of its deliveries may have been the reason, but nearly all are innocent. A delivery becomes a suspect if
// one process died while it held the delivery, and another one died after it had started the delivery. A suspect runs isolated: no
// other handler runs in its process. If the process dies again, the suspect was the reason. The start of a suspect is recorded
// before its handler is called, so a process that dies while the delivery still waits does not count.

/** The name of the recorded error. */
const WORKER_DIED = "WorkerDied";

const DEATHS_BEFORE_RECORD = 2;
const RECORDS_BEFORE_DEATH = 3;

/** Deliveries of a dead process are retried one by one, spread over this time. */
const SPREAD_MS = 1_000;

/** Whether a delivery is a suspect and must run isolated. */
export function mustBeIsolated(loaded: LoadedDelivery): boolean {
  return loaded.deaths > 0;
}

const ISOLATION_MS = 5_000;
const LONGEST_ISOLATION_MS = 3_600_000;

/**
 * How long a suspect holds up all other handlers. Short, because nearly all suspects are innocent. Each death makes it four times
 * as long, so that a suspect that kills its process late is isolated in the end when that happens.
 *
 * @param deaths the number of processes that have died since the state of the delivery last changed.
 */
export function isolationMs(deaths: number): number {
  return Math.min(ISOLATION_MS * 4 ** deaths, LONGEST_ISOLATION_MS);
}

/** The outcome of a suspect while another one runs: it is snoozed for a moment. */
export function comeBackLater(): SettledOutcome {
  return { state: "snoozed", dueMs: SPREAD_MS * (0.5 + Math.random()) };
}

/** The outcome of a delivery if `deaths` processes have died with it since its state last changed; undefined if it may run. */
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
