import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";

import { currentContext, defineEvent, defineSubscriber, eventBus, type Subscriber } from "../../src/index.js";
import { type InstrumentOptions, instrument } from "../../src/otel.js";
import { drain, subscribe } from "../../src/testing.js";
import { openClient } from "../extension/support/clients.js";
import { UserCreated } from "../extension/support/events.js";
import { Ledger } from "../extension/support/ledger.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const contextManager = new AsyncLocalStorageContextManager().enable();
context.setGlobalContextManager(contextManager);
const tracer = tracerProvider.getTracer("test");
afterAll(async () => {
  context.disable();
  await tracerProvider.shutdown();
});

const Greeted = defineEvent("Greeted", { schema: z.object({ text: z.string() }) });
const Answered = defineEvent("Answered", { schema: z.object({ text: z.string() }) });
const prisma = openClient(url).$extends(
  eventBus({
    events: [UserCreated, Greeted, Answered],
    capture: { User: { create: UserCreated } },
  }),
);

beforeEach(async () => {
  exporter.reset();
  await ledger.clear();
});

const instrumented = (options: InstrumentOptions = {}) => {
  onTestFinished(instrument({ tracerProvider, ...options }));
};

const spanNamed = (name: string): ReadableSpan => {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name);
  expect(found, `spans named ${name}`).toHaveLength(1);
  return found[0] as ReadableSpan;
};

const greet = () => prisma.$publish(Greeted({ text: "hello" }, { aggregateKey: "7" }));

async function deliverTo(handle: () => unknown, events = [Greeted]) {
  const subscriber = defineSubscriber({ name: "greeter", events, handle }) as unknown as Subscriber;
  await subscribe({ client: prisma, subscribers: [subscriber] });
  return { drain: () => drain({ prisma, subscribers: [subscriber] }) };
}

const inSpan = <T>(name: string, run: () => Promise<T>) =>
  tracer.startActiveSpan(name, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });

describe("publishing", () => {
  it("is a producer span inside of the active one, by the conventions for messaging", async () => {
    instrumented();
    await inSpan("request", greet);
    const span = spanNamed("publish Greeted");
    const event = await ledger.event();
    expect(span.kind).toBe(SpanKind.PRODUCER);
    expect(span.parentSpanContext?.spanId).toBe(spanNamed("request").spanContext().spanId);
    expect(span.attributes).toEqual({
      "messaging.system": "ex-event-bus",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": "Greeted",
      "messaging.message.id": event.id,
      "messaging.message.conversation_id": event.metadata.correlationId,
      "ex_event_bus.aggregate.key": "7",
      "ex_event_bus.publish.source": "publish",
    });
    const { traceId, spanId } = span.spanContext();
    expect(event.metadata.traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });

  it("of a mutation puts its context into the event", async () => {
    instrumented();
    await inSpan("request", () => prisma.user.create({ data: { email: "ann@example.com" } }));
    const { traceId, spanId } = spanNamed(`publish ${UserCreated.name}`).spanContext();
    expect((await ledger.event()).metadata.traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });

  it("of several events is one span with their number", async () => {
    instrumented();
    await prisma.$publish([Greeted({ text: "a" }), Answered({ text: "b" })]);
    expect(spanNamed("publish").attributes).toMatchObject({ "messaging.batch.message_count": 2 });
  });

  it("leaves an event the trace context that it was given, and links to it", async () => {
    instrumented();
    const given = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
    const traceparent = `00-${given.traceId}-${given.spanId}-01`;
    await prisma.$publish(Greeted({ text: "a" }, { metadata: { traceparent } }));
    expect((await ledger.event()).metadata.traceparent).toBe(traceparent);
    expect(spanNamed("publish Greeted").links).toMatchObject([{ context: given }]);
  });

  it("that fails is a span with the error", async () => {
    instrumented();
    const publishing = prisma.$publish(Greeted({ text: "x".repeat(11_000_000) }));
    await expect(publishing).rejects.toMatchObject({ code: "EVENT_TOO_LARGE" });
    const span = spanNamed("publish Greeted");
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({ "error.type": "EVENT_TOO_LARGE" });
    expect(span.events).toMatchObject([{ name: "exception" }]);
  });

  it("carries nothing where there is no tracer", async () => {
    onTestFinished(instrument());
    await greet();
    expect((await ledger.event()).metadata).toEqual({ correlationId: expect.any(String) });
  });
});

describe("a delivery", () => {
  it("is a consumer span, the child of the one that published, and the handler runs inside of it", async () => {
    instrumented();
    const { drain: deliver } = await deliverTo(() => inSpan("handler", async () => undefined));
    await inSpan("request", greet);
    await deliver();
    const [published, span, handler] = [
      spanNamed("publish Greeted"),
      spanNamed("process Greeted"),
      spanNamed("handler"),
    ];
    expect(span.kind).toBe(SpanKind.CONSUMER);
    expect(span.parentSpanContext?.spanId).toBe(published.spanContext().spanId);
    expect(span.links).toMatchObject([{ context: { spanId: published.spanContext().spanId } }]);
    expect(handler.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(new Set(exporter.getFinishedSpans().map((one) => one.spanContext().traceId)).size).toBe(1);
    expect(span.attributes).toEqual({
      "messaging.system": "ex-event-bus",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "Greeted",
      "messaging.destination.subscription.name": "greeter",
      "messaging.message.id": (await ledger.event()).id,
      "messaging.message.conversation_id": expect.any(String),
      "messaging.client.id": "drain",
      "ex_event_bus.aggregate.key": "7",
      "ex_event_bus.delivery.attempt": 1,
      "ex_event_bus.delivery.outcome": "delivered",
    });
  });

  it("can begin a trace of its own, with a link", async () => {
    instrumented({ relation: "link" });
    const { drain: deliver } = await deliverTo(() => undefined);
    await greet();
    await inSpan("unrelated", deliver);
    const published = spanNamed("publish Greeted").spanContext();
    const span = spanNamed("process Greeted");
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(published.traceId);
    expect(span.links).toMatchObject([{ context: { traceId: published.traceId, spanId: published.spanId } }]);
  });

  it("whose handler publishes goes on with the trace", async () => {
    instrumented();
    let inherited: unknown = "not run";
    const { drain: deliver } = await deliverTo(async () => {
      inherited = currentContext().metadata.traceparent;
      await prisma.$publish(Answered({ text: "hello" }));
    });
    await greet();
    await deliver();
    const answered = spanNamed("publish Answered");
    expect(inherited).toBeUndefined();
    expect(answered.parentSpanContext?.spanId).toBe(spanNamed("process Greeted").spanContext().spanId);
    const { traceId, spanId } = answered.spanContext();
    const events = await ledger.events();
    expect(events.at(-1)?.metadata.traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });

  it("whose handler fails is a span with the error", async () => {
    instrumented();
    const { drain: deliver } = await deliverTo(() => Promise.reject(new TypeError("no")));
    await greet();
    await deliver();
    const span = spanNamed("process Greeted");
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: "no" });
    expect(span.attributes).toMatchObject({
      "error.type": "TypeError",
      "ex_event_bus.delivery.outcome": "retrying",
    });
  });
});

describe("metrics", () => {
  const collect = async (options: InstrumentOptions, act: () => Promise<unknown>) => {
    const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({
      exporter: metricExporter,
      exportIntervalMillis: 3_600_000,
    });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const off = instrument({ tracerProvider, meterProvider, ...options });
    await act();
    await reader.forceFlush();
    off();
    const metrics = metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    await meterProvider.shutdown();
    return (name: string) =>
      metrics
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ value, attributes }) => ({
            unit: descriptor.unit,
            value: typeof value === "object" ? (value as { count: number }).count : value,
            attributes,
          })),
        );
  };

  it("count and measure what is published and delivered", async () => {
    const { drain: deliver } = await deliverTo(() => undefined);
    const of = await collect({}, async () => {
      await greet();
      await prisma.$publish([Greeted({ text: "a" }), Greeted({ text: "b" }), Answered({ text: "c" })]);
      await deliver();
    });
    const sent = of("messaging.client.sent.messages");
    expect(sent.map(({ value, attributes }) => [attributes["messaging.destination.name"], value])).toEqual([
      ["Greeted", 3],
      ["Answered", 1],
    ]);
    expect(of("messaging.client.operation.duration").map(({ value, unit }) => [value, unit])).toEqual([
      [1, "s"],
      [1, "s"],
    ]);
    expect(of("messaging.client.consumed.messages")).toMatchObject([
      {
        value: 3,
        attributes: {
          "messaging.destination.subscription.name": "greeter",
          "ex_event_bus.delivery.outcome": "delivered",
        },
      },
    ]);
    expect(of("messaging.process.duration")).toMatchObject([{ value: 3, unit: "s" }]);
    expect(of("ex_event_bus.delivery.lag")).toMatchObject([{ value: 3, unit: "s" }]);
  });

  it("say how the database stands", async () => {
    await deliverTo(() => undefined);
    await greet();
    await greet();
    const of = await collect({ client: prisma }, async () => undefined);
    const states = of("ex_event_bus.deliveries").map(({ value, attributes }) => [
      attributes["messaging.destination.subscription.name"],
      attributes["ex_event_bus.delivery.state"],
      value,
    ]);
    expect(states).toEqual([
      ["greeter", "waiting", 2],
      ["greeter", "retrying", 0],
      ["greeter", "snoozed", 0],
      ["greeter", "paused", 0],
      ["greeter", "dead", 0],
    ]);
    expect(of("ex_event_bus.delivery.oldest_age")[0]?.value).toBeGreaterThan(0);
  });

  it("leave a gap when the database does not answer", async () => {
    const client = { query: () => Promise.reject(new Error("gone")) };
    const of = await collect({ client }, greet);
    expect(of("ex_event_bus.deliveries")).toEqual([]);
    expect(of("messaging.client.sent.messages")).toHaveLength(1);
  });
});

describe("instrument", () => {
  it("ends with the function that it returns", async () => {
    instrument({ tracerProvider })();
    await greet();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it("refuses options that it does not know", () => {
    expect(() => instrument({ relations: "link" } as object)).toThrow('unknown option "relations"');
    expect(() => instrument({ relation: "child" as "link" })).toThrow('expected "parent" or "link"');
  });

  it("uses the providers that are registered globally", async () => {
    trace.setGlobalTracerProvider(tracerProvider);
    onTestFinished(() => void trace.disable());
    onTestFinished(instrument());
    await greet();
    spanNamed("publish Greeted");
  });
});
