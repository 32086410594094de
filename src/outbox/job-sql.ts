/**
 * A number in the payload of a job, null where there is none. What cannot be a number of ours is nobody's delivery.
 * Nothing is looked for where a backslash is, which ours never have: some that JSON allows PostgreSQL cannot write out,
 * and the whole statement would fail.
 *
 * @param job the name of the row that has a `payload`.
 */
export function numberAt(job: string, field: string, type: string, digits: number): string {
  const text = `(${job}.payload ->> '${field}'::text)`;
  return `case when pg_catalog.strpos(${job}.payload::text, E'\\\\') = 0 then
           case when ${text} ~ '^[0-9]{1,${digits}}$' then ${text}::${type} end end`;
}

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
