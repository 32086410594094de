import { type Equal, expectType } from "./expect-type.js";
import {
  base,
  eventBus,
  InvoiceDue,
  NeverListed,
  OrderPaid,
  PostGone,
  UserEmailChanged,
  UserRegistered,
} from "./shop.js";

const events = [UserRegistered, UserEmailChanged, PostGone, OrderPaid, InvoiceDue] as const;

// Rules may be an event, an event with a condition, or several of these.
eventBus({
  events,
  capture: {
    User: {
      create: UserRegistered,
      update: [
        { event: UserEmailChanged, when: (event) => "email" in event.changes },
        { event: UserRegistered, when: (event) => event.aggregate.name === null },
      ],
      delete: { event: UserRegistered },
    },
    Post: { delete: PostGone, create: [] },
    Order: {
      update: {
        event: OrderPaid,
        when: (event) => {
          expectType<Equal<typeof event.name, "OrderPaid">>();
          expectType<
            Equal<typeof event.changes.status, "OPEN" | "PAID" | "SHIPPED" | "CANCELLED" | undefined>
          >();
          expectType<Equal<typeof event.initialData.userId, number | null | undefined>>();
          return event.changes.status === "PAID" && event.aggregate.total.greaterThan(0);
        },
      },
    },
    Profile: {},
  },
  database: { schema: "bus" },
  transaction: { timeoutMs: 5000 },
  maxEventBytes: 1_000_000,
  metadata: () => ({ actor: "system" }),
});

// Also before the events are written.
eventBus({
  capture: { Post: { delete: { event: PostGone, when: (event) => event.aggregate.title !== "" } } },
  events: [PostGone],
});

// Rules are optional, and so are events.
base.$extends(eventBus({ events }));
base.$extends(eventBus({ events: [] }));
base.$extends(eventBus({ events: [InvoiceDue] }));

eventBus({
  events,
  // @ts-expect-error there is no such model
  capture: { Nope: { create: UserRegistered } },
});
eventBus({
  events,
  // @ts-expect-error models have the names of the schema, not of the client's properties
  capture: { user: { create: UserRegistered } },
});
eventBus({
  events,
  // @ts-expect-error an event of another model
  capture: { User: { create: PostGone } },
});
eventBus({
  events,
  // @ts-expect-error an event of another model, in a list
  capture: { User: { create: [UserRegistered, PostGone] } },
});
eventBus({
  events,
  // @ts-expect-error an event of another model, with a condition
  capture: { User: { create: { event: PostGone } } },
});
eventBus({
  events,
  // @ts-expect-error an event without a model
  capture: { User: { create: InvoiceDue } },
});
eventBus({
  events,
  // @ts-expect-error an event that is not among the events
  capture: { User: { create: NeverListed } },
});
eventBus({
  events,
  // @ts-expect-error there is no such operation
  capture: { User: { upsert: UserRegistered } },
});
eventBus({
  events,
  // @ts-expect-error a User has no title
  capture: { User: { update: { event: UserEmailChanged, when: (event) => event.aggregate.title === "" } } },
});
eventBus({
  events,
  // @ts-expect-error a User's changes have no title
  capture: { User: { update: { event: UserEmailChanged, when: (event) => "x" === event.changes.title } } },
});
eventBus({
  events,
  // @ts-expect-error a condition returns a boolean
  capture: { User: { update: { event: UserEmailChanged, when: () => "yes" } } },
});
eventBus({
  events,
  // @ts-expect-error there is no such option of a rule
  capture: { User: { update: { event: UserEmailChanged, if: () => true } } },
});
eventBus({
  events,
  // @ts-expect-error there is no such option
  captures: {},
});
eventBus({
  // @ts-expect-error a name is no event
  events: ["UserRegistered"],
});
// @ts-expect-error events are needed
eventBus({});

// Conditions as data have the types of the model's fields.
eventBus({
  events,
  capture: {
    User: {
      update: [
        { event: UserEmailChanged, when: { changed: "email" } },
        {
          event: UserRegistered,
          when: { was: { name: null }, is: { name: { not: null }, role: { in: ["ADMIN"] } } },
        },
      ],
      // @ts-expect-error no such field
      create: { event: UserRegistered, when: { changed: "emial" } },
      // @ts-expect-error a relation is no field
      delete: { event: UserRegistered, when: { was: { posts: null } } },
    },
    Order: {
      create: {
        event: OrderPaid,
        when: { is: { total: { gte: 100 }, number: 1n, placedAt: { lt: new Date() } } },
      },
      update: {
        event: OrderPaid,
        when: { OR: [{ becomes: { status: "PAID" } }, { NOT: { changed: ["total"] } }] },
      },
      // @ts-expect-error no such label
      delete: { event: OrderPaid, when: { was: { status: "PAYED" } } },
    },
  },
});
eventBus({
  events,
  // @ts-expect-error texts have no order that is the same everywhere
  capture: { User: { update: { event: UserRegistered, when: { is: { email: { lt: "b" } } } } } },
});
