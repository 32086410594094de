import { eventsFor } from "ex-event-bus";
import { z } from "zod";

import type { Prisma } from "./prisma-client.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const UserRegistered = defineEvent("UserRegistered", { model: "User" });
export const UserChanged = defineEvent("UserChanged", { model: "User" });
export const UserLeft = defineEvent("UserLeft", { model: "User" });
export const InvoiceDue = defineEvent("InvoiceDue", { schema: z.object({ total: z.number() }) });
