// Errors in the words and classes of Prisma itself.
import { databaseFailure, isTransient } from "../../outbox/database-error.js";
import type { InternalClient, TransactionHandle } from "./internals.js";
import { executeIn, isOwnFailure } from "./own-client.js";
import { isAdapterError, userFacing } from "./user-facing.js";

interface KnownRequestErrorClass {
  new (message: string, options: { code: string; clientVersion: string; meta?: unknown }): Error;
}

/** The call that an error is told of: the parameters that Prisma gives to its hook. */
export interface ToldCall {
  readonly [parameter: string]: unknown;
}

const ownConflicts = new WeakSet<object>();

/** Whether it was a statement of ours that met a conflict. In a transaction of our own the call may be run again. */
export function isOwnConflict(error: unknown): boolean {
  return typeof error === "object" && error !== null && ownConflicts.has(error);
}

/**
 * A failed statement of ours as what plain Prisma would say, and log, if the call's own statement had met it. Other errors
 * are returned as they are.
 */
export function asCallFailure(error: unknown, root: InternalClient, call: ToldCall): unknown {
  if (!isOwnFailure(error)) return error;
  const told = tell(error, root, call);
  const state = databaseFailure(error)?.state;
  if (state !== undefined && isTransient(state) && told instanceof Error) ownConflicts.add(told);
  return told;
}

/**
 * What fails where a transaction of ours begins and commits as what plain Prisma would say of the call in it: constraints
 * that are deferred, conflicts, a lost connection. Plain Prisma begins and commits within the call.
 */
export function asFailureAround(error: unknown, root: InternalClient, call: ToldCall): unknown {
  const isPrismas =
    error instanceof Error && (isAdapterError(error) || error.name.startsWith("PrismaClient"));
  return isPrismas ? tell(error, root, call) : error;
}

function tell(error: unknown, root: InternalClient, call: ToldCall): unknown {
  const { meta } = error as { readonly meta?: { readonly driverAdapterError?: unknown } };
  const adapterError = isAdapterError(error) ? error : meta?.driverAdapterError;
  const facing = isAdapterError(adapterError) ? userFacing(adapterError) : undefined;
  const handler = root._requestHandler;
  if (typeof handler.handleAndLogRequestError !== "function") return asKnown(error, facing, root);
  try {
    return handler.handleAndLogRequestError({
      error: facing ?? error,
      clientMethod: call["clientMethod"],
      callsite: call["callsite"],
      args: call["args"],
      modelName: call["model"],
      globalOmit: root._globalOmit,
    });
  } catch (told) {
    return told;
  }
}

/** The same without Prisma's help. By the class of the error itself, as generated clients can have their own. */
function asKnown(
  error: unknown,
  facing: { readonly code: string; readonly message: string; readonly meta: object } | undefined,
  { _clientVersion: clientVersion }: Pick<InternalClient, "_clientVersion">,
): unknown {
  if (facing === undefined || !(error instanceof Error) || error.name !== "PrismaClientKnownRequestError")
    return error;
  const KnownRequestError = error.constructor as KnownRequestErrorClass;
  const { code, message, meta } = facing;
  return new KnownRequestError(message, { code, clientVersion, meta });
}

/** The error of a raw statement of ours on a client of the application, as Prisma has it for statements of models. */
export function asStatementFailure(error: unknown): unknown {
  const { code, meta, clientVersion } = (error ?? {}) as {
    readonly code?: unknown;
    readonly meta?: { readonly driverAdapterError?: unknown };
    readonly clientVersion?: unknown;
  };
  if (code !== "P2010" || !isAdapterError(meta?.driverAdapterError)) return error;
  return asKnown(error, userFacing(meta.driverAdapterError), { _clientVersion: String(clientVersion) });
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
  if (!isAdapterError(error) || error.cause.kind !== "TransactionWriteConflict") return error;
  const refusal: unknown = await executeIn(root, transaction, "select 1").catch((reason: unknown) => reason);
  const conflict = asKnown(refusal, userFacing(error), root);
  if (conflict === refusal || !(conflict instanceof Error)) return error;
  conflict.cause = error;
  return conflict;
}

/** An error at COMMIT as a batch of Prisma's own has it. */
export function asOfBatch(error: unknown, { _clientVersion: clientVersion }: InternalClient): unknown {
  return isAdapterError(error) ? Object.assign(error, { clientVersion }) : error;
}

/** Whether Prisma refused the arguments before it sent anything. */
export function isValidationError(error: unknown): boolean {
  return error instanceof Error && error.name === "PrismaClientValidationError";
}
