// Errors in the words and classes of Prisma itself.
import { databaseFailure, isTransient } from "../outbox/database-error.js";
import type { InternalClient } from "./prisma-internals.js";

const WRITE_CONFLICT =
  "Transaction failed due to a write conflict or a deadlock. Please retry your transaction";

interface KnownRequestErrorClass {
  new (message: string, options: { code: string; clientVersion: string; meta?: unknown }): Error;
}

/**
 * A serialization failure or deadlock of one of our statements as Prisma's own P2034, so that code which retries
 * on it works: raw statements give P2010 instead. Made by the class of the error itself, as generated clients can
 * have their own. Other errors are returned as they are.
 */
export function asWriteConflict(error: unknown, root: InternalClient): unknown {
  const state = databaseFailure(error)?.state;
  if (state === undefined || !isTransient(state) || !(error instanceof Error)) return error;
  const KnownRequestError = error.constructor as KnownRequestErrorClass;
  const { meta } = error as { readonly meta?: unknown };
  return new KnownRequestError(WRITE_CONFLICT, { code: "P2034", clientVersion: root._clientVersion, meta });
}

/**
 * A statement of ours that PostgreSQL refused before the call itself was sent, in the words that Prisma has for
 * refusals by the database: they name the call, not our statement.
 */
export function asCallFailure(error: unknown, root: InternalClient, call: string): unknown {
  const failure = databaseFailure(error);
  if (failure === undefined || isTransient(failure.state) || !(error instanceof Error))
    return asWriteConflict(error, root);
  const KnownRequestError = error.constructor as KnownRequestErrorClass;
  const { meta } = error as { readonly meta?: unknown };
  const message = `\nInvalid \`${call}()\` invocation:\n\n\nDatabase error. Code: \`${failure.state}\`. Message: \`${failure.message}\``;
  return new KnownRequestError(message, { code: "P2039", clientVersion: root._clientVersion, meta });
}

/** Whether Prisma refused the arguments before it sent anything. */
export function isValidationError(error: unknown): boolean {
  return error instanceof Error && error.name === "PrismaClientValidationError";
}
