import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { BRIEFLY, WAITS_BRIEFLY } from "./graphile/job-sql.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery that is taken in a transaction. */
export interface Claim {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation that the caller holds. */
  readonly generation: number;
  /** A name that nobody else uses. */
  readonly claim: string;
  /** What the server puts an end to, in milliseconds. Undefined: the transaction's own settings hold. */
  readonly limits:
    | { readonly idleMs: number; readonly statementMs: number; readonly lockMs: number }
    | undefined;
}

/** One row when it was taken. */
const CLAIM = statement(/* sql */ `
select from :BUS.claim($1::bigint, $2::integer, $3::integer, $4::text, $5::integer, $6::integer, $7::integer) as taken
 where taken`);

/**
 * Moves a delivery on to `delivered`, in the transaction that `executor` is bound to. Waits while another transaction has
 * taken it.
 *
 * @returns false when the generation is not the current one any more.
 */
export async function claimDelivery(
  executor: Executor,
  names: SchemaNames,
  { position, subscriptionId, generation, claim, limits }: Claim,
): Promise<boolean> {
  const values = [
    ...[position, subscriptionId, generation, claim],
    ...[limits?.idleMs ?? null, limits?.statementMs ?? null, limits?.lockMs ?? null],
  ];
  const sql = CLAIM(names);
  // Prisma takes rows apart column by column: their number is all that is needed.
  if (executor.execute !== undefined) return (await explained(names, executor.execute(sql, values))) === 1;
  return (await explained(names, executor.query(sql, values))).length === 1;
}

// One by one through the index, however small the table was when this was prepared.
const COMMITTED = /* sql */ `
select c.claim, c.job_id
  from rows from (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::integer[]), pg_catalog.unnest($3::text[]),
                  pg_catalog.unnest($4::bigint[])) as c(position, subscription_id, claim, job_id)
 cross join lateral (
   select from :BUS.deliveries d
    where d.position = c.position and d.subscription_id = c.subscription_id and d.claim = c.claim and d.state = 'delivered'
   offset 0) d`;

// Texts alone: parsers that an application has set are for other types.
const CONFIRM = statement(`select c.claim from (${COMMITTED}) c`);

const CONFIRM_WITH_JOBS = statement(/* sql */ `
with ${BRIEFLY}, committed as (${COMMITTED}
), gone as (
  delete from :WORKER._private_jobs j
   where ${WAITS_BRIEFLY} and j.id = any(array(select c.job_id from committed c)) and j.job_queue_id is null
)
select claim from committed`);

/** No job has this id. A null would not do: in the text of an array it is a word where `array_nulls` is off. */
const NO_JOB = "0";

/** A claim of which it is asked whether it was committed. */
export interface ClaimToConfirm extends Pick<Claim, "position" | "subscriptionId" | "claim"> {
  /** The job of graphile-worker's that is over when it was. */
  readonly jobId?: string | undefined;
}

/** Which of the claims were committed. Their jobs are over, and go. */
export async function committedClaims(
  executor: Executor,
  names: SchemaNames,
  claims: readonly ClaimToConfirm[],
): Promise<readonly boolean[]> {
  const hasJobs = claims.some(({ jobId }) => jobId !== undefined);
  const rows = await explained(
    names,
    executor.query<{ readonly claim: string }>(
      (hasJobs ? CONFIRM_WITH_JOBS : CONFIRM)(names),
      [
        claims.map(({ position }) => position),
        claims.map(({ subscriptionId }) => subscriptionId),
        claims.map(({ claim }) => claim),
        `{${claims.map(({ jobId = NO_JOB }) => jobId).join()}}`,
      ],
      hasJobs ? "confirm, jobs" : "confirm",
    ),
  );
  const committed = new Set(rows.map(({ claim }) => claim));
  return claims.map(({ claim }) => committed.has(claim));
}
