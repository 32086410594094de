import { describe } from "vitest";

import { eventBus } from "../../../src/index.js";
import { openClient } from "../support/clients.js";
import { events } from "../support/events.js";
import { bulkCalls } from "./bulk-calls.js";
import { comparesCalls } from "./compare.js";
import { nestedCreateCalls, nestedOtherCalls, nestedUpdateCalls } from "./nested-calls.js";

const calls = [...nestedCreateCalls, ...nestedUpdateCalls, ...nestedOtherCalls, ...bulkCalls];

describe("nested and bulk writes with no model captured, the same with and without the extension:", async () => {
  await comparesCalls(
    {
      plain: (url) => openClient(url),
      extended: (url) => openClient(url).$extends(eventBus({ events, capture: {} })),
    },
    calls,
  );
});
