import { beforeEach, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { subscribersOf, unsubscribe } from "../../src/admin.js";
import { defineSubscriber, isEvent, isEventType } from "../../src/index.js";
import { deliver, deliveriesOf, drain, fakeEvent, publishedEvents, subscribe } from "../../src/testing.js";
import { failureOf } from "../matchers/failure-of.js";
import {
  john,
  openBus,
  otherHandler,
  testHandler,
  UserCreated,
  UserDeleted,
  UserUpdated,
} from "./fixture.js";

const { prisma, start } = await openBus();

// event_test.exs, event_bus_test.exs, state_test.exs, publisher_test.exs, event_handler_test.exs, worker_test.exs and
// testing_test.exs.
const all = [testHandler, otherHandler];
const created = (key = 1) =>
  UserCreated(john, { aggregateKey: key, changes: { name: "John" }, initialData: { name: "Jo" } });

describe("events", () => {
  it("have aggregate, changes, initial data and metadata", () => {
    const event = UserCreated(john, {
      changes: { name: "John" },
      initialData: { name: null },
      metadata: { actor: 1 },
    });
    expect(event).toMatchObject({
      name: "UserCreated",
      aggregate: john,
      changes: { name: "John" },
      initialData: { name: null },
      metadata: { actor: 1 },
    });
  });

  it("are recognised, and by their type", () => {
    expect([isEvent(created()), isEvent(created(), UserCreated), isEvent(created(), UserUpdated)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isEvent({}), isEvent(null), isEvent({ ...created() })]).toEqual([false, false, false]);
    expect([isEventType(UserCreated), isEventType(class {})]).toEqual([true, false]);
  });
});

describe("subscribe and subscribers", () => {
  beforeEach(() => start());

  it("are known by event, and nobody is where nobody subscribes", async () => {
    await subscribe({ client: prisma, subscribers: all });
    const names = async (event: string) =>
      (await subscribersOf(prisma, event)).map(({ subscriber }) => subscriber);
    expect((await names("UserCreated")).sort()).toEqual(["other-handler", "test-handler"]);
    expect(await names("UserUpdated")).toEqual(["test-handler"]);
    expect(await names("OrderCreated")).toEqual([]);
  });

  it("an event that is published before has no delivery", async () => {
    await prisma.$publish(created());
    await subscribe({ client: prisma, subscribers: all });
    expect(await deliveriesOf(prisma)).toEqual([]);
    await expect(prisma).toHavePublishedTimes(UserCreated, 1);
    await unsubscribe(prisma, "other-handler");
  });
});

describe("publish", () => {
  beforeEach(() => start(...all));

  it("one event makes one job for each subscriber", async () => {
    const { deliveries: enqueued } = await prisma.$publish(created());
    expect(enqueued).toBe(2);
    expect(await deliveriesOf(prisma)).toMatchObject([{ state: "waiting" }, { state: "waiting" }]);
  });

  it("several events make the jobs of all of them", async () => {
    expect(await prisma.$publish([created(1), created(2)])).toMatchObject({ deliveries: 4 });
    await expect(prisma).toHavePublishedInOrder([
      [UserCreated, { aggregateKey: 1 }],
      [UserCreated, { aggregateKey: 2 }],
    ]);
  });

  it("without subscribers stores the event and makes no job", async () => {
    await start();
    expect(await prisma.$publish(created())).toMatchObject({ deliveries: 0 });
    await expect(prisma).toHavePublished(UserCreated);
  });

  it("stores a row with the types of its fields", async () => {
    await prisma.$publish(created());
    const [event] = await publishedEvents(prisma, UserCreated);
    expect(event?.aggregate).toEqual(john);
    expect(event?.initialData).toEqual({ name: "Jo" });
  });

  it("in a transaction is committed and rolled back with it", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.$publish([created(1), created(2)]);
      await expect(tx).toHavePublishedTimes(UserCreated, 2);
      await expect(prisma).not.toHavePublished(UserCreated);
    });
    await expect(prisma).toHavePublishedTimes(UserCreated, 2);
    const failing = prisma.$transaction(async (tx) => {
      await tx.$publish(created(3));
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await expect(prisma).not.toHavePublished(UserCreated, { aggregateKey: 3 });
  });
});

describe("handlers", () => {
  it("get the event, with attempt, attempts at most and time in its metadata", async () => {
    let metadata: object = {};
    const handler = defineSubscriber({
      name: "handler",
      events: [UserCreated],
      handle: (event) => {
        metadata = event.metadata;
      },
    });
    await deliver(handler, fakeEvent(UserCreated, { metadata: { actor: 1 } }));
    expect(metadata).toEqual({ actor: 1, attempt: 1, maxAttempts: 20, insertedAt: expect.any(String) });
  });

  it("cannot be left out", () => {
    const events = [UserCreated] as const;
    expect(() => defineSubscriber({ name: "a", events } as never)).toThrow("handle in");
  });
});

describe("assert_event_received and refute_event_received", () => {
  beforeEach(() => start(...all));

  it("pass and fail", async () => {
    await expect(prisma).not.toHavePublished(UserCreated);
    expect(await failureOf(expect(prisma).toHavePublished(UserCreated))).toContain("Nothing was published.");
    await prisma.$publish(created());
    await expect(prisma).toHavePublished(UserCreated);
    expect(await failureOf(expect(prisma).not.toHavePublished(UserCreated))).toContain("Found 1:");
  });

  it("pass and fail by what the event holds", async () => {
    await prisma.$publish(created());
    const [right, wrong] = [{ aggregate: { name: "John" } }, { aggregate: { name: "Jane" } }];
    await expect(prisma).toHavePublished(UserCreated, right);
    await expect(prisma).not.toHavePublished(UserCreated, wrong);
    expect(await failureOf(expect(prisma).toHavePublished(UserCreated, wrong))).toContain(
      '✗ aggregate.name: "John"',
    );
    expect(await failureOf(expect(prisma).not.toHavePublished(UserCreated, right))).toContain("Found 1:");
  });
});

describe("execute_events", () => {
  beforeEach(() => start(...all));
  const counts = { delivered: 0, retrying: 0, dead: 0, cancelled: 0, snoozed: 0, errors: [] };

  it("executes what was received", async () => {
    await prisma.$publish(created());
    expect(await drain({ prisma, subscribers: all })).toEqual({ ...counts, delivered: 2 });
  });

  it("raises when a handler does", async () => {
    await prisma.$publish(UserDeleted(john));
    await expect(drain({ prisma, subscribers: all, onError: "throw" })).rejects.toThrow(
      new Error("RaiseEvent"),
    );
  });

  it("executes the events of one handler only", async () => {
    await prisma.$publish(created());
    const waiting = async () =>
      (await deliveriesOf(prisma, { state: "waiting" })).map(({ subscriber }) => subscriber).sort();
    const drainOne = (subscriber: string) => drain({ prisma, subscribers: all, subscriber });
    expect(await waiting()).toEqual(["other-handler", "test-handler"]);
    expect(await drainOne("other-handler")).toEqual({ ...counts, delivered: 1 });
    expect(await waiting()).toEqual(["test-handler"]);
    expect(await drainOne("other-handler")).toEqual(counts);
    expect(await drainOne("test-handler")).toEqual({ ...counts, delivered: 1 });
    expect(await waiting()).toEqual([]);
    expect(await drain({ prisma, subscribers: all })).toEqual(counts);
  });

  it("does nothing when nothing was received", async () => {
    expect(await drain({ prisma, subscribers: all })).toEqual(counts);
    expect(await drain({ prisma, subscribers: all, subscriber: testHandler })).toEqual(counts);
    expect(await deliveriesOf(prisma)).toEqual([]);
  });
});

describe("all_received", () => {
  beforeEach(() => start(...all));

  it("returns what was received once for each handler", async () => {
    await prisma.$publish([created(1), created(2)]);
    expect((await deliveriesOf(prisma)).map(({ subscriber }) => subscriber).sort()).toEqual([
      "other-handler",
      "other-handler",
      "test-handler",
      "test-handler",
    ]);
  });
});
