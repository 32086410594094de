/** Whether PostgreSQL can write out whatever stands in the payload of a job: some of what JSON allows it cannot. */
function isReadable(job: string): string {
  return `pg_catalog.strpos(${job}.payload::text, E'\\\\') = 0`;
}

/**
 * A number in the payload of a job, null where there is none. What cannot be a number of ours is nobody's delivery.
 * Nothing is looked for where a backslash is, which ours never have: the whole statement would fail.
 *
 * @param job the name of the row that has a `payload`.
 */
export function numberAt(job: string, field: string, type: string, digits: number): string {
  const text = `(${job}.payload ->> '${field}'::text)`;
  return `case when ${isReadable(job)} then
           case when ${text} ~ '^[0-9]{1,${digits}}$' then ${text}::${type} end end`;
}

/** The payload of a wake-up `job` with how many processes died with it, as SQL, and by whom it was begun. */
export function payloadOf(job: string, { d, b }: { readonly d: string; readonly b?: string }): string {
  const same = (["p", "s", "g", "a"] as const).map(
    (field) => `'${field}', ${numberAt(job, field, "bigint", field === "p" ? 18 : 9)}`,
  );
  const begun = b === undefined ? [] : [`'b', ${b}`];
  return `pg_catalog.json_build_object(${[...same, `'d', ${d}`, ...begun].join(", ")})`;
}

/** Whether the wake-up `job` was begun by who holds it, see {@link payloadOf}; as SQL. */
export function isBegun(job: string): string {
  return `case when ${isReadable(job)} then ${job}.payload ->> 'b'::text = ${job}.locked_by end`;
}

/** Who has locked what is parked, see park-jobs.ts: no worker's id. */
export const PARKED_BY = "event_bus:parked";

/** How many processes died with the wake-up `job`, null for none; as SQL. */
export function deathsOf(job: string): string {
  return numberAt(job, "d", "integer", 4);
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
