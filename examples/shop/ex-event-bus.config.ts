// Read by the command line tool: npx ex-event-bus worker | migrate
import { defineConfig } from "ex-event-bus";

import { prisma } from "./db.js";
import { balanceProjection, stockKeeper, supplier, welcomeMail } from "./subscribers.js";

export default defineConfig({
  prisma,
  subscribers: [welcomeMail, stockKeeper, balanceProjection, supplier],
  worker: { concurrency: 4 },
});
