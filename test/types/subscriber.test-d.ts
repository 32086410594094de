import { exponential, fixed } from "../../src/registry/backoff.js";
import { defineConfig } from "../../src/registry/define-config.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { HandlerContext, TransactionalContext } from "../../src/registry/handler-context.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { type Equal, expectType } from "./expect-type.js";
import { InvoiceDue, prisma, UserEmailChanged, UserRegistered } from "./shop.js";

const greet = defineSubscriber({
  name: "greet",
  events: [UserRegistered],
  handle(event, ctx) {
    expectType<Equal<typeof event.name, "UserRegistered">>();
    expectType<Equal<typeof event.aggregate.email, string>>();
    expectType<Equal<typeof event.occurredAt, Date>>();
    expectType<Equal<typeof ctx, HandlerContext>>();
    expectType<Equal<typeof ctx.attempt, number>>();
    expectType<Equal<typeof ctx.signal, AbortSignal>>();
    // @ts-expect-error there is no such field
    event.aggregate.nope;
    // @ts-expect-error there is no such change
    event.changes.nope;
    // @ts-expect-error events are immutable
    event.position = 1;
    // @ts-expect-error there is no such thing in a context
    ctx.retries;
  },
});
expectType<Equal<typeof greet.name, "greet">>();

const remind = defineSubscriber({
  name: "remind",
  events: [InvoiceDue, UserRegistered, UserEmailChanged],
  retry: { maxAttempts: 3, backoff: exponential({ maxMs: 60_000 }) },
  timeoutMs: 1000,
  priority: -1,
  delayMs: 500,
  handle: async (event, { idempotencyKey, log }) => {
    // @ts-expect-error not every event of the union has this field
    event.aggregate.dueAt;
    log.info("reminding", { idempotencyKey });
    switch (event.name) {
      case "InvoiceDue":
        expectType<Equal<typeof event.aggregate, { invoiceId: string; dueAt: Date }>>();
        // @ts-expect-error of another event
        return event.aggregate.email;
      case "UserRegistered":
      case "UserEmailChanged":
        return event.aggregate.email.length;
      // @ts-expect-error an event that it does not receive
      case "PostGone":
        return 0;
    }
  },
});

defineSubscriber({
  name: "x",
  events: [UserRegistered],
  handle: (_, ctx) => expectType<Equal<typeof ctx.prisma, unknown>>(),
});

defineSubscriber({
  name: "x",
  events: [UserRegistered],
  handle(event, ctx) {
    const name: string | null = event.aggregate.name;
    if (name === null) return ctx.cancel("nobody");
    expectType<Equal<typeof name, string>>();
    expectType<Equal<ReturnType<typeof ctx.snooze>, never>>();
    if (name === "later") return ctx.snooze(new Date());
    if (name === "busy") return ctx.retryAfter(1000, new Error("busy"));
    // @ts-expect-error a reason is a text
    ctx.cancel(7);
    // @ts-expect-error a time is milliseconds or a date
    ctx.snooze("5m");
    // @ts-expect-error a time is needed
    ctx.retryAfter();
    return name;
  },
});

defineSubscriber({
  name: "x",
  events: [UserRegistered],
  transactional: true,
  isolationLevel: "Serializable",
  handle(event, ctx) {
    expectType<Equal<typeof event.aggregate.email, string>>();
    expectType<Equal<typeof ctx, TransactionalContext>>();
    expectType<Equal<typeof ctx.tx, unknown>>();
  },
});
defineSubscriber({
  name: "x",
  events: [UserRegistered],
  transactional: false,
  handle(_, ctx) {
    // @ts-expect-error there is no transaction
    ctx.tx;
  },
});

const base = { name: "x", events: [UserRegistered], handle: () => undefined } as const;
defineSubscriber({ ...base, retry: { backoff: "exponential" } });
defineSubscriber({ ...base, retry: { backoff: fixed(100) } });
defineSubscriber({
  ...base,
  retry: { backoff: (attempt, error) => attempt * (error instanceof Error ? 2 : 1) },
});
// @ts-expect-error there is no such option
defineSubscriber({ ...base, retires: { maxAttempts: 3 } });
// @ts-expect-error there is no such option
defineSubscriber({ ...base, retry: { attempts: 3 } });
// @ts-expect-error there is no such backoff
defineSubscriber({ ...base, retry: { backoff: "linear" } });
// @ts-expect-error a backoff returns milliseconds
defineSubscriber({ ...base, retry: { backoff: () => "1s" } });
// @ts-expect-error there is no such isolation level
defineSubscriber({ ...base, transactional: true, isolationLevel: "Snapshot" });
// @ts-expect-error a handler is needed
defineSubscriber({ name: "x", events: [UserRegistered] });
// @ts-expect-error events are event types
defineSubscriber({ ...base, events: ["UserRegistered"] });
// @ts-expect-error a handler for another event
defineSubscriber({ name: "x", events: [UserRegistered], handle: (event: { name: "InvoiceDue" }) => event });

// Subscribers of different events fit into one array, and into a configuration.
const inOne = defineSubscriber({ ...base, transactional: true, handle: (_, { tx }) => tx });
const all: readonly Subscriber[] = [greet, remind, inOne];
defineConfig({ prisma, subscribers: [greet, remind], worker: { concurrency: 5 } });
defineConfig({ prisma, subscribers: () => all });
defineConfig({ prisma, subscribers: async () => [greet], database: { url: "postgresql://localhost/x" } });
// @ts-expect-error there is no such option
defineConfig({ prisma, subscribers: [], workers: {} });
// @ts-expect-error there is no such option
defineConfig({ prisma, subscribers: [], worker: { concurency: 1 } });
// @ts-expect-error an event type is no subscriber
defineConfig({ prisma, subscribers: [UserRegistered] });
// @ts-expect-error a client is needed
defineConfig({ subscribers: [] });
