import type { Executor } from "./executor.js";

/** Which database a connection leads to. */
export interface DatabaseIdentity {
  /** The same on every connection to a database of a running server, and on no other. */
  readonly id: string;
  readonly name: string;
}

// When the server was started tells it from its copies too, which have everything else in common with it: a clone, a
// restored backup, a replica.
const IDENTITY = /* sql */ `
select pg_catalog.concat_ws('/', d.oid, extract(epoch from pg_catalog.pg_postmaster_start_time())) as id, d.datname::text as name
  from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`;

/** Asks which database it is. Needs no rights and no tables. */
export async function databaseIdentity(executor: Executor): Promise<DatabaseIdentity> {
  const [row] = await executor.query<DatabaseIdentity>(IDENTITY);
  return row ?? { id: "", name: "" };
}
