import { describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";

import { eventBus, publish, type TelemetryEvent, telemetry } from "../../src/index.js";
import { hub } from "../../src/log/hub.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { defineEvent, UserCreated, UserRenamed } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const InvoiceDue = defineEvent("InvoiceDue", { schema: z.object({ invoiceId: z.string() }) });
const base = openClient(url);
const prisma = base.$extends(
  eventBus({
    events: [UserCreated, UserRenamed, InvoiceDue],
    capture: { User: { create: UserCreated, update: { event: UserRenamed, when: () => false } } },
  }),
);
await ledger.subscribe(["mailer", "indexer"], ["InvoiceDue"]);

function heard(): TelemetryEvent[] {
  const events: TelemetryEvent[] = [];
  onTestFinished(telemetry.onAny((event) => void events.push(event)));
  return events;
}

let users = 0;
const createUser = () => {
  users += 1;
  return prisma.user.create({ data: { email: `u${users}@example.com` } });
};
const due = (metadata = {}) => InvoiceDue({ invoiceId: "1" }, { aggregateKey: "1", metadata });

describe("publishing", () => {
  it("is reported for captured mutations", async () => {
    const events = heard();
    const user = await createUser();
    const stored = await ledger.events();
    const publishing = {
      source: "capture",
      events: [
        {
          id: stored.at(-1)?.id,
          name: UserCreated.name,
          aggregateType: "User",
          aggregateKey: String(user.id),
          correlationId: expect.any(String),
          traceparent: undefined,
        },
      ],
    };
    expect(events).toEqual([
      { type: "publish:start", ...publishing },
      { type: "publish:stop", ...publishing, deliveries: null, durationMs: expect.any(Number) },
    ]);
  });

  it("is not reported where nothing is published", async () => {
    const { id } = await createUser();
    const events = heard();
    await prisma.user.update({ where: { id }, data: { email: `x${id}@example.com` } });
    await prisma.user.findMany();
    await prisma.$publish([]);
    expect(events).toEqual([]);
  });

  it("is reported for events of one's own, with the number of deliveries", async () => {
    const events = heard();
    await prisma.$publish([due(), due()]);
    await publish(base, due());
    expect(events.map(({ type }) => type)).toEqual([
      "publish:start",
      "publish:stop",
      "publish:start",
      "publish:stop",
    ]);
    expect(events[1]).toMatchObject({ source: "publish", deliveries: 4 });
    expect(events[1]).toHaveProperty("events.length", 2);
    expect(events[3]).toMatchObject({ source: "publish", deliveries: 2 });
  });

  it("is reported when it fails, and fails all the same", async () => {
    const events = heard();
    const large = () => prisma.$publish(InvoiceDue({ invoiceId: "x".repeat(11_000_000) }));
    await expect(large()).rejects.toMatchObject({ code: "EVENT_TOO_LARGE" });
    expect(events.map(({ type }) => type)).toEqual(["publish:start", "publish:error"]);
    expect(events[1]).toMatchObject({
      error: { code: "EVENT_TOO_LARGE" },
      durationMs: expect.any(Number),
    });
  });

  it("is not disturbed by listeners that fail", async () => {
    onTestFinished(
      telemetry.onAny(() => {
        throw new Error("a listener");
      }),
    );
    onTestFinished(
      telemetry.around("publish", () => {
        throw new Error("a surround");
      }),
    );
    await createUser();
    expect((await prisma.$publish(due())).deliveries).toBe(2);
  });

  it("makes no reports while nobody listens", async () => {
    const report = vi.spyOn(hub, "report");
    const within = vi.spyOn(hub, "within");
    onTestFinished(() => void vi.restoreAllMocks());
    await createUser();
    await prisma.$publish(due());
    expect(report).not.toHaveBeenCalled();
    expect(within).not.toHaveBeenCalled();
  });
});

describe("what surrounds publishing", () => {
  const trace = { traceparent: "00-11111111111111111111111111111111-2222222222222222-01", tracestate: "a=b" };
  const surrounded = () => onTestFinished(telemetry.around("publish", (_, run) => void run(trace)));

  it("gives the events their trace context", async () => {
    surrounded();
    await createUser();
    await prisma.$publish(due());
    const stored = await ledger.events();
    expect(stored.slice(-2).map(({ metadata }) => metadata)).toEqual([
      { correlationId: expect.any(String), ...trace },
      { correlationId: expect.any(String), ...trace },
    ]);
  });

  it("leaves the trace context that an event has already", async () => {
    surrounded();
    const own = { traceparent: "00-33333333333333333333333333333333-4444444444444444-01" };
    await prisma.$publish(due(own));
    const { metadata } = (await ledger.events()).at(-1) ?? {};
    expect(metadata).toEqual({ correlationId: expect.any(String), ...own });
  });
});
