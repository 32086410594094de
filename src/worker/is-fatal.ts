import { isEventBusError } from "../errors.js";

const FATAL = new Set([
  "SCHEMA_MISSING",
  "SCHEMA_OUTDATED",
  "SCHEMA_TOO_NEW",
  "SUBSCRIBER_TAKEN",
  "INVALID_OPTION",
]);

/** Whether a retry cannot succeed. */
export function isFatal(error: unknown): boolean {
  return isEventBusError(error) && FATAL.has(error.code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
