import type pg from "pg";
import { z } from "zod";

import { deliver } from "../../src/delivery/deliver.js";
import type { DeliverDeps } from "../../src/delivery/deliver-deps.js";
import type { DeliveryJob } from "../../src/delivery/delivery-job.js";
import { deliveryOutbox } from "../../src/delivery/delivery-outbox.js";
import { openGate } from "../../src/delivery/run-gate.js";
import { openSemaphore } from "../../src/delivery/semaphore.js";
import { synchroniseSubscribers } from "../../src/delivery/synchronise-subscribers.js";
import type { Logger } from "../../src/log/logger.js";
import type { TelemetryEvent } from "../../src/log/telemetry.js";
import { type DueDelivery, dueDeliveries } from "../../src/outbox/due-deliveries.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { type Executor, executorOf } from "../../src/outbox/executor.js";
import { type DeliveryRow, findDeliveries } from "../../src/outbox/find-deliveries.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { EventMetadata } from "../../src/registry/event.js";
import type { EventOf } from "../../src/registry/event-type.js";
import type { TransactionalContext } from "../../src/registry/handler-context.js";
import type { SubscriberOptions } from "../../src/registry/subscriber.js";

export const OrderPaid = defineEvent("OrderPaid", { schema: z.object({ orderId: z.number() }) });

type Handle = (event: EventOf<typeof OrderPaid>, ctx: TransactionalContext) => unknown;
type Options = Partial<
  Omit<SubscriberOptions<string, [typeof OrderPaid], boolean>, "name" | "events" | "handle">
>;

/** `executor` runs the statements of this delivery. */
type Overrides = Partial<DeliverDeps> & { readonly executor?: Executor };

let subscribers = 0;

/** Makes single deliveries of `OrderPaid`, each to a new subscriber. */
export function deliverFixture(pool: pg.Pool) {
  const names = DEFAULT_SCHEMA_NAMES;
  const executor = executorOf(pool);
  const reports: TelemetryEvent[] = [];
  const lines: unknown[][] = [];
  const line =
    (level: string) =>
    (...args: unknown[]) =>
      void lines.push([level, ...args]);
  const log: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };

  /** A subscriber with `handle`, and one event that it has not received yet. */
  async function enqueue(handle: Handle, options: Options = {}, metadata: EventMetadata = {}) {
    subscribers += 1;
    const subscriber = defineSubscriber({
      name: `subscriber-${subscribers}`,
      events: [OrderPaid],
      // Without `transactional` there is no `tx`, and no test looks for it.
      handle: handle as never,
      ...options,
    });
    await synchroniseSubscribers(executor, names, "default", [subscriber]);
    const draft = OrderPaid({ orderId: subscribers }, { aggregateKey: subscribers, metadata });
    await publishEvents(executor, names, [encodeEvent(draft, { maxEventBytes: 1_000_000 })]);

    const due = async (at?: Date): Promise<DueDelivery | undefined> => {
      const found = await dueDeliveries(executor, names, {
        subscribers: [subscriber.name],
        ...(at === undefined ? {} : { at: at.toISOString() }),
      });
      return found[0];
    };
    const row = async (): Promise<DeliveryRow> => {
      const [found] = await findDeliveries(executor, names, { subscriber: subscriber.name });
      if (found === undefined) throw new Error("there is no delivery");
      return found;
    };
    /** Delivers it as it stands, whenever it is due. */
    const next = async (overrides: Overrides & Pick<DeliveryJob, "deaths"> = {}) => {
      const job = await due(new Date("9999-01-01"));
      if (job === undefined) throw new Error("nothing is due any more");
      return deliverOnce({ ...job, deaths: overrides.deaths ?? 0 }, overrides);
    };
    const deliverOnce = (job: DeliveryJob, { executor: other, ...overrides }: Overrides = {}) => {
      const outbox = other === undefined ? deps.outbox : deliveryOutbox(other, names);
      return deliver(job, subscriber, { ...deps, outbox, ...overrides });
    };
    return { subscriber, draft, due, row, next, deliver: deliverOnce };
  }

  const deps: DeliverDeps = {
    outbox: deliveryOutbox(executor, names),
    names,
    prisma: { isPrisma: true },
    log,
    report: (event) => void reports.push(event),
    worker: "worker-1",
    wakeIn: () => undefined,
    signal: new AbortController().signal,
    semaphore: openSemaphore(100),
    gate: openGate(),
    graceMs: 100,
    patienceMs: 0,
    deadAfterMs: 10_000,
    ended: new AbortController().signal,
  };
  return { enqueue, deps, reports, lines, executor, names };
}
