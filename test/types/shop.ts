import { PrismaPg } from "@prisma/adapter-pg";
import { type Prisma, PrismaClient } from "generated-client";
import { z } from "zod";
import { eventBus as extension } from "../../src/extension/event-bus.js";
import type { EventBus } from "../../src/extension/types/event-bus-extension.js";
import { defineEvent, eventsFor } from "../../src/registry/define-event.js";

// The events and clients of the type tests. `generated-client` is the client of one generator or the other.

export const eventBus: EventBus = extension;

export const shop = eventsFor<Prisma.TypeMap>();

export const UserRegistered = shop.defineEvent("UserRegistered", { model: "User" });
export const UserEmailChanged = shop.defineEvent("UserEmailChanged", { model: "User", version: 2 });
export const PostGone = shop.defineEvent("PostGone", { model: "Post" });
export const OrderPaid = shop.defineEvent("OrderPaid", { model: "Order" });
export const NeverListed = shop.defineEvent("NeverListed", { model: "User" });
export const InvoiceDue = defineEvent("InvoiceDue", {
  schema: z.object({ invoiceId: z.string(), dueAt: z.string().transform((text) => new Date(text)) }),
  aggregateType: "Invoice",
});

export const adapter = new PrismaPg({ connectionString: "" });
export const base = new PrismaClient({ adapter });

export const prisma = base.$extends(
  eventBus({ events: [UserRegistered, UserEmailChanged, PostGone, OrderPaid, InvoiceDue] }),
);
