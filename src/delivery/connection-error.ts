import { isEventBusError } from "../errors.js";
import { databaseFailure, isTransient } from "../outbox/database-error.js";

// What pg says of connections has neither a code nor a class.
const MESSAGES = [
  "Connection terminated",
  "timeout expired",
  "timeout exceeded when trying to connect",
  "Query read timeout",
  "Client has encountered a connection error",
  "Client was closed",
  "Cannot use a pool after calling end",
  "There was an error establishing an SSL connection",
];
/** As ECONNRESET or ERR_STREAM_DESTROYED. Not ERR_INVALID_ARG_TYPE: that is a mistake in a program. */
const SOCKET_CODE = /^(E[A-Z]+|ERR_(STREAM|SOCKET)_\w+)$/;

/** Prisma's: no server, no answer, connection closed, no free connection, no transaction in time. */
const PRISMA_CODE = /^P(1001|1002|1008|1011|1017|2024|2028)$/;

/** Whether it is the connection that failed, not what was asked through it: an error of a socket, or of pg about one. */
export function isConnectionError(error: unknown): boolean {
  if (isEventBusError(error)) return error.code === "DATABASE_UNREACHABLE";
  if (!(error instanceof Error)) return false;
  // Of several addresses (IPv4 and IPv6) none answered.
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && PRISMA_CODE.test(code)) return true;
  if ("errno" in error || "syscall" in error || (typeof code === "string" && SOCKET_CODE.test(code)))
    return true;
  return MESSAGES.some((message) => error.message.startsWith(message));
}

/** The SQLSTATE of an error. Undefined when it has none: EPIPE only looks like one. */
export function stateOf(error: unknown): string | undefined {
  const state = databaseFailure(error)?.state;
  return state === "EPIPE" ? undefined : state;
}

/**
 * Whether there is no way to the database: of connections, of who may connect, of databases and servers that are not there,
 * or that take no writes (25006), as a replica until it is promoted.
 */
export function isAboutConnecting(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined ? isConnectionError(error) : /^(08|25006|28|3D|53|57)/.test(state);
}

/** Whether a transaction, which was rolled back, may succeed when it is run again, by itself or by what it was caused by. */
export function isWriteConflict(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  ) {
    const state = databaseFailure(current)?.state;
    if ((state !== undefined && isTransient(state)) || (current as { code?: unknown }).code === "P2034")
      return true;
  }
  return false;
}
