import type { Pool } from "pg";

import { encodeEvent } from "../../src/outbox/encode-event.js";
import type { Queryable } from "../../src/outbox/executor.js";
import { executorOf } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES, quoteIdentifier, type SchemaNames } from "../../src/outbox/schema-names.js";
import { type SubscriptionInput, synchroniseSubscriptions } from "../../src/outbox/subscriptions.js";
import type { AnyEvent } from "../../src/registry/event.js";
import { uuidV7 } from "../../src/registry/uuid-v7.js";

/** An event with safe defaults. */
export function event(name: string, parts: Partial<AnyEvent> = {}): AnyEvent {
  return {
    id: uuidV7(),
    name,
    version: 1,
    aggregateType: null,
    aggregateKey: null,
    operation: "publish",
    aggregate: {},
    changes: {},
    initialData: {},
    metadata: {},
    ...parts,
  };
}

/** Publishes events in the transaction of `target`. */
export function publish(
  target: Queryable,
  events: readonly AnyEvent[],
  names: SchemaNames = DEFAULT_SCHEMA_NAMES,
) {
  const texts = events.map((one) => encodeEvent(one, { maxEventBytes: Number.MAX_SAFE_INTEGER }));
  return publishEvents(executorOf(target), names, texts);
}

/** A subscription with safe defaults. */
export function subscription(
  name: string,
  subscriber: string,
  parts: Partial<SubscriptionInput> = {},
): SubscriptionInput {
  return { event: name, subscriber, priority: 0, delayMs: 0, policy: {}, ...parts };
}

/** Subscribes `subscribers` of one application to an event. */
export function subscribe(
  target: Queryable,
  name: string,
  subscribers: readonly string[],
  names: SchemaNames = DEFAULT_SCHEMA_NAMES,
) {
  const subscriptions = subscribers.map((subscriber) => subscription(name, subscriber));
  return synchroniseSubscriptions(executorOf(target), names, "app", subscriptions);
}

/** A job of graphile-worker. */
export interface Job {
  readonly task: string;
  readonly payload: { readonly p: number; readonly s: number; readonly g: number; readonly a: number };
  readonly priority: number;
  readonly runAt: Date;
  readonly queue: string | null;
  readonly maxAttempts: number;
}

/** All jobs of a worker schema in the order in which they were added. Only the private tables tell the payload. */
export async function jobs(
  target: Pick<Pool, "query">,
  workerSchema = "graphile_worker",
): Promise<readonly Job[]> {
  const schema = quoteIdentifier(workerSchema);
  const { rows } = await target.query(
    `select t.identifier as task, j.payload, j.priority::integer, j.run_at as "runAt", q.queue_name as queue,
            j.max_attempts::integer as "maxAttempts"
       from ${schema}._private_jobs j
       join ${schema}._private_tasks t on t.id = j.task_id
       left join ${schema}._private_job_queues q on q.id = j.job_queue_id
      order by j.id`,
  );
  return rows;
}

/** The tasks of {@link jobs}. */
export async function tasks(target: Pick<Pool, "query">, workerSchema?: string): Promise<readonly string[]> {
  return (await jobs(target, workerSchema)).map((job) => job.task);
}

/** Removes all events, subscriptions and jobs. */
export async function empty(target: Pick<Pool, "query">): Promise<void> {
  await target.query(
    `truncate event_bus.events, event_bus.subscriptions, event_bus.deliveries, event_bus.checkpoints,
              graphile_worker._private_jobs restart identity`,
  );
}
