import { deliveries, fakeEvent } from "ex-event-bus/testing";

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
  // @ts-expect-error no event type
  await expect(prisma).toHavePublished("UserRegistered");
  // @ts-expect-error no such option
  await expect(prisma).toHavePublishedTimes(UserLeft, 1, {}, { wihtin: 1 });
  // @ts-expect-error a field of another event
  await expect(prisma).toHavePublishedInOrder([UserRegistered, [InvoiceDue, { aggregate: { email: "" } }]]);
}

/** Not called either. */
export async function checkDelivered(): Promise<void> {
  // @ts-expect-error an event that the subscriber does not handle
  await expect(prisma).toHaveDelivered(sendWelcome, { event: InvoiceDue });
  // @ts-expect-error nothing to observe
  await expect(sendWelcome).toBeIdempotent(fakeEvent(UserRegistered));
  // @ts-expect-error an event with a schema needs its aggregate
  fakeEvent(InvoiceDue);
  const [delivery] = await deliveries(prisma, sendWelcome);
  const name: "UserRegistered" | undefined = delivery?.eventName;
  // @ts-expect-error it handles that event only
  if (name === "InvoiceDue") return;
}
