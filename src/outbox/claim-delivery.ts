import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { BRIEFLY, deleteJobs } from "./graphile/delete-jobs.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery to claim in a transaction. */
export interface Claim {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation that the caller holds. */
  readonly generation: number;
  /** A unique name of this claim. */
  readonly claim: string;
  /** Timeouts that the server enforces, in milliseconds. Undefined: the settings of the transaction stay. */
  readonly limits:
    | { readonly idleMs: number; readonly statementMs: number; readonly lockMs: number }
    | undefined;
}

/** Has one row if the delivery was claimed. */
const CLAIM = statement(/* sql */ `
select from :BUS.claim($1::bigint, $2::integer, $3::integer, $4::text, $5::integer, $6::integer, $7::integer) as taken
 where taken`);

/**
 * Claims a delivery: changes its state to `delivered` in the transaction that `executor` is bound to. Waits while another
 * transaction has claimed it.
 *
 * @returns false if the generation is no longer the current one.
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
  // Only the number of rows matters, and Prisma decodes every column of a row.
  if (executor.execute !== undefined) return (await explained(names, executor.execute(sql, values))) === 1;
  return (await explained(names, executor.query(sql, values))).length === 1;
}

// Looked up one by one in the index, even if the table was small when the statement was planned.
const COMMITTED = /* sql */ `
select c.claim, c.job_id
  from rows from (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::integer[]), pg_catalog.unnest($3::text[]),
                  pg_catalog.unnest($4::bigint[])) as c(position, subscription_id, claim, job_id)
 cross join lateral (
   select from :BUS.deliveries d
    where d.position = c.position and d.subscription_id = c.subscription_id and d.claim = c.claim and d.state = 'delivered'
   offset 0) d`;

// Selects texts only, which the type parsers of an application leave alone.
const CONFIRM = statement(`select c.claim from (${COMMITTED}) c`);

const CONFIRM_WITH_JOBS = statement(/* sql */ `
with ${BRIEFLY}, committed as (${COMMITTED}
), gone as (
  ${deleteJobs("array(select c.job_id from committed c)")}
)
select claim from committed`);

/** An id that no job has. Null is not possible: with `array_nulls` off, the text of an array cannot contain it. */
const NO_JOB = "0";

/** A claim that may be committed. */
export interface ClaimToConfirm extends Pick<Claim, "position" | "subscriptionId" | "claim"> {
  /** The job to delete if the claim was committed. */
  readonly jobId?: string | undefined;
}

/** Returns the committed claims, and deletes their jobs. */
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
