// The publishing side.
import { PrismaPg } from "@prisma/adapter-pg";
import { eventBus } from "ex-event-bus";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { FlightCancelled, FlightCorrected, FlightScheduled } from "./events.js";

const adapter = new PrismaPg({ connectionString: process.env["DATABASE_URL"] });

export const prisma = new PrismaClient({ adapter }).$extends(
  eventBus({
    events: [FlightScheduled, FlightCorrected, FlightCancelled],
    capture: { Flight: { create: FlightScheduled, update: FlightCorrected, delete: FlightCancelled } },
  }),
);

export type FlightsPrisma = typeof prisma;
