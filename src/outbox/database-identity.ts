import type { Executor } from "./executor.js";

/** Identifies the database of a connection. */
export interface DatabaseIdentity {
  /** Equal for all connections to the same database of a running server, and for no other. */
  readonly id: string;
  readonly name: string;
}

// The start time of the server distinguishes it from its copies (a clone, a restored backup, a replica), which share everything
// else.
const IDENTITY = /* sql */ `
select pg_catalog.concat_ws('/', d.oid, extract(epoch from pg_catalog.pg_postmaster_start_time())) as id, d.datname::text as name
  from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`;

/** Queries the identity of the database. Needs no rights and no tables. */
export async function databaseIdentity(executor: Executor): Promise<DatabaseIdentity> {
  const [row] = await executor.query<DatabaseIdentity>(IDENTITY);
  return row ?? { id: "", name: "" };
}
