// The publishing side: which mutations lead to which events. Knows no subscribers and loads no worker.
import { PrismaPg } from "@prisma/adapter-pg";
import { eventBus } from "ex-event-bus";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import {
  OrderCancelled,
  OrderPlaced,
  PaymentReceived,
  PaymentRefunded,
  StockRanLow,
  UserEmailChanged,
  UserRegistered,
} from "./events.js";

/** Below so many pieces a product's stock is low. */
const lowStock = 5;

const adapter = new PrismaPg({ connectionString: process.env["DATABASE_URL"] });

export const prisma = new PrismaClient({ adapter }).$extends(
  eventBus({
    events: [
      UserRegistered,
      UserEmailChanged,
      OrderPlaced,
      OrderCancelled,
      PaymentReceived,
      PaymentRefunded,
      StockRanLow,
    ],
    capture: {
      User: {
        create: UserRegistered,
        update: { event: UserEmailChanged, when: { changed: "email" } },
      },
      Order: { update: { event: OrderCancelled, when: (event) => event.changes.status === "CANCELLED" } },
      Payment: { create: PaymentReceived, delete: PaymentRefunded },
      Product: {
        update: {
          event: StockRanLow,
          when: ({ aggregate, initialData }) =>
            aggregate.stock < lowStock && (initialData.stock ?? 0) >= lowStock,
        },
      },
    },
  }),
);

export type ShopPrisma = typeof prisma;
