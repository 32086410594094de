import { expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { exponential, fixed } from "../../src/registry/backoff.js";
import { defineConfig } from "../../src/registry/define-config.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import {
  aFunction,
  anArray,
  anObject,
  aText,
  either,
  flag,
  nothing,
  number,
  optional,
  rightOf,
  type Trial,
  takenBy,
  unreadable,
  whole,
} from "../support/wrong-values.js";
import { Counted, digits, models, UserRegistered } from "./event-types.js";

// Every option of everything that is defined: what is right for it is taken, everything else is refused by name.

const YEAR_MS = 31_536_000_000;
const DAY_MS = 86_400_000;

const ofSubscriber = (options: object) =>
  defineSubscriber({ name: "s", events: [Counted], handle: () => undefined, ...options } as never);
const ofRetry = (retry: object) => ofSubscriber({ retry });
const ofEvent = (options: object) => defineEvent("E", { schema: digits, ...options });
const ofModelEvent = (options: object) => models.defineEvent("E", { model: "User", ...options });
const ofDraft = (options: object) => Counted("1", options);
const ofConfig = (options: object) => defineConfig({ prisma: {}, subscribers: [], ...options });
const ofWorker = (worker: object) => ofConfig({ worker });
const ofRetention = (retention: object) => ofConfig({ retention });
const ofDatabase = (database: object) => ofConfig({ database });
const ofBus = (options: object) => eventBus({ events: [UserRegistered], ...options });
const ofUser = (User: object) => ofBus({ capture: { User } });
const aKeyPart = either(
  (v) => ["string", "bigint", "boolean"].includes(typeof v) || v instanceof Date,
  number(-1, 2 ** 53),
);
const anAge = either((v) => v === false, number(0, 3_155_760_000_000));

const subscriberOptions: readonly Trial[] = [
  ["name", (name) => ofSubscriber({ name }), aText],
  ["events", (events) => ofSubscriber({ events }), nothing],
  ["events[0]", (event) => ofSubscriber({ events: [event] }), nothing],
  ["handle", (handle) => ofSubscriber({ handle }), aFunction],
  ["retry", (retry) => ofSubscriber({ retry }), optional(anObject)],
  ["retry.maxAttempts", (maxAttempts) => ofRetry({ maxAttempts }), optional(whole(1, 10_000))],
  ["retry.backoff", (backoff) => ofRetry({ backoff }), optional(aFunction)],
  ["delayMs", (delayMs) => ofRetry({ backoff: { kind: "fixed", delayMs } }), number(0, YEAR_MS)],
  ["factor", (factor) => ofRetry({ backoff: { kind: "exponential", factor } }), optional(number(1, 1000))],
  ["timeoutMs", (timeoutMs) => ofSubscriber({ timeoutMs }), optional(whole(1, 10_800_000))],
  ["priority", (priority) => ofSubscriber({ priority }), optional(whole(-32_768, 32_767))],
  ["delayMs", (delayMs) => ofSubscriber({ delayMs }), optional(whole(0, YEAR_MS))],
  ["history", (history) => ofSubscriber({ history }), optional(nothing)],
  ["transactional", (transactional) => ofSubscriber({ transactional }), optional(flag)],
  [
    "isolationLevel",
    (isolationLevel) => ofSubscriber({ transactional: true, isolationLevel }),
    optional(nothing),
  ],
  ["defineSubscriber", (options) => defineSubscriber(options), nothing],
  ["exponential", (options) => exponential(options), optional(anObject)],
  ["minMs", (minMs) => exponential({ minMs }), optional(number(1, YEAR_MS))],
  ["maxMs", (maxMs) => exponential({ maxMs }), optional(number(1_000, YEAR_MS))],
  ["factor", (factor) => exponential({ factor }), optional(number(1, 1000))],
  ["jitter", (jitter) => exponential({ jitter }), optional(number(0, 1))],
  ["delayMs", (delayMs) => fixed(delayMs), number(0, YEAR_MS)],
];

const eventOptions: readonly Trial[] = [
  ["name", (name) => defineEvent(name, { schema: digits }), aText],
  ["defineEvent", (options) => defineEvent("E", options), nothing],
  ["version", (version) => ofEvent({ version }), optional(whole(1, 2_147_483_647))],
  ["schema", (schema) => ofEvent({ schema }), nothing],
  ["aggregateType", (aggregateType) => ofEvent({ aggregateType }), optional(aText)],
  ["name", (name) => models.defineEvent(name, { model: "User" }), aText],
  ["defineEvent", (options) => models.defineEvent("E", options as never), nothing],
  ["model", (model) => ofModelEvent({ model }), aText],
  ["version", (version) => ofModelEvent({ version }), optional(whole(1, 2_147_483_647))],
  ["aggregate", (row) => UserRegistered(row), anObject],
  ["aggregate", (aggregate) => Counted(aggregate), (value) => value !== undefined],
  ["options", (options) => Counted("1", options), optional(anObject)],
  [
    "aggregateKey",
    (aggregateKey) => ofDraft({ aggregateKey }),
    optional(either((v) => v === null, aKeyPart)),
  ],
  ["aggregateKey", (part) => ofDraft({ aggregateKey: [part] }), aKeyPart],
  ["metadata", (metadata) => ofDraft({ metadata }), optional(anObject)],
  [
    "metadata.correlationId",
    (correlationId) => ofDraft({ metadata: { correlationId } }),
    optional((v) => typeof v === "string"),
  ],
  ["changes", (changes) => ofDraft({ changes }), optional(anObject)],
  ["initialData", (initialData) => ofDraft({ initialData }), optional(anObject)],
  ["operation", (operation) => ofDraft({ operation }), optional(nothing)],
];

const configOptions: readonly Trial[] = [
  ["defineConfig()", (options) => defineConfig(options), nothing],
  ["prisma", (prisma) => ofConfig({ prisma }), either(anObject, aFunction)],
  ["subscribers", (subscribers) => ofConfig({ subscribers }), either(anArray, aFunction)],
  ["subscribers[0]", (one) => ofConfig({ subscribers: [one] }), nothing],
  ["application", (application) => ofConfig({ application }), optional(aText)],
  ["onDead", (onDead) => ofConfig({ onDead }), optional(aFunction)],
  ["database", (database) => ofConfig({ database }), optional(anObject)],
  ["database.url", (url) => ofDatabase({ url }), optional(nothing)],
  ["database.directUrl", (directUrl) => ofDatabase({ directUrl }), optional(nothing)],
  ["database.listen", (listen) => ofDatabase({ listen }), optional(flag)],
  ["database.schema", (schema) => ofDatabase({ schema }), optional(aText)],
  ["database.workerSchema", (workerSchema) => ofDatabase({ workerSchema }), optional(aText)],
  ["worker", (worker) => ofConfig({ worker }), optional(anObject)],
  ["worker.concurrency", (concurrency) => ofWorker({ concurrency }), optional(whole(1, 1000))],
  ["worker.throughput", (throughput) => ofWorker({ throughput }), optional(nothing)],
  ["worker.pollIntervalMs", (pollIntervalMs) => ofWorker({ pollIntervalMs }), optional(whole(10, DAY_MS))],
  [
    "worker.shutdownTimeoutMs",
    (shutdownTimeoutMs) => ofWorker({ shutdownTimeoutMs }),
    optional(whole(0, DAY_MS)),
  ],
  ["worker.heartbeatMs", (heartbeatMs) => ofWorker({ heartbeatMs }), optional(whole(100, DAY_MS))],
  ["worker.deadAfterMs", (deadAfterMs) => ofWorker({ deadAfterMs }), optional(whole(200, DAY_MS))],
  ["retention", (retention) => ofConfig({ retention }), optional(anObject)],
  ["retention.default", (age) => ofRetention({ default: age }), optional(anAge)],
  ["retention.events", (events) => ofRetention({ events }), optional(anObject)],
  ["retention.events.E", (E) => ofRetention({ events: { E } }), anAge],
  ["retention.intervalMs", (intervalMs) => ofRetention({ intervalMs }), optional(number(100, DAY_MS))],
];

const busOptions: readonly Trial[] = [
  ["eventBus()", (options) => eventBus(options), nothing],
  ["events", (events) => ofBus({ events }), anArray],
  ["events[0]", (event) => ofBus({ events: [event] }), nothing],
  ["capture", (capture) => ofBus({ capture }), optional(anObject)],
  ["capture.User", (User) => ofBus({ capture: { User } }), optional(anObject)],
  ["capture.User.create", (create) => ofUser({ create }), optional(anArray)],
  ["capture.User.update[0]", (rule) => ofUser({ update: [rule] }), nothing],
  ["capture.User.delete.event", (event) => ofUser({ delete: { event } }), nothing],
  [
    "capture.User.update.when",
    (when) => ofUser({ update: { event: UserRegistered, when } }),
    optional(aFunction),
  ],
  ["capture.User.omit", (omit) => ofUser({ omit }), optional(anArray)],
  ["capture.User.omit[0]", (field) => ofUser({ omit: [field] }), (v) => typeof v === "string"],
  ["capture.User.mask", (mask) => ofUser({ mask }), optional(anObject)],
  ["capture.User.mask.name", (name) => ofUser({ mask: { name } }), aFunction],
  ["capture.User.uncaptured", (uncaptured) => ofUser({ uncaptured }), optional(nothing)],
  ["database", (database) => ofBus({ database }), optional(anObject)],
  ["database.schema", (schema) => ofBus({ database: { schema } }), optional(aText)],
  ["database.workerSchema", (workerSchema) => ofBus({ database: { workerSchema } }), optional(aText)],
  ["transaction", (transaction) => ofBus({ transaction }), optional(anObject)],
  [
    "transaction.maxWaitMs",
    (maxWaitMs) => ofBus({ transaction: { maxWaitMs } }),
    optional(whole(1, 2_147_483_647)),
  ],
  [
    "transaction.timeoutMs",
    (timeoutMs) => ofBus({ transaction: { timeoutMs } }),
    optional(whole(1, 2_147_483_647)),
  ],
  ["maxEventBytes", (maxEventBytes) => ofBus({ maxEventBytes }), optional(whole(1_024, 268_435_455))],
  ["bulk", (bulk) => ofBus({ bulk }), optional(anObject)],
  ["bulk.maxRows", (maxRows) => ofBus({ bulk: { maxRows } }), optional(whole(1, 10_000_000))],
  ["metadata", (metadata) => ofBus({ metadata }), optional(aFunction)],
];

it.each([
  ["a subscriber", subscriberOptions],
  ["an event", eventOptions],
  ["a configuration", configOptions],
  ["the extension", busOptions],
])("the options of %s take what is right, and nothing else", async (_, trials) => {
  for (const trial of trials) expect([trial[0], await takenBy(trial)]).toEqual([trial[0], rightOf(trial)]);
});

const places: readonly (readonly [
  (options: object) => unknown,
  path: string,
  wrong: string,
  right: string,
])[] = [
  [ofSubscriber, "", "timoutMs", "timeoutMs"],
  [ofRetry, "retry.", "maxAttemps", "maxAttempts"],
  [exponential, "", "factr", "factor"],
  [(options) => ofRetry({ backoff: { kind: "fixed", ...options } }), "retry.backoff.", "delayms", "delayMs"],
  [ofEvent, "", "verson", "version"],
  [ofModelEvent, "", "modell", "model"],
  [ofDraft, "", "metdata", "metadata"],
  [ofConfig, "", "retension", "retention"],
  [ofDatabase, "database.", "directURL", "directUrl"],
  [ofWorker, "worker.", "concurency", "concurrency"],
  [ofRetention, "retention.", "intervalms", "intervalMs"],
  [ofBus, "", "captures", "capture"],
  [ofUser, "capture.User.", "updated", "update"],
  [(options) => ofUser({ create: options }), "capture.User.create.", "wenn", "when"],
  [(bulk) => ofBus({ bulk }), "bulk.", "maxrows", "maxRows"],
  [(transaction) => ofBus({ transaction }), "transaction.", "timeout", "timeoutMs"],
  [(database) => ofBus({ database }), "database.", "schemas", "schema"],
];

it.each(places)("%# says which option was meant", (call, path, wrong, right) => {
  expect(() => call({ [wrong]: 1 })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", path: `${path}${wrong}` }),
  );
  expect(() => call({ [wrong]: 1 })).toThrow(`: did you mean "${right}"?`);
});

it("an option that cannot be read is refused by name", () => {
  expect(() => defineConfig(unreadable("worker") as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", path: "worker" }),
  );
  expect(() => ofBus({ bulk: unreadable("maxRows") })).toThrow("bulk.maxRows in eventBus() cannot be read");
});
