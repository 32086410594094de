import type { Executor } from "./executor.js";

/** The same for all statements of one transaction, and for those of no other one. */
export async function transactionIdentity(executor: Executor): Promise<string> {
  return identityIn(await executor.query(TRANSACTION_IDENTITY, []));
}

/** Reads nothing but what the server knows of its own process. */
export const TRANSACTION_IDENTITY =
  "select pg_catalog.pg_backend_pid() as ex_event_bus_process, " +
  "pg_catalog.transaction_timestamp()::text as ex_event_bus_began";

/** What the answer to it says; empty where it is none. */
export function identityIn(answer: unknown): string {
  const [row] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
  const { ex_event_bus_process: process, ex_event_bus_began: began } = (row ?? {}) as {
    readonly ex_event_bus_process?: unknown;
    readonly ex_event_bus_began?: unknown;
  };
  return typeof process === "number" && typeof began === "string" ? `${process} ${began}` : "";
}
