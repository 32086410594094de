import { EventBusError } from "../errors.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { SettledOutcome } from "./outcome.js";

// When a process dies, everything that it was doing is suspect, and nearly all of it innocent. What was in two deaths is
// put on record and from then on runs alone: whatever dies then is the reason, and nothing else is in its way. Each such
// run is put on record before it begins: a process that dies while the delivery waits for its turn has not died of it.
/** What the error is named that says so. */
const WORKER_DIED = "WorkerDied";

const DEATHS_BEFORE_RECORD = 2;
const RECORDS_BEFORE_DEATH = 3;

/** Those that died together come back one by one. */
const SPREAD_MS = 1_000;

/** Whether a delivery must run alone, since it was there when processes died. */
export function mustRunAlone(loaded: LoadedDelivery): boolean {
  return loaded.deaths > 0;
}

/** A delivery that must run alone while another one does: a little later. */
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
  if (isFirst ? deaths < DEATHS_BEFORE_RECORD : deaths === 0 || !loaded.ranAlone) return undefined;
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
