import { explained, isUntranslatable } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import { type Executor, readRows, type SqlValue } from "./executor.js";
import type { DeliveryError } from "./find-deliveries.js";
import { BRIEFLY, deleteJobs } from "./graphile/delete-jobs.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The states that a settlement can set. */
export type SettledState = Exclude<DeliveryState, "waiting">;

/** The settlement of an attempt. */
export interface Settlement {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation of the caller's job. If it is no longer the current one, nothing is recorded. */
  readonly generation: number;
  /** The number of attempts, including this one if it counts. */
  readonly attempts: number;
  readonly state: SettledState;
  /** For `retrying` and `snoozed`: the time until the next attempt, by the clock of the database. */
  readonly dueMs?: number;
  readonly error?: DeliveryError;
  /** Whether to record that a process died with it. */
  readonly died?: boolean;
  /** The reason of `cancelled`. */
  readonly reason?: string;
  /** Whether deliveries that succeed at the first attempt leave no row. Defaults to false. */
  readonly keepsFailuresOnly?: boolean;
  /** A unique name for each run of a handler: it shows that a repeated settlement is the same one. */
  readonly claim?: string;
  /** The job to delete in the same transaction. */
  readonly jobId?: string;
}

/** A call of a function that settles deliveries. It deletes the jobs in the last parameter in the same transaction. */
function moving(call: string, jobs: number) {
  const moved = `select position, subscription_id, generation, state from ${call}`;
  return {
    alone: statement(moved),
    // PostgreSQL runs the deleting part after the select.
    withJobs: statement(/* sql */ `
with ${BRIEFLY}, gone as (
  ${deleteJobs(`$${jobs}::bigint[]`)}
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
 * Settles deliveries, and adds the jobs of their next attempts. Uses one statement for deliveries that succeeded at the first
 * attempt (two, if some subscribers keep no rows of these), and one for all others.
 *
 * @returns for each settlement the state that its claim has set, now or before; undefined if the generation was no longer the
 * current one.
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
    // The answers of two settlements of the same delivery could not be told apart.
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
    // If an outcome could not be recorded, its handler would run again forever.
    return move(executor, names, SETTLE, settlements, [inAscii(json)]);
  }
};

/** JSON in ASCII, which every encoding has. Other characters are replaced by a text such as "\u{2019}". */
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
