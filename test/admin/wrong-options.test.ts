import { expect, it } from "vitest";

import * as admin from "../../src/admin.js";
import { publish as publishOn, withEventMetadata, withoutEvents } from "../../src/index.js";
import { drain, subscribe } from "../../src/testing.js";
import { runOnce } from "../../src/worker/run-once.js";
import { Ping } from "../worker/ping.js";
import { workerFixture } from "../worker/worker-fixture.js";

const { pool, subscriber, publish, deliveries, options } = await workerFixture();
const fails = subscriber("fails", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });

// As they come from query strings, forms and code without types.
const flags = ["true", "false", 1, 0, null, {}];
const texts = [5, null, {}, true, Symbol("s"), ["a", 5]];
const single = [...texts, ["a"]];
const keys = [null, {}, Symbol("s"), [], [null], [["a"]], Number.NaN, new Date(Number.NaN)];
const ids = [[], ["01a22d15-9b92-7f9e-a122-4e2937591b0e"], "x", 5, null];
// Those of which JavaScript writes the year with six digits, and the year that PostgreSQL does not have.
const times = [8.64e15, -8.64e15, Date.UTC(10_000, 0), Date.parse("0000-06-01"), Number.NaN].map(
  (ms) => new Date(ms),
);

const wrong: readonly (readonly [string, (value: never) => Promise<unknown>, readonly unknown[]])[] = [
  ["redrive dryRun", (dryRun) => admin.redrive(pool, {}, { dryRun }), flags],
  ["discard dryRun", (dryRun) => admin.discard(pool, {}, { reason: "x", dryRun }), flags],
  ["prune dryRun", (dryRun) => admin.prune(pool, { default: 0 }, { dryRun }), flags.slice(0, 2)],
  [
    "erase dryRun",
    (dryRun) => admin.erase(pool, { aggregateType: "User", aggregateKey: 1 }, { dryRun }),
    flags,
  ],
  ["events last", (last) => admin.events(pool, { last }), flags],
  ["events event", (event) => admin.events(pool, { event }), texts],
  ["events eventId", (eventId) => admin.events(pool, { eventId }), ids],
  ["events until", (until) => admin.events(pool, { until }), times],
  ["deliveries since", (since) => admin.deliveries(pool, { since }), times],
  ["events aggregateType", (aggregateType) => admin.events(pool, { aggregateType }), single],
  ["events aggregateKey", (aggregateKey) => admin.events(pool, { aggregateKey }), keys],
  ["events correlationId", (correlationId) => admin.events(pool, { correlationId }), single],
  ["deliveries subscriber", (name) => admin.deliveries(pool, { subscriber: name }), texts],
  ["deliveries event", (event) => admin.deliveries(pool, { event }), texts],
  ["deliveries error", (error) => admin.deliveries(pool, { error }), single],
  ["deliveries aggregateType", (type) => admin.deliveries(pool, { aggregateType: type }), single],
  ["deliveries aggregateKey", (key) => admin.deliveries(pool, { aggregateKey: key }), keys],
  ["redrive aggregateType", (type) => admin.redrive(pool, { aggregateType: type }), single],
  ["redrive aggregateKey", (key) => admin.redrive(pool, { aggregateKey: key }), keys],
  ["discard aggregateKey", (key) => admin.discard(pool, { aggregateKey: key }, { reason: "x" }), keys],
  ["redrive subscriber", (name) => admin.redrive(pool, { subscriber: name }), texts],
  ["redrive error", (error) => admin.redrive(pool, { error }), single],
  ["discard error", (error) => admin.discard(pool, { error }, { reason: "x" }), single],
  ["pause", (name) => admin.pause(pool, name), [undefined, ...single]],
  ["resume", (name) => admin.resume(pool, name), [undefined, ...single]],
  ["unsubscribe", (name) => admin.unsubscribe(pool, name), [undefined, ...single]],
  ["subscribersOf", (event) => admin.subscribersOf(pool, event), [undefined, ...single]],
  ["doctor prisma", (prisma) => admin.doctor(pool, { prisma }), [null, 5, "client", []]],
  ["status on", (client) => admin.status(client), [undefined, null, {}, "url"]],
  ["publish on", (client) => publishOn(client, Ping({ n: 1 })), [undefined, null, {}, "url"]],
  [
    "runOnce maxMs",
    (maxMs) => runOnce({ ...options([fails]), maxMs }),
    [true, "5", 5n, 0, -1, null, Number.NaN],
  ],
  ["withoutEvents", (fn) => withoutEvents(fn), [undefined, null, {}]],
  ["withEventMetadata", (fn) => withEventMetadata({}, fn), [undefined, null, {}]],
];

it.each(wrong.flatMap(([name, call, values]) => values.map((value) => [name, value, call] as const)))(
  "%s is not %o, and nothing is done",
  async (_, value, call) => {
    await subscribe({ client: pool, subscribers: [fails] });
    await publish(1);
    await drain({ client: pool, subscribers: [fails] });
    await expect(call(value as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    expect((await deliveries()).map(({ state }) => state)).toEqual(["dead"]);
  },
);

const texted: readonly (readonly [string, (text: string) => Promise<unknown>])[] = [
  ["events()", (aggregateKey) => admin.events(pool, { aggregateKey })],
  ["deliveries()", (error) => admin.deliveries(pool, { error })],
  ["redrive()", (error) => admin.redrive(pool, { error })],
  ["discard()", (reason) => admin.discard(pool, {}, { reason })],
  ["erase()", (type) => admin.erase(pool, { aggregateType: type, aggregateKey: 1 })],
  ["pause()", (name) => admin.pause(pool, name)],
  ["resume()", (name) => admin.resume(pool, name)],
  ["unsubscribe()", (name) => admin.unsubscribe(pool, name)],
  ["subscribersOf()", (event) => admin.subscribersOf(pool, event)],
];

it.each(texted)("%s refuses a text that PostgreSQL has no form for in our words", async (of, call) => {
  await subscribe({ client: pool, subscribers: [fails] });
  await publish(1);
  await drain({ client: pool, subscribers: [fails] });
  await expect(call("a\u0000b")).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringMatching(`^${of.replace("()", "\\(\\)")} was given a text`),
  });
  expect((await deliveries()).map(({ state }) => state)).toEqual(["dead"]);
});

it("takes what is right", async () => {
  await subscribe({ client: pool, subscribers: [fails] });
  await publish(1);
  await drain({ client: pool, subscribers: [fails] });
  expect(await admin.redrive(pool, { subscriber: ["fails"], error: "NO" }, { dryRun: true })).toMatchObject({
    matched: 1,
  });
  expect(await admin.redrive(pool, {}, { dryRun: false })).toMatchObject({ redriven: 1 });
  expect(await admin.events(pool, { event: ["Ping"], last: false })).toHaveLength(1);
  expect(await admin.subscribersOf(pool, "Ping")).toHaveLength(1);
});
