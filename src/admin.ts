export { deliveries } from "./admin/deliveries.js";
export {
  type DiscardableState,
  type DiscardFilter,
  type DiscardOptions,
  type DiscardResult,
  discard,
} from "./admin/discard.js";
export { type Diagnosis, type DoctorOptions, doctor } from "./admin/doctor.js";
export { type ErasedAggregate, type EraseOptions, erase } from "./admin/erase.js";
export { events } from "./admin/events.js";
export type { Finding } from "./admin/finding.js";
export type { BatchOptions, Progress } from "./admin/in-batches.js";
export { pause, type ResumeResult, resume } from "./admin/pause.js";
export { type PruneOptions, type PruneResult, prune } from "./admin/prune.js";
export { type DeadFilter, type RedriveOptions, type RedriveResult, redrive } from "./admin/redrive.js";
export { type Status, status } from "./admin/status.js";
export { subscribersOf } from "./admin/subscribers-of.js";
export { type UnsubscribeOptions, unsubscribe } from "./admin/unsubscribe.js";
export type { WorkerStatus } from "./outbox/alive-workers.js";
export type { DeliveryState } from "./outbox/delivery-state.js";
export type { Erased } from "./outbox/erase-events.js";
export type { Queryable } from "./outbox/executor.js";
export type { Delivery, DeliveryError, DeliveryFilter } from "./outbox/find-deliveries.js";
export type { EventFilter } from "./outbox/find-events.js";
export type { ListedEvent } from "./outbox/stored-event.js";
export type { SubscriberStatus } from "./outbox/subscriber-status.js";
export type { Subscription } from "./outbox/subscriptions.js";
export type { CapturedModel } from "./registry/captured-model.js";
export type { DatabaseNames } from "./registry/database-names.js";
export type { KeepFor, RetentionOptions } from "./registry/retention.js";
