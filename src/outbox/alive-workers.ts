import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { momentOf } from "./moment.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A running worker. */
export interface WorkerStatus {
  /** Its name in logs and in the errors of deliveries. */
  readonly name: string;
  readonly application: string;
  readonly host: string;
  readonly pid: number;
  /** The version of the package. */
  readonly version: string;
  readonly startedAt: Date;
  /** The age of its last heartbeat, in milliseconds. */
  readonly heartbeatAgeMs: number;
  /** How many deliveries were running at the last heartbeat. */
  readonly running: number;
  /** How many deliveries it made in the minute before. */
  readonly deliveredPerMinute: number;
  /** The subscribers that it has handlers for. */
  readonly subscribers: readonly string[];
}

/**
 * The last moment at which a worker, the row `w` of workers, could have renewed its heartbeat: at its last heartbeat, or when the
 * server started, because no worker could renew it before. A start in the future is ignored: the server's clock was put back.
 */
export const LAST_ALIVE_AT = /* sql */ `greatest(w.heartbeat_at, case when pg_catalog.pg_postmaster_start_time() <= pg_catalog.clock_timestamp()
         then pg_catalog.pg_postmaster_start_time() end)`;

/** True of a row `w` of workers whose heartbeat is so old that the worker is taken for dead. */
export const WAS_SILENT_TOO_LONG = /* sql */ `${LAST_ALIVE_AT} + w.dead_after_ms::float8 * interval '1 millisecond'
           < pg_catalog.clock_timestamp()`;

/** True of a row `w` of workers whose worker is alive. */
export const IS_ALIVE = /* sql */ `${LAST_ALIVE_AT}
       + w.dead_after_ms::float8 * interval '1 millisecond' > pg_catalog.clock_timestamp()`;

const ALIVE = statement(/* sql */ `
select coalesce(nullif(w.name, ''), w.id) as name, w.application, w.host, w.pid, w.version, w.started_at as "startedAt",
       greatest(0::float8, (extract(epoch from pg_catalog.clock_timestamp() - w.heartbeat_at) * 1000::numeric)::float8) as "heartbeatAgeMs",
       coalesce((select pg_catalog.sum((a.value ->> 'running'::text)::integer) from pg_catalog.jsonb_each(w.activity) a), 0)::float8 as running,
       coalesce((select pg_catalog.sum((a.value ->> 'delivered'::text)::integer) from pg_catalog.jsonb_each(w.activity) a), 0)::float8
         as "deliveredPerMinute",
       w.subscribers
  from :BUS.workers w
 where ${IS_ALIVE}
 order by w.application, w.started_at, w.id`);

/** The running workers of all applications. */
export async function aliveWorkers(executor: Executor, names: SchemaNames): Promise<readonly WorkerStatus[]> {
  const rows = await explained(names, readRows<WorkerStatus>(executor, ALIVE(names)));
  return rows.map((row) => ({ ...row, startedAt: momentOf(row.startedAt) }));
}
