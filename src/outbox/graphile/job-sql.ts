/** The task of a subscriber has this prefix, and then the name of the subscriber. */
export const TASK_PREFIX = "event_bus:";

/** The identifier of a subscriber's task. */
export function taskIdentifier(subscriber: string): string {
  return `${TASK_PREFIX}${subscriber}`;
}

/** The same as SQL. `subscriber` is an SQL expression. */
export function taskOf(subscriber: string): string {
  return `'${TASK_PREFIX}' || ${subscriber}`;
}

/** SQL: whether `identifier` is that of a subscriber's task. */
export function isSubscribers(identifier: string): string {
  return `pg_catalog.starts_with(${identifier}, '${TASK_PREFIX}')`;
}

/** SQL: the name of the subscriber whose task is `identifier`. */
export function subscriberOf(identifier: string): string {
  return `pg_catalog.substr(${identifier}, ${TASK_PREFIX.length + 1})`;
}

/**
 * SQL: the payload of a new job. It identifies the delivery by `p`, the position of the event, and `s`, the id of the
 * subscription. `g` is the generation that the job is for, and `a` the number of attempts before it.
 *
 * A worker can add two fields later, see {@link payloadOf}: `d` is the number of processes that died with the job, and `b` the id
 * of the worker that has begun the delivery since.
 */
export function newPayload(
  position: string,
  subscriptionId: string,
  generation: string,
  attempt: string,
): string {
  return `json_build_object('p', ${position}, 's', ${subscriptionId}, 'g', ${generation}, 'a', ${attempt})`;
}

/** The start of the text of a payload that {@link newPayload} has made. `%s` stands for a value, as in `format`. */
export const PAYLOAD_START = '{"p" : %s, "s" : %s, "g" : %s';

/** The text that follows {@link PAYLOAD_START}. */
export const PAYLOAD_REST = ', "a"';

/** SQL: whether PostgreSQL can read all texts in the payload of `job`. JSON allows some that PostgreSQL does not. */
function isReadable(job: string): string {
  return `pg_catalog.strpos(${job}.payload::text, E'\\\\') = 0`;
}

/**
 * SQL: a number in the payload of `job`; null if the field has no number of up to `digits` digits. Also null if the payload has a
 * backslash. The package never writes one, and reading a field of such a payload could make the whole statement fail.
 *
 * @param job the alias of a row of jobs.
 */
export function numberAt(job: string, field: string, type: string, digits: number): string {
  const text = `(${job}.payload ->> '${field}'::text)`;
  return `case when ${isReadable(job)} then
           case when ${text} ~ '^[0-9]{1,${digits}}$' then ${text}::${type} end end`;
}

/** SQL: the payload of `job`, with another number of deaths `d`, and with the id `b` of the worker that has begun it. */
export function payloadOf(job: string, { d, b }: { readonly d: string; readonly b?: string }): string {
  const same = (["p", "s", "g", "a"] as const).map(
    (field) => `'${field}', ${numberAt(job, field, "bigint", field === "p" ? 18 : 9)}`,
  );
  const begun = b === undefined ? [] : [`'b', ${b}`];
  return `pg_catalog.json_build_object(${[...same, `'d', ${d}`, ...begun].join(", ")})`;
}

/** SQL: whether the worker that holds `job` has begun its delivery. */
export function isBegun(job: string): string {
  return `case when ${isReadable(job)} then ${job}.payload ->> 'b'::text = ${job}.locked_by end`;
}

/** SQL: the number of processes that died with `job`; null if none did. */
export function deathsOf(job: string): string {
  return numberAt(job, "d", "integer", 4);
}

/** The `locked_by` of parked jobs, see park-jobs.ts. No worker has this id. */
export const PARKED_BY = `${TASK_PREFIX}parked`;

/** SQL: whether a job `j` is running, or can run. Its attempts can be used up only if another program has changed it. */
export const IS_USABLE = "(j.locked_at is not null or j.attempts < j.max_attempts)";

/** The channel on which graphile-worker is notified of new jobs. */
const CHANNEL = "jobs:insert";

/** SQL: notifies the workers of every worker schema. Up to `count` idle loops of each look for jobs; with 0, none does. */
export function notify(count: number): string {
  return `pg_catalog.pg_notify('${CHANNEL}', '{"count":${count}}')`;
}

/** SQL: the same with a parameter for the number. */
export function notifyParameter(count: string): string {
  return `pg_catalog.pg_notify('${CHANNEL}', pg_catalog.json_build_object('count', ${count})::text)`;
}
