import {
  deliver,
  deliveriesOf,
  drain,
  failFirst,
  fakeEvent,
  publishedEvents,
  withRollback,
} from "ex-event-bus/testing";

import { prisma } from "./db.js";
import { InvoiceDue, UserLeft, UserRegistered } from "./events.js";
import { expect } from "./runner.js";
import { sendWelcome } from "./subscribers.js";

/** Not called: it is the compiler that says something. */
export async function checkPublished(): Promise<void> {
  await expect(prisma).toHavePublished(UserRegistered, {
    changes: { email: expect.any(String), name: null },
  });
  // @ts-expect-error a field that the model does not have
  await expect(prisma).toHavePublished(UserRegistered, { aggregate: { emial: "ada@example.com" } });
  // @ts-expect-error a value of another type
  await expect(prisma).not.toHavePublished(InvoiceDue, { aggregate: { total: "10" } });
  // @ts-expect-error no such part of an event
  await expect(prisma).toHavePublished(UserRegistered, { agregate: { email: "ada@example.com" } });
  // @ts-expect-error no such operation
  await expect(prisma).not.toHavePublished(UserRegistered, { operation: "insert" });
  // @ts-expect-error a key that may not be there
  await expect(prisma).toHavePublished(UserRegistered, { aggregateKey: undefined });
  // @ts-expect-error how often
  await expect(prisma).toHavePublishedTimes(UserRegistered, { aggregate: {} });
  // @ts-expect-error a time is a number
  await expect(prisma).toHavePublished(UserRegistered, {}, { withinMs: "500" });
  // @ts-expect-error no array
  await expect(prisma).toHavePublishedInOrder(UserRegistered);
  // @ts-expect-error no such part of an event
  await expect(prisma).toHavePublishedInOrder([[UserRegistered, { changs: {} }]]);
  // @ts-expect-error no event type
  await expect(prisma).toHavePublished("UserRegistered");
  // @ts-expect-error no such option
  await expect(prisma).toHavePublishedTimes(UserLeft, 1, {}, { wihtinMs: 1 });
  // @ts-expect-error a field of another event
  await expect(prisma).toHavePublishedInOrder([UserRegistered, [InvoiceDue, { aggregate: { email: "" } }]]);
}

/** Not called either. */
export async function checkDelivered(): Promise<void> {
  // @ts-expect-error an event that the subscriber does not handle
  await expect(prisma).toHaveDelivered(sendWelcome, { event: InvoiceDue });
  // @ts-expect-error a number of attempts
  await expect(prisma).not.toHaveDelivered(sendWelcome, { attempts: "1" });
  // @ts-expect-error a field that the model does not have
  await expect(prisma).toHaveDelivered(sendWelcome, { aggregate: { emial: "ada@example.com" } });
  // @ts-expect-error no subscriber
  await expect(prisma).toHaveDelivered(UserRegistered);
  // @ts-expect-error no such option
  await expect(sendWelcome).toBeIdempotent(fakeEvent(UserRegistered), { observe: () => 1, rest() {} });
  // @ts-expect-error no event
  await expect(sendWelcome).toBeIdempotent(UserRegistered, { observe: () => 1 });
  // @ts-expect-error nothing to observe
  await expect(sendWelcome).toBeIdempotent(fakeEvent(UserRegistered));
  // @ts-expect-error an event with a schema needs its aggregate
  fakeEvent(InvoiceDue);
  const [delivery] = await deliveriesOf(prisma, sendWelcome);
  const name: "UserRegistered" | undefined = delivery?.eventName;
  // @ts-expect-error it handles that event only
  if (name === "InvoiceDue") return;
}

/** Nor this. */
export async function checkTools(): Promise<void> {
  // @ts-expect-error a field that the model does not have
  fakeEvent(UserRegistered, { aggregate: { emial: "ada@example.com" } });
  // @ts-expect-error a value of another type
  fakeEvent(UserRegistered, { changes: { email: 5 } });
  // @ts-expect-error a value of another type
  fakeEvent(InvoiceDue, { aggregate: { total: "10" } });
  // @ts-expect-error an event that the subscriber does not handle
  await deliver(sendWelcome, fakeEvent(InvoiceDue, { aggregate: { total: 1 } }));
  // @ts-expect-error no such option
  await drain({ prisma, subscribers: [sendWelcome], onEror: "throw" });
  // @ts-expect-error it is called, with a number
  await drain({ prisma, subscribers: [sendWelcome], faults: [failFirst] });
  // @ts-expect-error no such condition
  await publishedEvents(prisma, { evnt: UserRegistered });
  // @ts-expect-error no such state
  await deliveriesOf(prisma, { state: "done" });
  const [event] = await publishedEvents(prisma, UserRegistered);
  // @ts-expect-error a field that the model does not have
  event?.aggregate.emial;
  await withRollback(prisma, async (tx) => {
    await tx.user.count();
    // @ts-expect-error a model that is not there
    await tx.usr.count();
  });
}
