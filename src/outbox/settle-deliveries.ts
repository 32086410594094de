import { explained, isUntranslatable } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import { type Executor, readRows, type SqlValue } from "./executor.js";
import type { DeliveryError } from "./find-deliveries.js";
import { BRIEFLY, WAITS_BRIEFLY } from "./graphile/job-sql.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** Where a delivery can be moved to. */
export type SettledState = Exclude<DeliveryState, "waiting">;

/** How a delivery moves on. */
export interface Settlement {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation that the caller holds; the delivery moves only when it is still the current one. */
  readonly generation: number;
  /** Attempts made, this one included where it counts. */
  readonly attempts: number;
  readonly state: SettledState;
  /** For `retrying` and `snoozed`: how long until the next attempt, by the clock of the database. */
  readonly dueMs?: number;
  readonly error?: DeliveryError;
  /** It is put on record that processes died with it. */
  readonly died?: boolean;
  /** Why it is cancelled. */
  readonly reason?: string;
  /** Whether deliveries that are made at the first attempt leave no row. Defaults to false. */
  readonly keepsFailuresOnly?: boolean;
  /** Who settles it: a name of its own for each run of a handler, so that who settles again is recognised. */
  readonly claim?: string;
  /** The job of graphile-worker's that is over with it: it goes in the same transaction. */
  readonly jobId?: string;
}

/** A function that moves deliveries on. The jobs whose ids are in the last parameter go in the same transaction. */
function moving(call: string, jobs: number) {
  const moved = `select position, subscription_id, generation, state from ${call}`;
  return {
    alone: statement(moved),
    // What only deletes runs after what is selected.
    withJobs: statement(/* sql */ `
with ${BRIEFLY}, gone as (
  delete from :WORKER._private_jobs j
   where ${WAITS_BRIEFLY} and j.id = any($${jobs}::bigint[]) and j.job_queue_id is null
)
${moved}`),
  };
}

const SETTLE = moving(":BUS.settle($1::jsonb)", 2);
const DELIVER = moving(":BUS.deliver($1::bigint[], $2::integer[], $3::text[])", 4);
const DELIVER_WITHOUT_ROWS = moving(":BUS.deliver_without_rows($1::bigint[], $2::integer[])", 3);

interface NotMoved {
  readonly position: bigint | string;
  readonly subscription_id: number;
  readonly generation: number;
  readonly state: SettledState | null;
}

/**
 * Moves deliveries on and, where another attempt is due, adds its wake-up: with one statement for those that were made
 * at the first attempt (two, where some subscribers keep no rows of that), and one for all others.
 *
 * @returns for each settlement where its claim has moved the delivery to, now or before; undefined: the generation was
 * not the current one any more.
 */
export async function settleDeliveries(
  executor: Executor,
  names: SchemaNames,
  settlements: readonly Settlement[],
): Promise<readonly (SettledState | undefined)[]> {
  const ways = new Map<Way, Settlement[]>();
  const firsts = new Map<string, number>();
  const again: Settlement[] = [];
  for (const [index, settlement] of settlements.entries()) {
    const key = settlementKey(settlement);
    // Of two that settle the same, the answers could not be told apart.
    if (firsts.has(key)) {
      again.push(settlement);
      continue;
    }
    firsts.set(key, index);
    const way = wayOf(settlement);
    const others = ways.get(way);
    if (others === undefined) ways.set(way, [settlement]);
    else others.push(settlement);
  }
  const states = new Map<string, SettledState | undefined>();
  for (const [way, some] of ways) {
    for (const row of await explained(names, way(executor, names, some)))
      states.set(`${row.position}/${row.subscription_id}/${row.generation}`, row.state ?? undefined);
  }
  const statesAgain = again.length === 0 ? [] : [...(await settleDeliveries(executor, names, again))];
  return settlements.map((settlement, index) => {
    const key = settlementKey(settlement);
    if (firsts.get(key) !== index) return statesAgain.shift();
    return states.has(key) ? states.get(key) : settlement.state;
  });
}

type Way = (
  executor: Executor,
  names: SchemaNames,
  settlements: readonly Settlement[],
) => Promise<readonly NotMoved[]>;

function wayOf(settlement: Settlement): Way {
  const { state, generation, attempts, error, claim, keepsFailuresOnly } = settlement;
  if (state !== "delivered" || generation !== 0 || attempts !== 1 || error !== undefined) return settle;
  if (keepsFailuresOnly === true) return deliverWithoutRows;
  return claim === undefined ? settle : deliver;
}

const deliverWithoutRows: Way = (executor, names, settlements) =>
  move(executor, names, DELIVER_WITHOUT_ROWS, settlements, keysOf(settlements), "deliver without rows");

const deliver: Way = (executor, names, settlements) => {
  const claims = settlements.map(({ claim = "" }) => claim);
  return move(executor, names, DELIVER, settlements, [...keysOf(settlements), claims], "deliver");
};

const settle: Way = async (executor, names, settlements) => {
  const input = settlements.map((settlement) => ({
    p: settlement.position,
    s: settlement.subscriptionId,
    g: settlement.generation,
    a: settlement.attempts,
    state: settlement.state,
    dueMs: settlement.dueMs,
    error: settlement.error,
    died: settlement.died,
    reason: settlement.reason,
    claim: settlement.claim,
  }));
  const json = JSON.stringify(input);
  try {
    return await move(executor, names, SETTLE, settlements, [json]);
  } catch (error) {
    if (!isUntranslatable(error)) throw error;
    // An outcome that could not be recorded would have its handler run again for ever.
    return move(executor, names, SETTLE, settlements, [inAscii(json)]);
  }
};

/** JSON of which every text is ASCII, which every encoding has: "\u{2019}" stands for a character, as text. */
function inAscii(json: string): string {
  return json.replace(/[\x80-\u{10ffff}]/gu, (one) => `\\\\u{${one.codePointAt(0)?.toString(16)}}`);
}

function move(
  executor: Executor,
  names: SchemaNames,
  { alone, withJobs }: ReturnType<typeof moving>,
  settlements: readonly Settlement[],
  values: readonly SqlValue[],
  name?: string,
): Promise<readonly NotMoved[]> {
  const jobIds = settlements.flatMap(({ jobId }) => jobId ?? []);
  if (jobIds.length === 0) return readRows(executor, alone(names), values, name);
  return executor.query(
    withJobs(names),
    [...values, arrayOf(jobIds)],
    name === undefined ? name : `${name}, jobs`,
  );
}

function keysOf(settlements: readonly Settlement[]): readonly string[] {
  return [
    arrayOf(settlements.map(({ position }) => position)),
    arrayOf(settlements.map(({ subscriptionId }) => subscriptionId)),
  ];
}

/** An array of numbers as PostgreSQL writes it: nothing has to be quoted. */
function arrayOf(numbers: readonly (number | string)[]): string {
  return `{${numbers.join()}}`;
}

function settlementKey({ position, subscriptionId, generation }: Settlement): string {
  return `${position}/${subscriptionId}/${generation}`;
}
