import { expect } from "vitest";
import type { EventBusMatchers } from "./matchers/event-bus-matchers.js";
import { matchers } from "./matchers/matchers.js";

expect.extend(matchers as never);

declare global {
  // The one interface behind `expect(…)` that is the same in Vitest 4 and 5: their own have other type parameters.
  namespace Chai {
    interface Assertion extends EventBusMatchers {}
  }
}

export type { CheckedStep, EventBusMatchers, OrderedStep } from "./matchers/event-bus-matchers.js";
export type { ExpectedEvent, PartOf } from "./matchers/expected-event.js";
export type { LookOptions } from "./matchers/look.js";
export { matchers } from "./matchers/matchers.js";
export type { IdempotencyOptions } from "./matchers/to-be-idempotent.js";
export type { ExpectedDelivery } from "./matchers/to-have-delivered.js";
