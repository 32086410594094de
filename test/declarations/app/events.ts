import { eventsFor } from "ex-event-bus";

import type { Prisma } from "./generated/client.js";

const { defineEvent } = eventsFor<Prisma.TypeMap>();

export const Registered = defineEvent("Registered", { model: "Model7" });
export const Moved = defineEvent("Moved", { model: "Model8" });
export const NeverListed = defineEvent("NeverListed", { model: "Model7" });
