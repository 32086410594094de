import { EventBusError, isEventBusError } from "../errors.js";

const FATAL = new Set([
  "SCHEMA_MISSING",
  "SCHEMA_OUTDATED",
  "SCHEMA_TOO_NEW",
  "SUBSCRIBER_TAKEN",
  "INVALID_OPTION",
]);

/** Whether trying again is of no use. */
export function isFatal(error: unknown): boolean {
  return isEventBusError(error) && FATAL.has(error.code);
}

/** What keeps graphile-worker from starting, in our words where it says that its schema is newer than it knows. */
export function explainStart(error: unknown): unknown {
  const message = messageOf(error);
  if (isEventBusError(error) || !message.includes("unsafe to continue")) return error;
  return new EventBusError("SCHEMA_TOO_NEW", `${message} Upgrade graphile-worker.`, { cause: error });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
