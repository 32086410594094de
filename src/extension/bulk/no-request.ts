import type { InternalParams } from "../prisma-internals.js";
import type { CallArgs } from "../selection.js";

/** Arguments with which Prisma's `findMany` sends no statement at all, though the client may omit every column. */
function nothing(column: string): CallArgs {
  return { take: 0, select: { [column]: true } };
}

/**
 * Parameters whose query goes through all other extensions as what it is, and asks the database for nothing: the rows
 * are written by requests of our own.
 *
 * Prisma reads the action of a request right after its call site, and then maps its arguments; hooks of other
 * extensions, which have to see the caller's operation, it asks for the model first. Where an extension hands on a
 * copy of the parameters, the action stays what it is and the request becomes one that finds no rows.
 *
 * @param tap makes the parameters, with what its mapper returns.
 * @param harmless arguments of the caller's operation that write nothing.
 * @param column one of the model.
 */
export function withoutRequest(
  params: InternalParams,
  harmless: CallArgs,
  column: string,
  tap: (params: InternalParams, nothing: () => CallArgs) => InternalParams,
): InternalParams {
  const { action, callsite, model } = params;
  let isRequest = false;
  let isNothing = false;
  const tapping = tap(params, () => (isNothing ? nothing(column) : harmless));
  const reads = (value: unknown, onRead: () => void): PropertyDescriptor => ({
    enumerable: true,
    configurable: true,
    get: () => {
      onRead();
      return value;
    },
  });
  return Object.defineProperties(tapping, {
    model: reads(model, () => {
      isRequest = false;
    }),
    callsite: reads(callsite, () => {
      isRequest = true;
    }),
    action: {
      enumerable: true,
      configurable: true,
      get: () => {
        isNothing = isRequest;
        isRequest = false;
        return isNothing ? "findMany" : action;
      },
    },
  });
}
