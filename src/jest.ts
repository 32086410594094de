import { expect } from "@jest/globals";
import type { EventBusMatchers } from "./matchers/event-bus-matchers.js";
import { matchers } from "./matchers/matchers.js";

expect.extend(matchers as never);

declare global {
  // Of the package @types/jest, whose `expect` is global.
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: type parameters of merged interfaces must be the same
    interface Matchers<R, T = {}> extends EventBusMatchers {}
  }
}

declare module "expect" {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends EventBusMatchers {}
}

export type { CheckedStep, EventBusMatchers, OrderedStep } from "./matchers/event-bus-matchers.js";
export type { ExpectedEvent, PartOf } from "./matchers/expected-event.js";
export type { LookOptions } from "./matchers/look.js";
export { matchers } from "./matchers/matchers.js";
export type { IdempotencyOptions } from "./matchers/to-be-idempotent.js";
export type { ExpectedDelivery } from "./matchers/to-have-delivered.js";
