import { explained, explainedStoring } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { taskIdentifier } from "./graphile/job-sql.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A subscription to register: a subscriber, one of its events, and its policy. */
export interface SubscriptionInput {
  readonly event: string;
  readonly subscriber: string;
  readonly priority: number;
  readonly delayMs: number;
  /** The rest of the subscriber's policy. Informative only. */
  readonly policy: Readonly<Record<string, number | string>>;
}

/** A subscription in the database. */
export interface Subscription {
  readonly id: number;
  readonly event: string;
  readonly subscriber: string;
  /** The application that handles it. */
  readonly application: string;
  /** True if the subscriber is paused: no delivery to it is started. */
  readonly isPaused: boolean;
}

const KNOWN = statement(
  /* sql */ `select distinct subscriber from :BUS.subscriptions where subscriber = any ($1::text[]) and worker_schema = :WORKER_TEXT`,
);

const SUBSCRIBE = statement(/* sql */ `
select s as subscriber from :BUS.subscribe(application => $1, worker_schema => :WORKER_TEXT, subscriptions => $2::jsonb) s`);

const REGISTERED = statement(/* sql */ `
select r.id::float8 as id, r.subscriber, r.in_force as "isInForce" from :BUS.registered($1::text, :WORKER_TEXT, $2::jsonb) r`);

const REGISTER = statement(/* sql */ `select :BUS.register(:WORKER_TEXT, $1::text[])::text`);

const SUBSCRIBERS_OF = statement(/* sql */ `
select s.id, s.event_name as event, s.subscriber, s.application, s.paused as "isPaused"
  from :BUS.subscriptions s where s.event_name = $1 and s.ended_at is null order by s.subscriber`);

const UNSUBSCRIBE = statement(/* sql */ `
update :BUS.subscriptions set ended_at = pg_catalog.clock_timestamp()
 where subscriber = $1 and ($2::text is null or event_name = $2) and ended_at is null
returning event_name as event`);

/**
 * Registers the subscriptions of an application: adds and updates them, writes only differences, never deletes. New task
 * identifiers are registered with graphile-worker in a separate transaction, because in an open transaction they would make other
 * transactions wait.
 *
 * @returns the subscribers whose subscriptions changed.
 * @throws EventBusError `SUBSCRIBER_TAKEN` if another application has a subscriber of that name.
 */
export async function synchroniseSubscriptions(
  executor: Executor,
  names: SchemaNames,
  application: string,
  subscriptions: readonly SubscriptionInput[],
): Promise<readonly string[]> {
  const subscribers = Array.from(new Set(subscriptions.map(({ subscriber }) => subscriber)));
  const known = await explainedStoring(
    names,
    executor.query<{ subscriber: string }>(KNOWN(names), [subscribers]),
  );
  const unknown = subscribers.filter((name) => !known.some(({ subscriber }) => subscriber === name));
  // First: a process that dies in between leaves an unused identifier, not a subscription that makes others wait.
  if (unknown.length > 0)
    await explained(names, executor.query(REGISTER(names), [unknown.map(taskIdentifier)]));
  const rows = await explainedStoring(
    names,
    executor.query<{ subscriber: string }>(SUBSCRIBE(names), [application, JSON.stringify(subscriptions)]),
  );
  return rows.map((row) => row.subscriber);
}

/** A registered policy. */
export interface RegisteredPolicy {
  /** Higher than the ids of all policies of the same subscription that were first seen earlier. */
  readonly id: number;
  readonly subscriber: string;
  /** False if a running worker has a newer one. */
  readonly isInForce: boolean;
}

/** The registered policies of an application, and whether each is in force. */
export function registeredPolicies(
  executor: Executor,
  names: SchemaNames,
  application: string,
  subscriptions: readonly SubscriptionInput[],
): Promise<readonly RegisteredPolicy[]> {
  const values = [application, JSON.stringify(subscriptions)];
  return explained(names, readRows<RegisteredPolicy>(executor, REGISTERED(names), values));
}

/** The subscriptions to an event, by subscriber. */
export function subscriptionsOf(
  executor: Executor,
  names: SchemaNames,
  event: string,
): Promise<readonly Subscription[]> {
  return explained(names, readRows<Subscription>(executor, SUBSCRIBERS_OF(names), [event]));
}

/** Ends a subscriber's subscriptions, or the one to `event`. Later events do not go to it; open deliveries stay. */
export async function unsubscribe(
  executor: Executor,
  names: SchemaNames,
  subscriber: string,
  event?: string,
): Promise<readonly string[]> {
  const rows = await explained(
    names,
    executor.query<{ event: string }>(UNSUBSCRIBE(names), [subscriber, event ?? null]),
  );
  return rows.map((row) => row.event);
}
