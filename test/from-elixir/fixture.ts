import type { Prisma } from "../../prisma/generated/client/client.js";
import { defineSubscriber, eventBus, eventsFor } from "../../src/index.js";
import { subscribe } from "../../src/testing.js";
import { openClient } from "../extension/support/clients.js";
import { testDatabase } from "../support/database.js";

// The seed of this package is ExEventBus for Elixir. What its tests check is checked here, on the models of this
// repository; docs/coming-from-elixir.md says what became of each of its functions.

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const UserCreated = defineEvent("UserCreated", { model: "User" });
export const UserUpdated = defineEvent("UserUpdated", { model: "User" });
export const UserDeleted = defineEvent("UserDeleted", { model: "User" });
export const OrderCreated = defineEvent("OrderCreated", { model: "Order" });
export const OrderUpdated = defineEvent("OrderUpdated", { model: "Order" });
export const ThingUpdated = defineEvent("ThingUpdated", { model: "Everything" });

export const events = [UserCreated, UserUpdated, UserDeleted, OrderCreated, OrderUpdated, ThingUpdated];

export const testHandler = defineSubscriber({
  name: "test-handler",
  events: [UserCreated, UserUpdated, UserDeleted],
  handle(event) {
    if (event.name === "UserDeleted") throw new Error("RaiseEvent");
  },
});
export const otherHandler = defineSubscriber({
  name: "other-handler",
  events: [UserCreated],
  handle: () => undefined,
});

/** A client of a database of the test file's own. This module may be loaded once for several files. */
export async function openBus() {
  const { pool, url } = await testDatabase();
  const prisma = openClient(url).$extends(eventBus({ events }));
  /** Every table empty, and who subscribes known. */
  async function start(...subscribers: readonly (typeof testHandler | typeof otherHandler)[]): Promise<void> {
    await pool.query(
      'truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions, users, "Product" restart identity cascade',
    );
    await pool.query("truncate every_thing restart identity");
    await subscribe({ client: prisma, subscribers });
  }
  return { prisma, start };
}

/** A row of `User` as a draft of an event needs it. */
export const john = {
  id: 1,
  email: "john@example.com",
  name: "John",
  role: "MEMBER",
  nickName: null,
  createdAt: new Date(0),
  updatedAt: new Date(0),
} as const;
