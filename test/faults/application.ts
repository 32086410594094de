import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { z } from "zod";

import { type Prisma, PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/extension/event-bus.js";
import { eventsFor } from "../../src/registry/define-event.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const UserCreated = defineEvent("UserCreated", { model: "User" });
export const StockChanged = defineEvent("StockChanged", { model: "Product" });
export const Ticked = defineEvent("Ticked", { schema: z.object({ mark: z.string() }) });

/** How the application connects: a connection that does not answer any more must not be waited for, or kept, for ever. */
const CONNECTION = {
  connectionTimeoutMillis: 3_000,
  query_timeout: 3_000,
  maxLifetimeSeconds: 10,
  keepAlive: true,
};

/** The application's client, with the event bus. */
export function openApplication(url: string, max: number) {
  const pool = new pg.Pool({ connectionString: url, max, ...CONNECTION });
  pool.on("error", () => undefined);
  // A connection that breaks just as it is opened has no other listener yet, and would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const adapter = new PrismaPg(pool, { disposeExternalPool: true });
  return new PrismaClient({ adapter }).$extends(
    eventBus({
      events: [UserCreated, StockChanged, Ticked],
      capture: { User: { create: UserCreated }, Product: { update: StockChanged } },
      // Writers meet faults too: they shall fail soon, and go on.
      transaction: { maxWaitMs: 3_000, timeoutMs: 10_000 },
    }),
  );
}

export type Application = ReturnType<typeof openApplication>;
