import { isEventBusError } from "../errors.js";
import { databaseFailure, isTransient } from "../outbox/database-error.js";

// Errors of pg about connections have neither a code nor a class.
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
/** Matches ECONNRESET or ERR_STREAM_DESTROYED, but not ERR_INVALID_ARG_TYPE, which is a mistake in a program. */
const SOCKET_CODE = /^(E[A-Z]+|ERR_(STREAM|SOCKET)_\w+)$/;

/** Prisma's codes: no server, no answer, connection closed, no free connection, no transaction in time. */
const PRISMA_CODE = /^P(1001|1002|1008|1011|1017|2024|2028)$/;

/** Whether the connection failed, and not the statement: an error of a socket, or of pg about one. */
export function isConnectionError(error: unknown): boolean {
  if (isEventBusError(error)) return error.code === "DATABASE_UNREACHABLE";
  if (!(error instanceof Error)) return false;
  // The host has several addresses (IPv4 and IPv6), and none answered.
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && PRISMA_CODE.test(code)) return true;
  if ("errno" in error || "syscall" in error || (typeof code === "string" && SOCKET_CODE.test(code)))
    return true;
  return MESSAGES.some((message) => error.message.startsWith(message));
}

/** The SQLSTATE of an error; undefined if it has none. EPIPE only looks like one. */
export function stateOf(error: unknown): string | undefined {
  const state = databaseFailure(error)?.state;
  return state === "EPIPE" ? undefined : state;
}

/**
 * Whether the database cannot be reached or used: the connection broke, the role may not connect, the server or database
 * does not exist or shuts down, or it takes no writes (25006), as a replica before it is promoted.
 */
export function isAboutConnecting(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined ? isConnectionError(error) : /^(08|25006|28|3D|53|57)/.test(state);
}

/** Whether a transaction was rolled back by a conflict, and may succeed when it runs again. Its causes are checked too. */
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
