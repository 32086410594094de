import type { Attributes, BatchObservableResult, Meter } from "@opentelemetry/api";

import { type Status, status } from "../admin/status.js";
import type { Telemetry } from "../log/hub.js";
import type { TelemetryEventOf } from "../log/telemetry.js";
import type { Queryable } from "../outbox/executor.js";
import type { DatabaseNames } from "../registry/database-names.js";
import { errorAttributes, processAttributes, sendAttributes } from "./attributes.js";

/** The boundaries that the conventions give for durations in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Deliveries can be late by much more than that. */
const LAG_BOUNDARIES = [...BOUNDARIES, 30, 60, 300, 900, 3_600, 14_400];

/** Counts and measures what is reported. Returns what ends that. */
export function measureTelemetry(telemetry: Telemetry, meter: Meter): () => void {
  const histogram = (name: string, description: string, boundaries = BOUNDARIES) =>
    meter.createHistogram(name, {
      description,
      unit: "s",
      advice: { explicitBucketBoundaries: boundaries },
    });
  const counter = (name: string, description: string) =>
    meter.createCounter(name, { description, unit: "{message}" });
  const sent = counter("messaging.client.sent.messages", "Events that were stored or could not be.");
  const sending = histogram("messaging.client.operation.duration", "How long storing events takes.");
  const consumed = counter("messaging.client.consumed.messages", "Attempts to deliver events.");
  const processing = histogram("messaging.process.duration", "How long an attempt of a delivery takes.");
  const lag = histogram(
    "ex_event_bus.delivery.lag",
    "From an event to the beginning of an attempt.",
    LAG_BOUNDARIES,
  );

  const onSent = (end: TelemetryEventOf<"publish:stop"> | TelemetryEventOf<"publish:error">) => {
    const failed = end.type === "publish:error" ? errorAttributes(end.error) : {};
    for (const [name, count] of countByName(end.events.map((event) => event.name))) {
      const ofName = end.events.filter((event) => event.name === name);
      sent.add(count, { ...sendAttributes(ofName), ...failed });
    }
    sending.record(end.durationMs / 1_000, { ...sendAttributes(end.events), ...failed });
  };
  const onProcessed = (end: TelemetryEventOf<"deliver:stop"> | TelemetryEventOf<"deliver:error">) => {
    const attributes = outcomeAttributes(end);
    consumed.add(1, attributes);
    processing.record(end.durationMs / 1_000, attributes);
  };
  const offs = [
    telemetry.on("publish:stop", onSent),
    telemetry.on("publish:error", onSent),
    telemetry.on("deliver:start", (start) => lag.record(start.lagMs / 1_000, processAttributes(start))),
    telemetry.on("deliver:stop", onProcessed),
    telemetry.on("deliver:error", onProcessed),
  ];
  return () => {
    for (const off of offs) off();
  };
}

function outcomeAttributes(
  end: TelemetryEventOf<"deliver:stop"> | TelemetryEventOf<"deliver:error">,
): Attributes {
  const attributes = processAttributes(end);
  if (end.type === "deliver:error") return { ...attributes, ...errorAttributes(end.error) };
  const hasFailed = end.outcome === "retrying" || end.outcome === "dead";
  return {
    ...attributes,
    "ex_event_bus.delivery.outcome": end.outcome,
    ...(hasFailed ? errorAttributes(end.error) : {}),
  };
}

function countByName(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Observes how the database stands, each time that metrics are collected. Returns what ends that. */
export function observeStatus(
  meter: Meter,
  client: Queryable,
  database: DatabaseNames | undefined,
): () => void {
  const deliveries = meter.createObservableGauge("ex_event_bus.deliveries", {
    description: "Deliveries that are not done, by state.",
    unit: "{delivery}",
  });
  const oldest = meter.createObservableGauge("ex_event_bus.delivery.oldest_age", {
    description:
      "How long ago the oldest event occurred that a subscriber still has to get; 0 when there is none.",
    unit: "s",
  });
  const workers = meter.createObservableGauge("ex_event_bus.workers", {
    description: "Workers that run.",
    unit: "{worker}",
  });
  const instruments = [deliveries, oldest, workers];
  const observe = async (result: BatchObservableResult) => {
    // A database that does not answer leaves a gap, as it should.
    const now = await status(client, { database }).catch(() => undefined);
    if (now === undefined) return;
    for (const subscriber of now.subscribers) {
      const attributes = { "messaging.destination.subscription.name": subscriber.subscriber };
      for (const state of STATES) {
        result.observe(deliveries, subscriber[state], {
          ...attributes,
          "ex_event_bus.delivery.state": state,
        });
      }
      result.observe(oldest, ageOf(subscriber.oldestOpen), attributes);
    }
    for (const [application, count] of countByName(now.workers.map((worker) => worker.application))) {
      result.observe(workers, count, { "ex_event_bus.application": application });
    }
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}

const STATES = [
  "waiting",
  "retrying",
  "snoozed",
  "paused",
  "dead",
] as const satisfies readonly (keyof Status["subscribers"][number])[];

function ageOf(since: Date | null): number {
  return since === null ? 0 : Math.max(0, (Date.now() - since.getTime()) / 1_000);
}
