import {
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";

import type { Surround, Telemetry } from "../log/hub.js";
import type { PublishedEvent } from "../log/telemetry.js";
import {
  errorAttributes,
  processAttributes,
  processedMessage,
  sendAttributes,
  sentMessages,
} from "./attributes.js";
import { readHeaders, writeHeaders } from "./trace-context.js";

/** How the span of a delivery hangs together with that of publishing. */
export type Relation = "parent" | "link";

/** Makes a span of each publishing and each attempt of a delivery. Returns what ends that. */
export function traceTelemetry(telemetry: Telemetry, tracer: Tracer, relation: Relation): () => void {
  const offs = [
    telemetry.around("publish", publishing(tracer)),
    telemetry.around("deliver", delivering(tracer, relation)),
  ];
  return () => {
    for (const off of offs) off();
  };
}

const publishing =
  (tracer: Tracer): Surround<"publish"> =>
  ({ source, events }, run) => {
    const attributes = sendAttributes(events);
    const span = tracer.startSpan(nameOf(attributes), {
      kind: SpanKind.PRODUCER,
      attributes: { ...attributes, ...sentMessages(events), "ex_event_bus.publish.source": source },
      links: linksTo(events),
    });
    const inside = trace.setSpan(context.active(), span);
    const ended = context.with(inside, () => run(writeHeaders(span.spanContext())));
    void ended.then((end) => {
      if (end.type === "publish:error") fail(span, end.error);
      span.end();
    });
  };

const delivering =
  (tracer: Tracer, relation: Relation): Surround<"deliver"> =>
  (start, run) => {
    const attributes = processAttributes(start);
    const created = readHeaders(start.traceparent, start.tracestate);
    const outside: Context =
      created === undefined || relation === "link"
        ? context.active()
        : trace.setSpanContext(context.active(), created);
    const options = {
      kind: SpanKind.CONSUMER,
      attributes: { ...attributes, ...processedMessage(start) },
      links: created === undefined ? [] : [{ context: created }],
      root: created !== undefined && relation === "link",
    };
    const span = tracer.startSpan(nameOf(attributes), options, outside);
    const ended = context.with(trace.setSpan(outside, span), () => run());
    void ended.then((end) => {
      if (end.type === "deliver:stop") span.setAttribute("ex_event_bus.delivery.outcome", end.outcome);
      const hasFailed = end.type === "deliver:error" || end.outcome === "retrying" || end.outcome === "dead";
      if (hasFailed) fail(span, end.error);
      span.end();
    });
  };

/** As the conventions want it: what is done, and to what. */
function nameOf(attributes: ReturnType<typeof sendAttributes>): string {
  const { "messaging.operation.name": operation, "messaging.destination.name": destination } = attributes;
  return destination === undefined ? String(operation) : `${operation} ${destination}`;
}

/** An event that has a trace context of its own keeps it; the span is linked to it. */
function linksTo(events: readonly PublishedEvent[]): Link[] {
  return [...new Set(events.map(({ traceparent }) => traceparent))].flatMap((traceparent) => {
    const created = readHeaders(traceparent);
    return created === undefined ? [] : [{ context: created }];
  });
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttributes(errorAttributes(error));
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
