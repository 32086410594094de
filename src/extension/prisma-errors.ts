// Errors in the words and classes of Prisma itself.
import { databaseFailure, isTransient } from "../outbox/database-error.js";
import { executeIn, type InternalClient, type TransactionHandle } from "./prisma-internals.js";

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
 * A conflict that PostgreSQL found only at COMMIT as Prisma's own P2034. Prisma has a code for those of statements only:
 * at COMMIT the error of its driver adapter comes as it is, and code that retries does not know it.
 *
 * @param transaction it has ended. What is sent into it Prisma refuses with an error of the class that is wanted.
 */
export async function asConflictAtCommit(
  error: unknown,
  root: InternalClient,
  transaction: TransactionHandle,
): Promise<unknown> {
  if (!(error instanceof Error) || error.name !== "DriverAdapterError") return error;
  const { kind } = (error.cause ?? {}) as { readonly kind?: unknown };
  if (kind !== "TransactionWriteConflict") return error;
  const refusal: unknown = await executeIn(root, transaction, "select 1").catch((reason: unknown) => reason);
  if (!(refusal instanceof Error) || refusal.name !== "PrismaClientKnownRequestError") return error;
  const KnownRequestError = refusal.constructor as KnownRequestErrorClass;
  const conflict = new KnownRequestError(WRITE_CONFLICT, {
    code: "P2034",
    clientVersion: root._clientVersion,
    meta: { driverAdapterError: error },
  });
  conflict.cause = error;
  return conflict;
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
