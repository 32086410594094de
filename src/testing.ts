export type { DeliveryState } from "./outbox/delivery-state.js";
export type { Queryable } from "./outbox/executor.js";
export type { Delivery, DeliveryError, DeliveryFilter } from "./outbox/find-deliveries.js";
export type { EventFilter } from "./outbox/find-events.js";
export type { ListedEvent } from "./outbox/stored-event.js";
export type { DatabaseNames } from "./registry/database-names.js";
export { type DeliverOptions, deliver, type HandlerOutcome } from "./testing/deliver.js";
export { deliveriesOf, type TypedDelivery, type TypedDeliveryFilter } from "./testing/deliveries-of.js";
export { drain } from "./testing/drain.js";
export type { DrainOptions } from "./testing/drain-options.js";
export { type FakeOverrides, fakeEvent } from "./testing/fake-event.js";
export {
  crashAfterHandler,
  deliverConcurrently,
  deliverTwice,
  type Fault,
  type FaultRun,
  failFirst,
  reorder,
} from "./testing/faults.js";
export { publishedEvents, type TypedEventFilter } from "./testing/published-events.js";
export { type SubscribeOptions, subscribe } from "./testing/subscribe.js";
export type { DrainError, DrainResult } from "./testing/tally.js";
export {
  type RollbackClient,
  type RollbackOptions,
  withRollback,
} from "./testing/with-rollback.js";
