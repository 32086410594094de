/**
 * Has a statement that deletes jobs wait for locks no longer than the functions do that move deliveries on: a job that
 * somebody else's transaction has locked must not hold up the outcomes of others that are written with it. It fails
 * with `55P03` then. {@link WAITS_BRIEFLY} is a condition of what deletes; the setting ends with the statement.
 */
export const BRIEFLY = /* sql */ `briefly as materialized (
  select pg_catalog.set_config('lock_timeout', '250ms', true) as set
)`;

/** See {@link BRIEFLY}. Looked at once, before anything is deleted. */
export const WAITS_BRIEFLY = "(select b.set from briefly b) is not null";
