// What can happen to a flight.
import { eventsFor } from "ex-event-bus";

import type { Prisma } from "../../prisma/generated/client/client.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const FlightScheduled = defineEvent("FlightScheduled", { model: "Flight" });
export const FlightCorrected = defineEvent("FlightCorrected", { model: "Flight" });
export const FlightCancelled = defineEvent("FlightCancelled", { model: "Flight" });
