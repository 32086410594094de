import type { Executor } from "./executor.js";

/** Identifies a transaction: equal for all its statements, and for no other transaction. */
export async function transactionIdentity(executor: Executor): Promise<string> {
  return identityIn(await executor.query(TRANSACTION_IDENTITY, []));
}

/** Reads only what the server process knows of itself, and no table. */
export const TRANSACTION_IDENTITY =
  "select pg_catalog.pg_backend_pid() as ex_event_bus_process, " +
  "pg_catalog.transaction_timestamp()::text as ex_event_bus_began";

/** The identity in the answer; empty if there is none. */
export function identityIn(answer: unknown): string {
  const [row] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
  const { ex_event_bus_process: process, ex_event_bus_began: began } = (row ?? {}) as {
    readonly ex_event_bus_process?: unknown;
    readonly ex_event_bus_began?: unknown;
  };
  return typeof process === "number" && typeof began === "string" ? `${process} ${began}` : "";
}
