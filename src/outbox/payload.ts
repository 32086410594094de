/**
 * A number in the payload of a job, null where there is none. What cannot be a number of ours is nobody's delivery.
 * Nothing is looked for where a backslash is, which ours never have: some that JSON allows PostgreSQL cannot write out,
 * and the whole statement would fail.
 *
 * @param job the name of the row that has a `payload`.
 */
export function numberAt(job: string, field: string, type: string, digits: number): string {
  const text = `(${job}.payload ->> '${field}')`;
  return `case when strpos(${job}.payload::text, E'\\\\') = 0 then
           case when ${text} ~ '^[0-9]{1,${digits}}$' then ${text}::${type} end end`;
}
