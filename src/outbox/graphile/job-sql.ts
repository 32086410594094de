/** What graphile-worker's tasks of subscribers begin with; the name of the subscriber follows. */
export const TASK_PREFIX = "event_bus:";

/** What graphile-worker calls the jobs of a subscriber. */
export function taskIdentifier(subscriber: string): string {
  return `${TASK_PREFIX}${subscriber}`;
}

/** The same as SQL, of an expression for the name of a subscriber. */
export function taskOf(subscriber: string): string {
  return `'${TASK_PREFIX}' || ${subscriber}`;
}

/** Whether an identifier is that of a subscriber's task, as SQL. */
export function isSubscribers(identifier: string): string {
  return `pg_catalog.starts_with(${identifier}, '${TASK_PREFIX}')`;
}

/** The name of the subscriber whose task has an identifier, as SQL. */
export function subscriberOf(identifier: string): string {
  return `pg_catalog.substr(${identifier}, ${TASK_PREFIX.length + 1})`;
}

/**
 * The payload of a new job, as SQL: `p`, the position of the event, and `s`, the id of the subscription, say which delivery
 * it is for, `g` for which generation of it, and `a` how many attempts were made before. Later there can be `d`, how many
 * processes died with it, and `b`, who has begun it since, see {@link payloadOf}.
 */
export function newPayload(
  position: string,
  subscriptionId: string,
  generation: string,
  attempt: string,
): string {
  return `json_build_object('p', ${position}, 's', ${subscriptionId}, 'g', ${generation}, 'a', ${attempt})`;
}

/** The beginning of the text of a payload that {@link newPayload} has made; the values are whatever `format` takes for `%s`. */
export const PAYLOAD_START = '{"p" : %s, "s" : %s, "g" : %s';

/** What follows {@link PAYLOAD_START}. */
export const PAYLOAD_REST = ', "a"';

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

/** The payload of a job `job` of ours with how many processes died with it, as SQL, and by whom it was begun. */
export function payloadOf(job: string, { d, b }: { readonly d: string; readonly b?: string }): string {
  const same = (["p", "s", "g", "a"] as const).map(
    (field) => `'${field}', ${numberAt(job, field, "bigint", field === "p" ? 18 : 9)}`,
  );
  const begun = b === undefined ? [] : [`'b', ${b}`];
  return `pg_catalog.json_build_object(${[...same, `'d', ${d}`, ...begun].join(", ")})`;
}

/** Whether the job `job` was begun by who holds it, see {@link payloadOf}; as SQL. */
export function isBegun(job: string): string {
  return `case when ${isReadable(job)} then ${job}.payload ->> 'b'::text = ${job}.locked_by end`;
}

/** Who has locked what is parked, see park-jobs.ts: no worker's id. */
export const PARKED_BY = `${TASK_PREFIX}parked`;

/** How many processes died with the job `job`, null for none; as SQL. */
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
