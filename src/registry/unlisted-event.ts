import { EventBusError } from "../errors.js";
import { didYouMean } from "./nearest-name.js";

/**
 * The error for a used event that the option `events` does not name.
 *
 * @param usedBy where it is used: `capture.User.create`, `prisma.user.create()`.
 * @param possible the names of the events that could be meant.
 */
export function unlistedEvent(
  name: string,
  usedBy: string,
  possible: readonly string[],
  path?: string,
): EventBusError {
  return new EventBusError(
    "UNKNOWN_EVENT",
    `${usedBy} uses the event "${name}", which the option events of eventBus() does not name. Add it there, as in ` +
      `eventBus({ events: [..., ${name}] }), or correct the name${didYouMean(name, possible)}`,
    { value: name, ...(path === undefined ? {} : { path }) },
  );
}
