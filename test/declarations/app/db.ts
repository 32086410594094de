import { PrismaPg } from "@prisma/adapter-pg";
import { eventBus } from "ex-event-bus";

import { Moved, Registered } from "./events.js";
import { PrismaClient } from "./generated/client.js";

const adapter = new PrismaPg({ connectionString: "" });
const base = new PrismaClient({ adapter });
const bus = eventBus({ events: [Registered, Moved], capture: { Model7: { create: Registered } } });

export const prisma = base.$extends(bus);

// Together with other extensions.
const computed = {
  result: { model7: { double: { needs: { id: true }, compute: ({ id }: { id: number }) => id * 2 } } },
  model: { model7: { hello: async () => 1 }, $allModels: { exists: async () => true } },
  client: { $twice: () => 2 },
} as const;
export const below = base.$extends(computed).$extends(bus);
export const above = prisma.$extends(computed);
