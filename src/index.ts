export {
  currentContext,
  type EventContext,
  withEventMetadata,
  withoutEvents,
} from "./context/event-context.js";
export {
  EventBusError,
  type EventBusErrorCode,
  type EventBusErrorOptions,
  isEventBusError,
} from "./errors.js";
export { eventBus } from "./extension/event-bus.js";
export { type Drafts, type PublishOptions, publish } from "./extension/publish.js";
export type {
  EventBusExtension,
  Publish,
  WithEventMetadata,
  WithoutEvents,
} from "./extension/types/event-bus-extension.js";
export type {
  BulkOptions,
  CaptureOptions,
  CaptureRule,
  CaptureRules,
  ConditionalRule,
  EventBusOptions,
  Mask,
  ModelCapture,
  TransactionOptions,
} from "./extension/types/event-bus-options.js";
// For the declarations of applications: the type of an extended client names BareWriteMethod, WriteMethod, WriteMethods,
// EventArguments and Unexpanded, and a compiler has to find them in the package (TS2742, TS4023).
export type {
  BareWriteMethod,
  EventArguments,
  Unexpanded,
  UpsertEventArguments,
  WriteMethod,
  WriteMethods,
} from "./extension/types/write-methods.js";
export { type Surround, type SurroundMap, type Telemetry, telemetry } from "./log/hub.js";
export type { Logger } from "./log/logger.js";
export type {
  Delivering,
  DeliveryOutcome,
  PublishedEvent,
  Publishing,
  Report,
  TelemetryEvent,
  TelemetryEventOf,
  TelemetryMap,
} from "./log/telemetry.js";
export type { Queryable } from "./outbox/executor.js";
export {
  type Backoff,
  type BackoffFunction,
  type ExponentialBackoff,
  type ExponentialOptions,
  exponential,
  type FixedBackoff,
  fixed,
} from "./registry/backoff.js";
export type { Condition, FieldTest, FieldTests, RowTests } from "./registry/condition.js";
export type { DatabaseNames, DatabaseOptions } from "./registry/database-names.js";
export {
  type ConfigDatabase,
  type ConfigOptions,
  defineConfig,
  type EventBusConfig,
  type SubscribersLoader,
  type WorkerOptions,
} from "./registry/define-config.js";
export {
  type DefineEvent,
  defineEvent,
  eventsFor,
  type ModelEventOptions,
  type SchemaEventOptions,
} from "./registry/define-event.js";
export { defineSubscriber, isSubscriber } from "./registry/define-subscriber.js";
export { brandEvent } from "./registry/draft-event.js";
export type {
  AnyEvent,
  EventMetadata,
  Json,
  Operation,
  PublishResult,
  StoredEvent,
} from "./registry/event.js";
export type {
  AnyEventType,
  DraftKey,
  DraftOptions,
  EventDraft,
  EventDraftOf,
  EventOf,
  ModelEventDraft,
  ModelEventType,
  SchemaEventType,
} from "./registry/event-type.js";
export type { ContextOf, HandlerContext, TransactionalContext } from "./registry/handler-context.js";
export { isEvent, isEventType } from "./registry/is-event.js";
export type { DeadLetter, OnDead } from "./registry/on-dead.js";
export type {
  ChangesOf,
  InitialDataOf,
  ModelNameOf,
  RowOf,
  TypeMap,
  TypeMapOf,
} from "./registry/prisma-type-map.js";
export type {
  Register,
  RegisteredPrisma,
  RegisteredTransaction,
  TransactionOf,
} from "./registry/register.js";
export type { KeepFor, RetentionOptions } from "./registry/retention.js";
export type { StandardSchemaV1 } from "./registry/standard-schema.js";
export type {
  History,
  IsolationLevel,
  RetryOptions,
  Subscriber,
  SubscriberOptions,
  SubscriberPolicy,
} from "./registry/subscriber.js";
export { toJson } from "./registry/to-json.js";
