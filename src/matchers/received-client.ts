import { EventBusError } from "../errors.js";
import { isQueryable, type Queryable } from "../outbox/executor.js";
import { describe } from "../registry/check-options.js";

/**
 * The client that was passed to `expect`, as an executor of statements.
 *
 * @throws EventBusError `INVALID_OPTION`.
 */
export function checkClient(received: unknown, of: string): Queryable {
  if (isQueryable(received)) return received;
  const isPromise = typeof (Object(received) as { readonly then?: unknown }).then === "function";
  throw new EventBusError(
    "INVALID_OPTION",
    `expect(…).${of} was given ${isPromise ? "a promise" : describe(received)}: expected a Prisma client, the client ` +
      "of its transaction, or a pg client or pool",
    { value: received },
  );
}
