import { explained } from "./database-error.js";
import {
  type DeliveryConditions,
  type Direction,
  keysSql,
  keyValues,
  type Way,
  wayTo,
} from "./delivery-filter.js";
import type { DeliveryState } from "./delivery-state.js";
import { type Executor, readRows } from "./executor.js";
import { momentOf, momentOrNull } from "./moment.js";
import { madeWithoutRow, stateOf } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The error of a failed attempt. */
export interface DeliveryError {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  readonly name: string;
  readonly message: string;
  /** The `code` of the error, such as `ECONNREFUSED`, if it has one. */
  readonly code?: string | number;
  /** Its causes, and the errors of an `AggregateError`, as `name: message (code)`. The last cause is always among them. */
  readonly causes?: readonly string[];
  /** The stack, with those of its causes. */
  readonly stack?: string;
  /** The time of the failure in ISO 8601, UTC. */
  readonly at: string;
  /** The name of the worker that ran the attempt. */
  readonly worker?: string;
}

/** A delivery: one event for one subscriber. */
export interface Delivery {
  readonly eventId: string;
  readonly position: number;
  readonly eventName: string;
  /** The type of the event's aggregate, such as a model; null if it has none. */
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  /** The time at which the event occurred. */
  readonly occurredAt: Date;
  readonly subscriber: string;
  readonly application: string;
  readonly subscriptionId: number;
  readonly state: DeliveryState;
  /** The number of attempts so far. */
  readonly attempts: number;
  /** The errors so far, oldest first. If there are more than 20, the first five and the last fifteen. */
  readonly errors: readonly DeliveryError[];
  /** The number of failed attempts. */
  readonly errorCount: number;
  /** Why it was cancelled; null if it was not. */
  readonly reason: string | null;
  /** The time at which the next attempt is due; null if none is planned, or if it is due at once. */
  readonly dueAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A delivery with its generation, which is needed to make it. */
export interface DeliveryRow extends Delivery {
  readonly generation: number;
}

/** Selects deliveries. All given conditions must hold. */
export interface DeliveryFilter extends DeliveryConditions {
  /** The greatest number of deliveries. The first ones are returned. Defaults to no limit. */
  readonly limit?: number | undefined;
  /** Whether the last ones are returned instead. Defaults to false. */
  readonly last?: boolean | undefined;
}

const find = (way: Way, direction: Direction) =>
  statement(/* sql */ `
select e.id::text as event_id, e.position, e.name, e.aggregate_type, e.aggregate_key, e.occurred_at, s.subscriber,
       s.application, s.id as subscription_id,
       ${stateOf("e.position", "s.id")} as state, coalesce(d.generation, 0) as generation,
       coalesce(d.attempt, case when ${madeWithoutRow("e.position", "s.id")} then 1 else 0 end) as attempt,
       coalesce(d.errors, '[]') as errors,
       coalesce(d.error_count, 0) as error_count, d.reason, d.due_at, d.finished_at
  from (${keysSql(way, direction)}) k
  join :BUS.events e on e.position = k.position
  join :BUS.subscriptions s on s.id = k.id
  left join :BUS.deliveries d on d.position = k.position and d.subscription_id = k.id
 order by e.position ${direction}, s.id ${direction}`);

const statements = new Map<string, ReturnType<typeof find>>();

function findSql(filter: DeliveryFilter, names: SchemaNames): string {
  const way = wayTo(filter);
  const direction = filter.last === true ? "desc" : "asc";
  const key = `${way} ${direction}`;
  const sql = statements.get(key) ?? find(way, direction);
  statements.set(key, sql);
  return sql(names);
}

interface Row {
  readonly event_id: string;
  readonly position: bigint | string;
  readonly name: string;
  readonly aggregate_type: string | null;
  readonly aggregate_key: string | null;
  readonly occurred_at: Date | string;
  readonly subscriber: string;
  readonly application: string;
  readonly subscription_id: number;
  readonly state: DeliveryState;
  readonly generation: number;
  readonly attempt: number;
  readonly errors: readonly DeliveryError[];
  readonly error_count: number;
  readonly reason: string | null;
  readonly due_at: Date | string | null;
  readonly finished_at: Date | string | null;
}

/** The deliveries that fit the filter, by position and subscription. */
export async function findDeliveries(
  executor: Executor,
  names: SchemaNames,
  filter: DeliveryFilter = {},
): Promise<readonly DeliveryRow[]> {
  const rows = await explained(
    names,
    readRows<Row>(executor, findSql(filter, names), keyValues(filter, filter.limit)),
  );
  const deliveries = rows.map((row) => ({
    eventId: row.event_id,
    position: Number(row.position),
    eventName: row.name,
    aggregateType: row.aggregate_type,
    aggregateKey: row.aggregate_key,
    occurredAt: momentOf(row.occurred_at),
    subscriber: row.subscriber,
    application: row.application,
    subscriptionId: row.subscription_id,
    state: row.state,
    generation: row.generation,
    attempts: row.attempt,
    errors: row.errors,
    errorCount: row.error_count,
    reason: row.reason,
    dueAt: momentOrNull(row.due_at),
    finishedAt: momentOrNull(row.finished_at),
  }));
  return filter.last === true ? deliveries.reverse() : deliveries;
}
