import type { Report } from "../log/telemetry.js";

/** The activity of a worker for a subscriber, as its heartbeats record it. */
export interface SubscriberActivity {
  /** Deliveries that are running. */
  readonly running: number;
  /** How many deliveries it made in the last minute. */
  readonly delivered: number;
}

/** Counts the deliveries of a worker. */
export interface Activity {
  /** Receives the reports of the worker. */
  readonly report: Report;
  /** The activity by subscriber, without subscribers that had none in the last minute. */
  now(): Readonly<Record<string, SubscriberActivity>>;
}

const SECONDS = 60;

/** @param secondsNow the time, in whole seconds from any start. */
export function countActivity(secondsNow = () => Math.floor(performance.now() / 1_000)): Activity {
  const counters = new Map<string, { running: number; delivered: Map<number, number> }>();
  const counterOf = (subscriber: string) => {
    const known = counters.get(subscriber) ?? { running: 0, delivered: new Map<number, number>() };
    counters.set(subscriber, known);
    return known;
  };
  return {
    report(event) {
      if (event.type === "deliver:start") counterOf(event.subscriber).running += 1;
      // A delivery that could not be loaded was not started.
      if (event.type === "deliver:error" && event.eventId !== undefined)
        counterOf(event.subscriber).running -= 1;
      if (event.type !== "deliver:stop") return;
      const counter = counterOf(event.subscriber);
      counter.running -= 1;
      if (event.outcome !== "delivered") return;
      const second = secondsNow();
      counter.delivered.set(second, (counter.delivered.get(second) ?? 0) + 1);
      if (counter.delivered.size > SECONDS) forget(counter.delivered, second - SECONDS);
    },
    now() {
      const oldest = secondsNow() - SECONDS;
      const activity: Record<string, SubscriberActivity> = {};
      for (const [subscriber, { running, delivered }] of counters) {
        forget(delivered, oldest);
        const sum = [...delivered.values()].reduce((total, count) => total + count, 0);
        if (running > 0 || sum > 0) activity[subscriber] = { running, delivered: sum };
      }
      return activity;
    },
  };
}

function forget(counts: Map<number, number>, until: number): void {
  for (const second of counts.keys()) if (second <= until) counts.delete(second);
}
