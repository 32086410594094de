import { describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/index.js";
import { openAdapter } from "./support/clients.js";
import { defineEvent, events, rules, UserCreated, UserUpdated } from "./support/events.js";

// Clients that are never connected.
const unconnected = () =>
  new PrismaClient({ adapter: openAdapter("postgresql://nobody@localhost:1/nothing") });
const extend = (options: object, client: object = unconnected()) =>
  (client as PrismaClient).$extends(eventBus(options as never) as never);

const Unlisted = defineEvent("UserCreted", { model: "User" });

describe("eventBus", () => {
  it.each<[string, object, string, RegExp]>([
    ["an unknown option", { events, captures: {} }, "INVALID_OPTION", /captures".*did you mean "capture"/],
    [
      "an unknown operation",
      { events, capture: { User: { crate: UserCreated } } },
      "INVALID_OPTION",
      /crate".*did you mean "create"/,
    ],
    [
      "an unknown model in capture",
      { events, capture: { Usr: { create: UserCreated } } },
      "UNKNOWN_MODEL",
      /"Usr".*did you mean "User"/,
    ],
    [
      "a model in lower case",
      { events, capture: { user: { create: UserCreated } } },
      "UNKNOWN_MODEL",
      /did you mean "User"/,
    ],
    [
      "an event of an unknown model",
      { events: [defineEvent("X", { model: "Prodct" as never })] },
      "UNKNOWN_MODEL",
      /"Prodct".*did you mean "Product"/,
    ],
    [
      "an event that is not listed",
      { events, capture: { User: { create: Unlisted } } },
      "UNKNOWN_EVENT",
      /"UserCreted".*did you mean "UserCreated"/,
    ],
    [
      "an event of another model",
      { events, capture: { User: { create: rules.Label.create } } },
      "INVALID_OPTION",
      /Label/,
    ],
    [
      "two events of one name",
      { events: [UserCreated, defineEvent("UserCreated", { model: "User" })] },
      "DUPLICATE_NAME",
      /UserCreated/,
    ],
    [
      "an event twice in a rule",
      { events, capture: { User: { create: [UserCreated, UserCreated] } } },
      "DUPLICATE_NAME",
      /UserCreated/,
    ],
    ["no events", {}, "INVALID_OPTION", /events/],
    [
      "a condition that is none",
      { events, capture: { User: { create: { event: UserCreated, when: true } } } },
      "INVALID_OPTION",
      /when/,
    ],
    [
      "an unknown option of a rule",
      { events, capture: { User: { create: { event: UserCreated, wen: () => true } } } },
      "INVALID_OPTION",
      /did you mean "when"/,
    ],
    ["a size that is none", { events, maxEventBytes: 0 }, "INVALID_OPTION", /maxEventBytes/],
    ["a time that is none", { events, transaction: { timeoutMs: -1 } }, "INVALID_OPTION", /timeoutMs/],
    [
      "an unknown time",
      { events, transaction: { timeout: 1 } },
      "INVALID_OPTION",
      /did you mean "timeoutMs"/,
    ],
    ["a schema that is none", { events, database: { schema: "a b" } }, "INVALID_OPTION", /schema/],
    ["metadata that are no function", { events, metadata: {} }, "INVALID_OPTION", /metadata/],
  ])("refuses %s at once", (_, options, code, message) => {
    expect(() => extend(options)).toThrow(expect.objectContaining({ name: "EventBusError", code }));
    expect(() => extend(options)).toThrow(message);
  });

  it("accepts every option", () => {
    const client = extend({
      events,
      capture: {
        User: { update: [UserUpdated, { event: UserCreated, when: () => true }] },
        Post: undefined,
        Label: {},
      },
      database: { schema: "my_bus", workerSchema: "my_worker" },
      transaction: { maxWaitMs: 1, timeoutMs: 1 },
      maxEventBytes: 1_024,
      metadata: () => ({}),
    });
    expect(client).toHaveProperty("$publish");
  });

  it("can be given to several clients", () => {
    const bus = eventBus({ events, capture: rules });
    expect([unconnected().$extends(bus), unconnected().$extends(bus)]).toHaveLength(2);
  });
});

/** A client that lacks something. */
function without(name: string): object {
  const client = unconnected();
  Object.defineProperty(client, name, { value: undefined });
  return client;
}

/** A client whose engine configuration lacks something. */
function withoutInConfig(name: string): object {
  const client = unconnected();
  const config = Reflect.get(client, "_engineConfig") as object;
  Object.defineProperty(client, "_engineConfig", { value: { ...config, [name]: undefined } });
  return client;
}

describe("a client of which the extension does not know enough", () => {
  it.each<[string, () => object]>([
    ["_createPrismaPromise", () => without("_createPrismaPromise")],
    ["_runtimeDataModel", () => without("_runtimeDataModel")],
    ["_engineConfig", () => without("_engineConfig")],
    ["inlineSchema", () => withoutInConfig("inlineSchema")],
    ["anything", () => ({})],
  ])("is refused: without %s", (_, client) => {
    const apply = eventBus({ events, capture: rules }) as unknown as (client: unknown) => unknown;
    expect(() => apply(client())).toThrow(
      expect.objectContaining({ name: "EventBusError", code: "PRISMA_INCOMPATIBLE" }),
    );
  });

  it("is refused when its promises cannot be moved into a transaction", () => {
    const client = unconnected();
    Object.defineProperty(client, "_createPrismaPromise", { value: () => Promise.resolve() });
    expect(() => extend({ events, capture: rules }, client)).toThrow(
      expect.objectContaining({ code: "PRISMA_INCOMPATIBLE" }),
    );
  });
});
