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
