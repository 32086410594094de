// What can happen in the shop. The only place that names the generated Prisma client: its types travel in the events.
import { eventsFor } from "ex-event-bus";
import { z } from "zod";

import type { Prisma } from "../../prisma/generated/client/client.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const UserRegistered = defineEvent("UserRegistered", { model: "User" });
export const UserEmailChanged = defineEvent("UserEmailChanged", { model: "User" });
export const OrderCancelled = defineEvent("OrderCancelled", { model: "Order" });
export const PaymentReceived = defineEvent("PaymentReceived", { model: "Payment" });
export const PaymentRefunded = defineEvent("PaymentRefunded", { model: "Payment" });
export const StockRanLow = defineEvent("StockRanLow", { model: "Product" });

/** Published by hand: it is about several rows, the order and its lines. */
export const OrderPlaced = defineEvent("OrderPlaced", {
  aggregateType: "Order",
  schema: z.object({
    userId: z.int(),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })).nonempty(),
  }),
});
