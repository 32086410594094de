import { EventBusError, isEventBusError } from "../errors.js";
import { SCHEMA_VERSION } from "./migrations.js";
import type { SchemaNames } from "./schema-names.js";

interface MaybeDatabaseError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: AdapterCause } };
}

interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
  readonly originalMessage?: string;
}

/** The error of PostgreSQL, from an error of `pg` or of Prisma. */
export interface DatabaseFailure {
  /** SQLSTATE, five characters. */
  readonly state: string;
  readonly message: string;
}

/** @returns undefined if `error` does not come from PostgreSQL. */
export function databaseFailure(error: unknown): DatabaseFailure | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message, meta } = error as MaybeDatabaseError;
  const cause = meta?.driverAdapterError?.cause;
  if (cause?.originalCode !== undefined) {
    return { state: cause.originalCode, message: cause.originalMessage ?? String(message) };
  }
  // Prisma's own codes have five characters too: P and four digits; SQLSTATEs with P are "P0..." of PL/pgSQL.
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !/^P[1-9]/.test(code)) {
    return { state: code, message: String(message) };
  }
  return undefined;
}

/** Serialization failure or deadlock: the same transaction may succeed when it is run again. */
export function isTransient(state: string): boolean {
  return state === "40001" || state === "40P01";
}

/** Invalid schema, undefined function, undefined table: the errors if the schema was never installed. */
const MISSING = new Set(["3F000", "42883", "42P01"]);

/** Turns an error of the package's statements into an `EventBusError` if its cause is known. Other errors stay as they are. */
export function explainFailure(error: unknown, names: SchemaNames): unknown {
  if (isEventBusError(error)) return error;
  const failure = databaseFailure(error);
  if (failure === undefined) return error;
  if (MISSING.has(failure.state)) return schemaMissing(names, error);
  if (failure.state === "EB001") {
    return new EventBusError("SCHEMA_OUTDATED", `${failure.message}. Run: npx ex-event-bus migrate`, {
      cause: error,
    });
  }
  // Schema version 1 never raises this. A later version does if it no longer serves this version of the package.
  if (failure.state === "EB002") {
    return new EventBusError("SCHEMA_TOO_NEW", `${failure.message}. Upgrade ex-event-bus.`, { cause: error });
  }
  if (failure.state === "23505" && failure.message.includes("events_id_key")) {
    return new EventBusError(
      "ALREADY_PUBLISHED",
      "An event with this id is stored already: a draft is published once. Make a new one by calling its event type.",
      { cause: error },
    );
  }
  if (failure.state === "42501") {
    return new EventBusError(
      "PERMISSION_DENIED",
      `The role of this connection may not use the event bus in schema "${names.schema}": ${failure.message}. Grant ` +
        "it what docs/publish.md lists, or connect as the role that ran: npx ex-event-bus migrate",
      { cause: error },
    );
  }
  if (failure.state === "EB003") {
    return new EventBusError("SUBSCRIBER_TAKEN", failure.message, { cause: error });
  }
  return error;
}

/**
 * Whether the encoding of the database cannot represent a text. LATIN1 cannot represent most languages, and no encoding can
 * represent the NUL character. (22021 means bytes that are no character.)
 */
export function isUntranslatable(error: unknown): boolean {
  const state = databaseFailure(error)?.state;
  return state === "22P05" || state === "22021";
}

/** Awaits one of the package's statements, and explains its failure. */
export async function explained<T>(names: SchemaNames, work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explainFailure(error, names);
  }
}

/** The same for a statement that stores values of the application. */
export async function explainedStoring<T>(names: SchemaNames, work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isUntranslatable(error)) throw explainFailure(error, names);
    throw new EventBusError(
      "VALUE_NOT_STORABLE",
      `The encoding of this database cannot represent a text of the event: ${databaseFailure(error)?.message}. ` +
        "Nothing was stored. Use a database whose encoding is UTF8, or replace such characters.",
      { cause: error },
    );
  }
}

/** The same for a statement that searches for a value that was passed to `of`. */
export async function explainedAsking<T>(names: SchemaNames, of: string, work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isUntranslatable(error)) throw explainFailure(error, names);
    throw new EventBusError(
      "INVALID_OPTION",
      `${of} was given a text that the encoding of this database cannot represent: ${databaseFailure(error)?.message}. ` +
        "Nothing was done; no text in this database can have that character.",
      { cause: error },
    );
  }
}

/** @param database a description of the database, if it is known. */
export function schemaMissing(
  names: SchemaNames,
  cause?: unknown,
  database = "this database",
): EventBusError {
  return new EventBusError(
    "SCHEMA_MISSING",
    `The event bus is not installed in schema "${names.schema}" of ${database} (or graphile-worker is not in ` +
      `"${names.workerSchema}"); this version needs schema version ${SCHEMA_VERSION}. Run: npx ex-event-bus migrate`,
    { value: names.schema, ...(cause === undefined ? {} : { cause }) },
  );
}
