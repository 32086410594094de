import { describe } from "vitest";

import legacy from "../../../prisma/generated/client-js/index.js";
import { eventBus } from "../../../src/index.js";
import { sampleOf } from "../../support/amount.js";
import { closeLater, openAdapter } from "../support/clients.js";
import { events, rules } from "../support/events.js";
import { allCalls } from "./all-calls.js";
import { comparesCalls } from "./compare.js";

const openLegacy = (url: string) => closeLater(new legacy.PrismaClient({ adapter: openAdapter(url) }));

describe("with the generator prisma-client-js, the same with and without the extension:", async () => {
  await comparesCalls(
    { plain: openLegacy, extended: (url) => openLegacy(url).$extends(eventBus({ events, capture: rules })) },
    sampleOf(allCalls, 6),
  );
});
