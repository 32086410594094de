/**
 * Every reason for which the package refuses something, as a stable string.
 * Recognise an error by its `code`, never by `instanceof`: two copies of the package can be loaded.
 */
export type EventBusErrorCode =
  /** An option, rule, event or subscriber is not valid; refused at construction. */
  | "INVALID_OPTION"
  /** Two events or two subscribers have one name. */
  | "DUPLICATE_NAME"
  /** A value names an event that the extension or worker was not given. */
  | "UNKNOWN_EVENT"
  /** A value names a model or field that the Prisma schema does not have. */
  | "UNKNOWN_MODEL"
  /** The operation touches a captured model in a way that cannot be captured. Nothing was written. */
  | "NOT_CAPTURED"
  /** A call would write more rows than `bulk.maxRows`. Nothing was written. */
  | "TOO_MANY_ROWS"
  /** An aggregate does not fit the schema of its event. */
  | "INVALID_AGGREGATE"
  /** A value cannot be stored in an event (a function, a lone surrogate, a cycle, …). */
  | "VALUE_NOT_STORABLE"
  /** The same draft was published before. */
  | "ALREADY_PUBLISHED"
  /** The role of the connection may not do what the package has to do. */
  | "PERMISSION_DENIED"
  /** An event is larger than `maxEventBytes`. */
  | "EVENT_TOO_LARGE"
  /** A stored value does not have the form that its type hint promises. */
  | "VALUE_NOT_READABLE"
  /** The event bus is not installed in this database. */
  | "SCHEMA_MISSING"
  /** The database has an older schema than this version of the package needs. */
  | "SCHEMA_OUTDATED"
  /** The database has a newer schema than this version of the package knows. */
  | "SCHEMA_TOO_NEW"
  /** Workers run that a newer schema would break. Nothing was changed. */
  | "WORKERS_RUNNING"
  /** Another application owns a subscriber of this name. */
  | "SUBSCRIBER_TAKEN"
  /** Something of Prisma that the extension depends on is not there. */
  | "PRISMA_INCOMPATIBLE"
  /** The mutation was moved out of the transaction that it was called in. */
  | "TRANSACTION_ESCAPED"
  /** The configuration file is missing or cannot be loaded. */
  | "CONFIG_NOT_LOADED"
  /** The database does not answer. */
  | "DATABASE_UNREACHABLE"
  /** A handler did not end within its `timeoutMs`. */
  | "HANDLER_TIMEOUT"
  /** A statement of a transactional handler failed and the handler went on: nothing was committed. */
  | "TRANSACTION_ABORTED"
  /** In `drain`, events led to events without an end. */
  | "ENDLESS_CASCADE"
  /** A worker is stopping and the handler did not end in time. */
  | "WORKER_STOPPING"
  /** The process that ran a delivery ended without an outcome, again and again. */
  | "WORKER_DIED";

/** What an {@link EventBusError} may carry beside its message. */
export interface EventBusErrorOptions {
  /** The offending value, so that a program can act on it. */
  readonly value?: unknown;
  /** Where in the value, as a path such as `capture.User.update`. */
  readonly path?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * The one class of errors that the package throws by itself. The message says what was found, what was
 * expected and what to do.
 *
 * @example
 * ```ts
 * try {
 *   await prisma.user.create({ data: { email, posts: { create: { title } } } });
 * } catch (error) {
 *   if (isEventBusError(error, "NOT_CAPTURED")) console.error(error.message);
 * }
 * ```
 */
export class EventBusError extends Error {
  readonly code: EventBusErrorCode;
  declare readonly value?: unknown;
  readonly path?: string;

  constructor(code: EventBusErrorCode, message: string, options: EventBusErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "EventBusError";
    this.code = code;
    // Not enumerable: loggers write what is, and it may be a secret that stands at a wrong place.
    if ("value" in options) Object.defineProperty(this, "value", { value: options.value, enumerable: false });
    if (options.path !== undefined) this.path = options.path;
  }
}

/** Whether `error` is an error of this package (of any copy of it), and of that `code` when one is given. */
export function isEventBusError(error: unknown, code?: EventBusErrorCode): error is EventBusError {
  if (!(error instanceof Error) || error.name !== "EventBusError" || !("code" in error)) return false;
  return code === undefined || error.code === code;
}
