import { defineConfig } from "ex-event-bus";

import { prisma } from "./db.js";
import { trafficSubscribers } from "./subscribers.js";

export default defineConfig({
  prisma,
  subscribers: trafficSubscribers(prisma),
  worker: { concurrency: 8 },
});
