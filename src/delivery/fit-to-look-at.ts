import { isEventBusError } from "../errors.js";
import { isConnectionError, isWriteConflict } from "./connection-error.js";

/** What was thrown, or an error in place of what itself throws when it is looked at: that could never be recorded. */
export function fitToLookAt(thrown: unknown): unknown {
  try {
    for (const look of [isEventBusError, isConnectionError, isWriteConflict]) look(thrown);
    return thrown;
  } catch {
    return new Error("an error was thrown that cannot be described");
  }
}
