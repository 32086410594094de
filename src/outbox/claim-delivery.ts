import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
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

const CLAIM = statement(/* sql */ `
select :BUS.claim($1::bigint, $2::integer, $3::integer, $4::text, $5::integer, $6::integer, $7::integer) as taken`);

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
  const [row] = await explained(names, executor.query<{ readonly taken: boolean }>(CLAIM(names), values));
  return row?.taken === true;
}

const CONFIRM = statement(/* sql */ `
select d.claim from :BUS.deliveries d
  join unnest($1::bigint[], $2::integer[], $3::text[]) as c(position, subscription_id, claim)
    on d.position = c.position and d.subscription_id = c.subscription_id and d.claim = c.claim
 where d.state = 'delivered'`);

/** Which of the claims were committed. */
export async function committedClaims(
  executor: Executor,
  names: SchemaNames,
  claims: readonly Pick<Claim, "position" | "subscriptionId" | "claim">[],
): Promise<readonly boolean[]> {
  const rows = await explained(
    names,
    executor.query<{ readonly claim: string }>(CONFIRM(names), [
      claims.map(({ position }) => position),
      claims.map(({ subscriptionId }) => subscriptionId),
      claims.map(({ claim }) => claim),
    ]),
  );
  const committed = new Set(rows.map(({ claim }) => claim));
  return claims.map(({ claim }) => committed.has(claim));
}
