import { describe } from "vitest";

import { eventBus } from "../../../src/index.js";
import { openClient } from "../support/clients.js";
import { allRules, events } from "../support/events.js";
import { bulkCalls } from "./bulk-calls.js";
import { comparesCalls } from "./compare.js";
import { nestedCreateCalls, nestedOtherCalls, nestedUpdateCalls } from "./nested-calls.js";

const calls = [...nestedCreateCalls, ...nestedUpdateCalls, ...nestedOtherCalls, ...bulkCalls];

describe.each([
  ["with no model captured", {}],
  ["with every model captured", allRules],
] as const)("nested and bulk writes %s, the same with and without the extension:", async (_, capture) => {
  await comparesCalls(
    {
      plain: (url) => openClient(url),
      extended: (url) => openClient(url).$extends(eventBus({ events, capture })),
    },
    calls,
  );
});
