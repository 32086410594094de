import { PrismaPg } from "@prisma/adapter-pg";
import { eventBus, type TransactionOf } from "ex-event-bus";

import { InvoiceDue, UserChanged, UserLeft, UserRegistered } from "./events.js";
import { PrismaClient } from "./prisma-client.js";

const adapter = new PrismaPg({ connectionString: process.env["DATABASE_URL"] });

export const prisma = new PrismaClient({ adapter }).$extends(
  eventBus({
    events: [UserRegistered, UserChanged, UserLeft, InvoiceDue],
    capture: { User: { create: UserRegistered, update: UserChanged, delete: UserLeft } },
  }),
);

export type Tx = TransactionOf<typeof prisma>;
