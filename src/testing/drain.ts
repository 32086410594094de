import { deliver } from "../delivery/deliver.js";
import type { DeliverDeps } from "../delivery/deliver-deps.js";
import type { Outcome } from "../delivery/outcome.js";
import { checkTransactional } from "../delivery/transactional-client.js";
import { EventBusError } from "../errors.js";
import { explainFailure } from "../outbox/database-error.js";
import { type DueDelivery, dueDeliveries } from "../outbox/due-deliveries.js";
import { executorOf, type PrismaQueryable } from "../outbox/executor.js";
import type { Subscriber } from "../registry/subscriber.js";
import { drainDeps } from "./drain-deps.js";
import { checkDrainOptions, type DrainOptions, type DrainSettings } from "./drain-options.js";
import type { FaultRun } from "./faults.js";
import { isTransaction, sparing } from "./spare-transaction.js";
import { type DrainResult, startTally } from "./tally.js";

/**
 * Makes the due deliveries in this process, without a worker: one after the other, by position, with retries, timeouts and dead
 * deliveries as in a worker. For tests.
 *
 * An event has deliveries only to subscribers that the database knew when the event was published: call `subscribe` first.
 *
 * With the client of a transaction, everything happens in that transaction.
 *
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `ENDLESS_CASCADE`; with `onError: "throw"`, the error of a handler.
 *
 * @example
 * ```ts
 * await prisma.user.create({ data: { email: "ann@example.com" } });
 * expect(await drain({ prisma, subscribers: [sendWelcome] })).toMatchObject({ delivered: 1, errors: [] });
 * ```
 */
export async function drain(options: DrainOptions): Promise<DrainResult> {
  const settings = checkDrainOptions(options);
  checkTransactional(settings.prisma, settings.subscribers.values(), "drain()");
  const tally = startTally(settings.throwErrors);
  const { prisma, onDead } = settings;
  const deps = { ...drainDeps(settings, tally.report), onDead };
  const subscribers = isTransaction(prisma) ? spared(settings.subscribers, prisma) : settings.subscribers;
  const faults = settings.faults.map((fault) => fault.begin());
  const hasAnother = retriesUntil(settings.at);
  const generations = countGenerations();
  const done = new Set<string>();
  let only: ReadonlySet<string> | undefined;
  for (;;) {
    const due = await findDue(settings);
    if (!settings.cascade) only ??= new Set(due.map(deliveryKey));
    const next = due.filter(
      (delivery) => !done.has(deliveryKey(delivery)) && only?.has(deliveryKey(delivery)) !== false,
    );
    if (next.length === 0) return tally.result();
    generations(next);
    for (const delivery of arranged(next, faults)) {
      const outcomes = await make(delivery, subscribers, deps, faults);
      const isOver = (outcome: Outcome) =>
        !hasAnother(deliveryKey(delivery), outcome) && !faults.some(({ again }) => again?.(outcome));
      if (outcomes.every(isOver)) done.add(deliveryKey(delivery));
      for (const outcome of outcomes) tally.count(delivery, outcome);
    }
  }
}

function spared(
  subscribers: ReadonlyMap<string, Subscriber>,
  tx: PrismaQueryable,
): ReadonlyMap<string, Subscriber> {
  return new Map([...subscribers].map(([name, subscriber]) => [name, sparing(subscriber, tx)]));
}

/** Low enough that a test ends with this error before it reaches its own time limit. */
const MOST_GENERATIONS = 200;

/** Counts generations: how often handlers have published new events that again have deliveries. */
function countGenerations(): (due: readonly DueDelivery[]) => void {
  const seen = new Set<string>();
  let count = 0;
  return (due) => {
    const latest = due.findLast((delivery) => !seen.has(deliveryKey(delivery)));
    if (latest === undefined) return;
    for (const delivery of due) seen.add(deliveryKey(delivery));
    count += 1;
    if (count <= MOST_GENERATIONS) return;
    throw new EventBusError(
      "ENDLESS_CASCADE",
      `drain() has made deliveries of events that handlers published, ${MOST_GENERATIONS} times in a row, and there are more: ` +
        `${latest.eventName} for "${latest.subscriber}". Look for a subscriber that leads to its own event, or drain with ` +
        "cascade: false",
      { value: latest.eventName },
    );
  };
}

/** Whether a delivery is due again by then. Waits are not made but added up. */
function retriesUntil(at: Date | undefined): (key: string, outcome: Outcome) => boolean {
  const startedAt = Date.now();
  const waitedMs = new Map<string, number>();
  return (key, outcome) => {
    // A snoozed delivery would be snoozed again, because no time passes.
    if (at === undefined || outcome.state !== "retrying") return false;
    const waited = (waitedMs.get(key) ?? 0) + outcome.dueMs;
    waitedMs.set(key, waited);
    return startedAt + waited <= at.getTime();
  };
}

function arranged(due: readonly DueDelivery[], faults: readonly FaultRun[]): readonly DueDelivery[] {
  return faults.reduce((list, { arrange }) => arrange?.(list) ?? list, due);
}

/** Makes a delivery, concurrently as often as the faults demand. */
async function make(
  delivery: DueDelivery,
  subscribers: ReadonlyMap<string, Subscriber>,
  deps: DeliverDeps,
  faults: readonly FaultRun[],
): Promise<readonly Outcome[]> {
  const known = subscribers.get(delivery.subscriber);
  // The deliveries were selected by the names of these subscribers.
  if (known === undefined) return [];
  const subscriber = faults.reduce((wrapped, { wrap }) => wrap?.(wrapped) ?? wrapped, known);
  const copies = Math.max(1, ...faults.map((fault) => fault.copies ?? 1));
  return Promise.all(Array.from({ length: copies }, () => deliver(delivery, subscriber, deps)));
}

function deliveryKey({ position, subscriptionId }: DueDelivery): string {
  return `${position}/${subscriptionId}`;
}

async function findDue(settings: DrainSettings): Promise<readonly DueDelivery[]> {
  try {
    return await dueDeliveries(executorOf(settings.client), settings.names, {
      subscribers: [...settings.subscribers.keys()],
      ...(settings.event === undefined ? {} : { events: [settings.event] }),
      ...(settings.at === undefined ? {} : { at: settings.at.toISOString() }),
    });
  } catch (error) {
    throw explainFailure(error, settings.names);
  }
}
