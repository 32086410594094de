/**
 * The last moment when a row `w` of workers is known to have lived, or when nobody could say so since the server was down. A
 * server that started in the future has had its clock put back since: that says nothing then.
 */
export const LAST_SIGN = /* sql */ `greatest(w.heartbeat_at, case when pg_catalog.pg_postmaster_start_time() <= pg_catalog.clock_timestamp()
         then pg_catalog.pg_postmaster_start_time() end)`;

/** True of a row `w` of workers that has been silent for so long that it is held for dead. */
export const WAS_SILENT_TOO_LONG = /* sql */ `${LAST_SIGN} + w.dead_after_ms::float8 * interval '1 millisecond'
           < pg_catalog.clock_timestamp()`;

/** True of a row `w` of workers that lives. */
export const IS_ALIVE = /* sql */ `${LAST_SIGN}
       + w.dead_after_ms::float8 * interval '1 millisecond' > pg_catalog.clock_timestamp()`;
