import { describe, expect, it } from "vitest";
import { defineConfig, loadSubscribers } from "../../src/registry/define-config.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { PostGone, UserRegistered } from "./event-types.js";
import { laterRefusal, refusal } from "./refusal.js";

const prisma = {};
const greet = defineSubscriber({ name: "greet", events: [UserRegistered], handle: () => undefined });
const mourn = defineSubscriber({ name: "mourn", events: [PostGone], handle: () => undefined });
const valid = { prisma, subscribers: [greet, mourn] };
const untyped = (options: unknown) => Reflect.apply(defineConfig, undefined, [options]);

describe("defineConfig", () => {
  it("fills in the defaults, the connection string apart", () => {
    expect(defineConfig(valid)).toEqual({
      prisma,
      subscribers: [greet, mourn],
      application: "default",
      database: {
        url: undefined,
        directUrl: undefined,
        schema: "event_bus",
        workerSchema: "graphile_worker",
      },
      worker: {
        concurrency: 10,
        throughput: "normal",
        pollIntervalMs: 1000,
        shutdownTimeoutMs: 20_000,
        heartbeatMs: 3000,
        deadAfterMs: 10_000,
      },
      retention: { default: 604_800_000, events: {}, intervalMs: 60_000 },
    });
  });

  it("keeps what it is given", () => {
    const given = {
      application: "shop",
      database: {
        url: "postgresql://pool/x",
        directUrl: "postgres://server/x",
        schema: "bus",
        workerSchema: "jobs",
      },
      worker: {
        concurrency: 1,
        throughput: "high" as const,
        pollIntervalMs: 10,
        shutdownTimeoutMs: 0,
        heartbeatMs: 100,
        deadAfterMs: 200,
      },
      retention: { default: 1_000, events: { Audit: false as const }, intervalMs: 500 },
    };
    expect(defineConfig({ ...valid, ...given })).toEqual({ ...valid, ...given });
  });

  it("raises the default of deadAfterMs to twice heartbeatMs", () => {
    expect(defineConfig({ ...valid, worker: { heartbeatMs: 8000 } }).worker.deadAfterMs).toBe(16_000);
  });

  it("cannot be changed", () => {
    const config = defineConfig(valid);
    for (const part of [config, config.subscribers, config.database, config.worker]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("keeps the very client that it is given", () => {
    expect(defineConfig(valid).prisma).toBe(prisma);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "options: options in defineConfig() is undefined: expected an object"],
    [
      "an unknown option",
      { ...valid, workers: {} },
      'workers: unknown option "workers" in defineConfig(): did you mean "worker"?',
    ],
    [
      "no client",
      { subscribers: [] },
      "prisma: prisma in defineConfig() is undefined: expected a Prisma client",
    ],
    [
      "no subscribers",
      { prisma },
      "subscribers: subscribers in defineConfig() is undefined: expected an array of subscribers",
    ],
    [
      "a subscriber that is none",
      { prisma, subscribers: [greet, UserRegistered] },
      "subscribers[1]: subscribers[1] in defineConfig() is the function UserRegistered: expected a subscriber made by defineSubscriber",
    ],
    [
      "an application that is no name",
      { ...valid, application: "" },
      'application: application in defineConfig() is "": expected 1 to 100 printable characters',
    ],
    [
      "an unknown option of the database",
      { ...valid, database: { uri: "x" } },
      'database.uri: unknown option "database.uri" in defineConfig(): did you mean "url"?',
    ],
    [
      "one schema for both",
      { ...valid, database: { schema: "graphile_worker" } },
      'database.workerSchema: database.workerSchema in defineConfig() is "graphile_worker": expected another schema than that of the events',
    ],
    [
      "a schema name that needs care",
      { ...valid, database: { schema: "my bus" } },
      'database.schema: database.schema in defineConfig() is "my bus": expected up to 63 letters, digits and underscores, not beginning with a digit or "pg_", and not "information_schema"',
    ],
    [
      "a schema that belongs to everybody",
      { ...valid, database: { schema: "public" } },
      'database.schema: database.schema in defineConfig() is "public": expected a schema of the event bus alone, which migrate creates',
    ],
    [
      "a schema of PostgreSQL itself",
      { ...valid, database: { workerSchema: "pg_catalog" } },
      'database.workerSchema: database.workerSchema in defineConfig() is "pg_catalog": expected up to 63 letters, digits and underscores, not beginning with a digit or "pg_", and not "information_schema"',
    ],
    [
      "an unknown option of the worker",
      { ...valid, worker: { concurency: 1 } },
      'worker.concurency: unknown option "worker.concurency" in defineConfig(): did you mean "concurrency"?',
    ],
    [
      "no concurrency",
      { ...valid, worker: { concurrency: 0 } },
      "worker.concurrency: worker.concurrency in defineConfig() is 0: expected a whole number from 1 to 1000",
    ],
    [
      "a time that is no number",
      { ...valid, worker: { pollIntervalMs: "1s" } },
      'worker.pollIntervalMs: worker.pollIntervalMs in defineConfig() is "1s": expected a whole number of milliseconds from 10 to 86400000',
    ],
    [
      "a death before the second heartbeat",
      { ...valid, worker: { heartbeatMs: 3000, deadAfterMs: 5000 } },
      "worker.deadAfterMs: worker.deadAfterMs in defineConfig() is 5000: expected at least twice heartbeatMs (3000), or one late heartbeat would be a death",
    ],
  ])("refuses %s", (_, options, message) => {
    expect(refusal(() => untyped(options))).toBe(`INVALID_OPTION at ${message}`);
  });

  it("does not show a connection string that it refuses", () => {
    const url = "mysql://root:secret@localhost/x";
    expect(refusal(() => untyped({ ...valid, database: { url } }))).toBe(
      'INVALID_OPTION at database.url: database.url in defineConfig() is no connection string: expected "postgresql://…"',
    );
    expect(() => untyped({ ...valid, database: { url } })).toThrow(
      expect.not.objectContaining({ value: expect.anything() }),
    );
  });

  it("refuses two subscribers of one name", () => {
    const other = defineSubscriber({ name: "greet", events: [PostGone], handle: () => undefined });
    expect(refusal(() => untyped({ prisma, subscribers: [greet, other] }))).toBe(
      'DUPLICATE_NAME at subscribers[1]: two subscribers in defineConfig() are named "greet": expected each name once',
    );
  });
});

describe("loadSubscribers", () => {
  it("returns the subscribers, however they were given", async () => {
    const subscribers = [greet, mourn];
    for (const given of [subscribers, () => subscribers, async () => subscribers]) {
      expect(await loadSubscribers(defineConfig({ prisma, subscribers: given }))).toEqual(subscribers);
    }
  });

  it.each([
    ["a module", { greet, mourn, helper: () => undefined, VERSION: 2, PostGone }],
    ["a module that was compiled to CommonJS", { __esModule: true, default: { greet, mourn }, greet, mourn }],
    [
      "a module of which only the exports as a whole are there",
      { default: { greet, mourn, helper: () => 1 } },
    ],
    ["a module that exports a list", { all: [greet, mourn] }],
    ["a module that exports a list by default", { default: [greet, mourn] }],
  ])("takes the subscribers of %s, and leaves the rest", async (_, module) => {
    const config = defineConfig({ prisma, subscribers: async () => module });
    expect(await loadSubscribers(config)).toEqual([greet, mourn]);
  });

  // Each is `Object.values()` of a module: Node.js gives one that is CommonJS its exports as `default` and, from 23 on, as
  // "module.exports" too; compilers mark it with `__esModule`, which may be enumerable or not.
  const compiled = Object.defineProperty({ greet, mourn }, "__esModule", { value: true });
  const marked = { __esModule: true, greet, mourn };
  it.each([
    ["compiled", [true, compiled, greet, mourn]],
    ["compiled, as newer versions of Node.js have it", [true, compiled, greet, compiled, mourn]],
    ["marked in another way", [true, marked, greet, mourn]],
    ["written as CommonJS", [{ greet, mourn }, greet, mourn]],
  ])("takes the values of a module that was %s", async (_, values) => {
    const config = defineConfig({ prisma, subscribers: (async () => values) as never });
    expect(await loadSubscribers(config)).toEqual([greet, mourn]);
  });

  it.each([
    ["true", [true, greet]],
    ["an object", [{ greet }, mourn]],
    ["true, where nothing is marked", [true, { greet }, greet]],
  ])("refuses %s among them", async (_, values) => {
    const config = defineConfig({ prisma, subscribers: (() => values) as never });
    expect(await laterRefusal(() => loadSubscribers(config))).toContain("subscribers[0] in defineConfig()");
  });

  it.each([{}, { helper: () => undefined }, { default: { PostGone } }])(
    "refuses a module without any: %j",
    async (module) => {
      const config = defineConfig({ prisma, subscribers: () => module });
      expect(await laterRefusal(() => loadSubscribers(config))).toContain(
        "expected a module that exports subscribers, or an array of them",
      );
    },
  );

  it("says how to take those of a module that exports other things too", async () => {
    const subscribers = (() => [greet, () => undefined]) as never;
    expect(await laterRefusal(() => loadSubscribers(defineConfig({ prisma, subscribers })))).toContain(
      'return the module itself: subscribers: () => import("…")',
    );
  });

  it("does not load them before", () => {
    const subscribers = () => {
      throw new Error("loaded");
    };
    expect(defineConfig({ prisma, subscribers }).subscribers).toBe(subscribers);
  });

  it("checks what a function returns", async () => {
    const config = defineConfig({ prisma, subscribers: async () => [greet, greet] });
    expect(await laterRefusal(() => loadSubscribers(config))).toBe(
      'DUPLICATE_NAME at subscribers[1]: two subscribers in defineConfig() are named "greet": expected each name once',
    );
    const empty = untyped({ prisma, subscribers: () => undefined });
    expect(await laterRefusal(() => Reflect.apply(loadSubscribers, undefined, [empty]))).toBe(
      "INVALID_OPTION at subscribers: subscribers in defineConfig() is undefined: expected an array of subscribers",
    );
  });
});
