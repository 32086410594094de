import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";

import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { deliveriesOf } from "../../src/testing/deliveries-of.js";
import { publishedEvents } from "../../src/testing/published-events.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
const prisma = openBus(url);
const { create: UserCreated, update: UserUpdated } = rules.User;
const greet = defineSubscriber({
  name: "greet",
  events: [UserCreated, UserUpdated],
  handle: () => undefined,
});

beforeAll(async () => {
  await subscribe({ client: prisma, subscribers: [greet] });
  const { id } = await prisma.user.create({ data: { email: "ada@example.com" } });
  await prisma.user.update({ where: { id }, data: { name: "Ada" } });
  await prisma.label.create({ data: { name: "a" } });
});

/** A value that has no such type, as a program without TypeScript gives it. */
const loose = (value: unknown) => value as never;

describe("publishedEvents", () => {
  it("returns what a subscriber handles, with the types of that", async () => {
    const events = await publishedEvents(prisma, greet);
    expect(events.map(({ name }) => name)).toEqual(["UserCreated", "UserUpdated"]);
    expectTypeOf(events[0]).toExtend<{ name: "UserCreated" | "UserUpdated" } | undefined>();
    expect(events[0]?.aggregate.email).toBe("ada@example.com");
  });

  it.each([
    [null, "filter in publishedEvents() is null: expected an object"],
    ["UserCreated", 'filter in publishedEvents() is "UserCreated": expected an object'],
    [{ evnt: UserCreated }, 'did you mean "event"?'],
    [{ limit: -1 }, "filter.limit in publishedEvents() is -1: expected a whole number"],
    [{ after: "1" }, "filter.after in publishedEvents()"],
    [{ operation: "insert" }, 'filter.operation in publishedEvents() is "insert": expected one of "create"'],
    [{ eventId: "7" }, "expected the id of an event, a UUID"],
  ])("refuses %o", async (filter, text) => {
    await expect((async () => publishedEvents(prisma, loose(filter)))()).rejects.toThrow(text);
  });

  it.each([
    ["undefined", undefined],
    ["a promise", Promise.resolve(prisma)],
    ["a model of a client", prisma.user],
    ["an object", {}],
  ])("refuses %s as a client", async (_, client) => {
    await expect((async () => publishedEvents(loose(client)))()).rejects.toThrow(
      "the client in publishedEvents() is",
    );
  });
});

describe("deliveriesOf", () => {
  it("returns those of an event", async () => {
    const found = await deliveriesOf(prisma, UserUpdated);
    expect(found).toMatchObject([{ eventName: "UserUpdated", subscriber: "greet" }]);
    expectTypeOf(found[0]?.eventName).toEqualTypeOf<"UserUpdated" | undefined>();
  });

  it.each([
    [null, "filter in deliveriesOf() is null: expected an object"],
    [{ state: "done" }, 'filter.state in deliveriesOf() is "done": expected one of "waiting"'],
    [{ state: ["dead", "gone"] }, 'is "gone"'],
    [{ limit: 1.5 }, "filter.limit in deliveriesOf() is 1.5"],
    [{ position: -1 }, "filter.position in deliveriesOf() is -1"],
    [{ subscribr: greet }, 'did you mean "subscriber"?'],
  ])("refuses %o", async (filter, text) => {
    await expect((async () => deliveriesOf(prisma, loose(filter)))()).rejects.toThrow(text);
  });
});
