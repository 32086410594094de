import { defineConfig } from "ex-event-bus";

import { prisma } from "./db.js";
import { subscribers } from "./subscribers.js";

export default defineConfig({ prisma, subscribers });
