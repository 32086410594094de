import { expect, it } from "vitest";

import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { setupPostgres, startPostgres } from "../../src/testing/postgres.js";
import { checkPostgresOptions } from "../../src/testing/start-postgres.js";
import {
  deliver,
  deliveriesOf,
  drain,
  failFirst,
  fakeEvent,
  publishedEvents,
  subscribe,
  withRollback,
} from "../../src/testing.js";
import { matchers } from "../../src/vitest.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { Counted } from "../registry/event-types.js";
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

// Every option of what is for tests: a wrong one that is taken makes a test pass that should fail.

// What of a schema is known is known without a connection.
openBus("postgresql://nobody@127.0.0.1:1/none");
const UserCreated = rules.User.create;
const client = { query: () => Promise.resolve({ rows: [] }) };
const one = defineSubscriber({ name: "one", events: [Counted], handle: () => undefined });
const counted = fakeEvent(Counted, { aggregate: 1 });

const drains = (options: object) => drain({ client, subscribers: [one], ...options } as never);
const delivers = (options: object) => deliver(one, counted, options as never);
const subscribes = (options: object) => subscribe({ client, subscribers: [], ...options } as never);
const fakes = (options: object) => fakeEvent(UserCreated, options as never);
const fakesCount = (options: object) => fakeEvent(Counted, { aggregate: 1, ...options } as never);
const rolls = (options: object) =>
  withRollback({ $transaction: () => undefined } as never, () => undefined, options as never);
const aClient = either(anObject, aFunction);
const aKey = either(
  (v) => v === null || ["string", "bigint", "boolean"].includes(typeof v) || v instanceof Date,
  number(-1, 2 ** 53),
);
const { MAX_SAFE_INTEGER } = Number;

type List = (...args: readonly unknown[]) => Promise<unknown>;
const lists = [publishedEvents, deliveriesOf] as unknown as readonly List[];

const ofFunctions: readonly Trial[] = [
  ["drain()", (options) => drain(options), nothing],
  ["client", (given) => drains({ client: given }), nothing],
  ["prisma", (prisma) => drains({ prisma }), optional(aClient)],
  ["subscribers", (subscribers) => drains({ subscribers }), anArray],
  ["subscriber", (subscriber) => drains({ subscriber }), optional(nothing)],
  ["event", (event) => drains({ event }), optional(nothing)],
  ["cascade", (cascade) => drains({ cascade }), optional(flag)],
  ["at", (at) => drains({ at }), optional((v) => v instanceof Date)],
  ["onError", (onError) => drains({ onError }), optional(nothing)],
  ["faults", (faults) => drains({ faults }), optional(anArray)],
  ["onDead", (onDead) => drains({ onDead }), optional(aFunction)],
  ["log", (log) => drains({ log }), optional(nothing)],
  ["database", (database) => drains({ database }), optional(anObject)],
  ["attempts", (attempts) => failFirst(attempts), whole(1, 2 ** 53)],
  ["subscriber", (subscriber) => deliver(subscriber, counted), nothing],
  ["event", (event) => deliver(one, event), nothing],
  ["options", (options) => deliver(one, counted, options), optional(anObject)],
  ["prisma", (prisma) => delivers({ prisma }), optional(aClient)],
  ["attempt", (attempt) => delivers({ attempt }), optional(whole(1, 10_000))],
  ["log", (log) => delivers({ log }), optional(nothing)],
  ["subscribe()", (options) => subscribe(options), nothing],
  ["client", (given) => subscribes({ client: given }), nothing],
  ["subscribers", (subscribers) => subscribes({ subscribers }), anArray],
  ["application", (application) => subscribes({ application }), optional(aText)],
  ["database", (database) => subscribes({ database }), optional(anObject)],
  ["the client", (given) => withRollback(given, () => undefined), nothing],
  ["the second argument", (run) => withRollback({ $transaction: () => undefined } as never, run), aFunction],
  ["options", (options) => rolls(options), optional(anObject)],
  ["timeoutMs", (timeoutMs) => rolls({ timeoutMs }), optional(whole(1, 2_147_483_647))],
  ...lists.flatMap((list): readonly Trial[] => [
    ["the client", (given) => list(given), nothing],
    ["filter", (filter) => list(client, filter), optional(anObject)],
    ["options", (options) => list(client, {}, options), optional(anObject)],
    ["event", (event) => list(client, { event }), optional(either(anArray, (v) => typeof v === "string"))],
    ["limit", (limit) => list(client, { limit }), optional(whole(0, MAX_SAFE_INTEGER))],
    ["database", (database) => list(client, {}, { database }), optional(anObject)],
  ]),
  [
    "subscriber",
    (subscriber) => deliveriesOf(client, { subscriber }),
    optional(either(anArray, (v) => typeof v === "string")),
  ],
];

const ofFakes: readonly Trial[] = [
  ["event", (type) => fakeEvent(type), nothing],
  ["options", (overrides) => fakes(overrides), optional(anObject)],
  ["aggregate", (aggregate) => fakes({ aggregate }), optional(anObject)],
  ["aggregate", (aggregate) => fakesCount({ aggregate }), (value) => value !== undefined],
  ["aggregate.email", (email) => fakes({ aggregate: { email } }), optional((v) => typeof v === "string")],
  ...[fakes, fakesCount].flatMap((fake): readonly Trial[] => [
    ["changes", (changes) => fake({ changes }), optional(anObject)],
    ["initialData", (initialData) => fake({ initialData }), optional(anObject)],
    ["metadata", (metadata) => fake({ metadata }), optional(anObject)],
    ["operation", (operation) => fake({ operation }), optional(nothing)],
    ["aggregateKey", (aggregateKey) => fake({ aggregateKey }), optional(aKey)],
    ["id", (id) => fake({ id }), optional(aText)],
    ["position", (position) => fake({ position }), optional(whole(0, MAX_SAFE_INTEGER))],
    ["occurredAt", (occurredAt) => fake({ occurredAt }), optional((v) => v instanceof Date)],
  ]),
];

// Right options get as far as a server that is not there, or as another option that is wrong: else each would start one.
const nowhere = "postgresql://nobody@127.0.0.1:1/none";
const setsUp = (options: object) =>
  setupPostgres({ prepare: () => undefined, url: nowhere, ...options } as never).catch((error) => {
    if (error.code === "INVALID_OPTION" && error.path !== "server.port") throw error;
  });
const serves = (options: unknown) => checkPostgresOptions(options as never, { of: "startPostgres()" });

const ofServers: readonly Trial[] = [
  ["setupPostgres()", (options) => setupPostgres(options), nothing],
  ["prepare", (prepare) => setsUp({ prepare }), aFunction],
  ["url", (url) => setsUp({ url, server: { port: 0 } }), optional((value) => value === "")],
  ["server", (server) => setsUp({ server }), optional(anObject)],
  ["startPostgres()", (options) => serves(options), optional(anObject)],
  ["dataDir", (dataDir) => serves({ dataDir }), optional(aText)],
  ["port", (port) => serves({ port }), optional(whole(1, 65_535))],
  ["settings", (settings) => serves({ settings }), optional(anObject)],
  ["settings.jit", (jit) => serves({ settings: { jit } }), (value) => typeof value === "string"],
  ["onLog", (onLog) => serves({ onLog }), optional(aFunction)],
];

type Matcher = (received: unknown, ...args: readonly unknown[]) => Promise<unknown>;
const { toHavePublished, toHavePublishedTimes, toHavePublishedInOrder, toHaveDelivered, toBeIdempotent } =
  Object.fromEntries(
    Object.entries(matchers).map(([name, matcher]) => [name, (matcher as Matcher).bind({})]),
  ) as Record<keyof typeof matchers, Matcher>;

const looks: readonly Matcher[] = [
  (received, options) => toHavePublished(received, Counted, {}, options),
  (received, options) => toHavePublishedTimes(received, Counted, 0, {}, options),
  (received, options) => toHavePublishedInOrder(received, [Counted], options),
  (received, options) => toHaveDelivered(received, one, {}, options),
];
const publishes = (expected: unknown) => toHavePublished(client, UserCreated, expected);
const delivered = (expected: unknown) => toHaveDelivered(client, one, expected);
let seen = 0;
const observe = () => ++seen;
const repeats = (options: unknown) => toBeIdempotent(one, counted, options);

const ofMatchers: readonly Trial[] = [
  ...looks.flatMap((look): readonly Trial[] => [
    ["expect(…)", (received) => look(received), nothing],
    ["options", (options) => look(client, options), optional(anObject)],
    ["withinMs", (withinMs) => look(client, { withinMs }), optional(whole(0, 2_147_483_647))],
    ["after", (after) => look(client, { after }), optional(whole(0, MAX_SAFE_INTEGER))],
    ["database", (database) => look(client, { database }), optional(anObject)],
  ]),
  ["event", (type) => toHavePublished(client, type), nothing],
  ["expected", (expected) => publishes(expected), optional(anObject)],
  ["expected.changes", (changes) => publishes({ changes }), anObject],
  ["expected.metadata", (metadata) => publishes({ metadata }), anObject],
  ["expected.operation", (operation) => publishes({ operation }), nothing],
  ["expected.aggregateKey", (aggregateKey) => publishes({ aggregateKey }), aKey],
  ["times", (times) => toHavePublishedTimes(client, Counted, times), whole(0, MAX_SAFE_INTEGER)],
  ["events", (events) => toHavePublishedInOrder(client, events), nothing],
  ["events[0]", (event) => toHavePublishedInOrder(client, [event]), nothing],
  ["events[0]", (expected) => toHavePublishedInOrder(client, [[Counted, expected]]), optional(anObject)],
  ["subscriber", (subscriber) => toHaveDelivered(client, subscriber), nothing],
  ["expected", (expected) => delivered(expected), optional(anObject)],
  ["event", (event) => delivered({ event }), nothing],
  ["attempts", (attempts) => delivered({ attempts }), optional(whole(1, 10_000))],
  ["the subscriber", (subscriber) => toBeIdempotent(subscriber, counted, { observe }), nothing],
  ["event", (event) => toBeIdempotent(one, event, { observe }), nothing],
  ["toBeIdempotent()", (options) => repeats(options), nothing],
  // A function that sees nothing, or undoes nothing, is refused too.
  ["observe", (given) => repeats({ observe: given }), nothing],
  ["reset", (reset) => repeats({ observe, reset }), optional(nothing)],
  ["prisma", (prisma) => repeats({ observe, prisma }), optional(aClient)],
  ["database", (database) => repeats({ observe, database }), optional(anObject)],
];

it.each([
  ["the functions", ofFunctions],
  ["fake events", ofFakes],
  ["servers", ofServers],
  ["the matchers", ofMatchers],
])("the options of %s take what is right, and nothing else", async (_, trials) => {
  for (const trial of trials) expect([trial[0], await takenBy(trial)]).toEqual([trial[0], rightOf(trial)]);
});

it.each([
  [drains, "cascad", "cascade"],
  [delivers, "attemps", "attempt"],
  [subscribes, "aplication", "application"],
  [rolls, "timeoutms", "timeoutMs"],
  [(options: object) => publishedEvents(client, options), "filter.evnt", "event"],
  [(options: object) => deliveriesOf(client, options), "filter.subscribers", "subscriber"],
  [async (options: object) => fakes(options), "aggregat", "aggregate"],
  [(options: object) => setupPostgres(options as never), "prepar", "prepare"],
  [(options: object) => startPostgres(options), "setings", "settings"],
  [(server: object) => setsUp({ server }), "server.onLogs", "onLog"],
  [(options: object) => toHaveDelivered(client, one, options), "expected.attemps", "attempts"],
  [(options: object) => toHavePublished(client, Counted, {}, options), "witinMs", "withinMs"],
  [(options: object) => repeats({ observe, ...options }), "resets", "reset"],
])("%# says which option was meant", async (call, wrong, right) => {
  await expect(call({ [wrong.slice(wrong.indexOf(".") + 1)]: 1 })).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringMatching(`unknown option "${wrong}" in .*: did you mean "${right}"\\?`),
  });
});

it("an option that cannot be read is refused by name", async () => {
  await expect(drain(unreadable("at") as never)).rejects.toThrow("at in drain() cannot be read");
  await expect(subscribe(unreadable("client") as never)).rejects.toThrow(
    "client in subscribe() cannot be read",
  );
});
