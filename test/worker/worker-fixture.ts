import type { Pool } from "pg";
import { afterEach, expect } from "vitest";

import type { TelemetryEvent } from "../../src/log/telemetry.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { type DeliveryRow, findDeliveries } from "../../src/outbox/find-deliveries.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames } from "../../src/outbox/schema-names.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { EventOf } from "../../src/registry/event-type.js";
import type { HandlerContext } from "../../src/registry/handler-context.js";
import type { Subscriber, SubscriberOptions } from "../../src/registry/subscriber.js";
import { runWorker, type Worker } from "../../src/worker/run-worker.js";
import type { RunWorkerOptions } from "../../src/worker/worker-setup.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { Ping } from "./ping.js";

type Handle = (event: EventOf<typeof Ping>, ctx: HandlerContext) => unknown;

/** A worker and what it has reported. */
export interface WorkerUnderTest {
  readonly worker: Worker;
  readonly reports: readonly TelemetryEvent[];
  /** The reports of one type. */
  of<T extends TelemetryEvent["type"]>(type: T): Extract<TelemetryEvent, { readonly type: T }>[];
}

/** Fast enough for tests, and with room for a busy machine. */
export const FAST = { pollIntervalMs: 200, heartbeatMs: 250, deadAfterMs: 2_000, shutdownTimeoutMs: 5_000 };

/** A database of the test file's own, in which workers can be started; they are stopped after each test. */
export async function workerFixture(given?: TestDatabase, names: SchemaNames = DEFAULT_SCHEMA_NAMES) {
  const database = given ?? (await testDatabase());
  const { pool, url } = database;
  const executor = executorOf(pool);
  const workers: Worker[] = [];
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await pool.query(
      `truncate ${["events", "deliveries", "subscriptions", "workers"].map((t) => `"${names.schema}".${t}`)}`,
    );
    await pool.query(`delete from "${names.workerSchema}"._private_jobs`);
  });

  const subscriber = (
    name: string,
    handle: Handle,
    options: Partial<Omit<SubscriberOptions<string, [typeof Ping]>, "name" | "events" | "handle">> = {},
  ): Subscriber => defineSubscriber({ name, events: [Ping], handle, ...options }) as unknown as Subscriber;

  const options = (
    subscribers: readonly Subscriber[],
    { worker = {}, ...overrides }: Partial<RunWorkerOptions> = {},
  ): RunWorkerOptions => ({
    prisma: {},
    subscribers,
    database: { url, ...names },
    worker: { ...FAST, ...worker },
    // Failures are part of many tests.
    ...("log" in overrides ? {} : { report: () => undefined }),
    ...overrides,
  });

  const start = async (
    subscribers: readonly Subscriber[],
    overrides: Partial<RunWorkerOptions> = {},
  ): Promise<WorkerUnderTest> => {
    const reports: TelemetryEvent[] = [];
    const report = (event: TelemetryEvent) => void reports.push(event);
    const worker = await runWorker(options(subscribers, { report, ...overrides }));
    workers.push(worker);
    return {
      worker,
      reports,
      of: (type) => reports.filter((event) => event.type === type) as never,
    };
  };

  /** Publishes events 1, 2, … in one transaction. */
  const publish = (count = 1) =>
    publishEvents(
      executor,
      names,
      Array.from({ length: count }, (_, index) =>
        encodeEvent(Ping({ n: index + 1 }, { aggregateKey: index + 1 }), { maxEventBytes: 1_000_000 }),
      ),
    );

  const deliveries = (name?: string): Promise<readonly DeliveryRow[]> =>
    findDeliveries(executor, names, name === undefined ? {} : { subscriber: name });

  /** Waits until all deliveries are in `state`. */
  const allIn = (state: DeliveryRow["state"], count: number, timeoutMs?: number) =>
    eventually(async () => {
      const rows = await deliveries();
      expect(rows.filter((row) => row.state === state)).toHaveLength(count);
      return rows;
    }, timeoutMs);

  const jobs = async (): Promise<{ task_identifier: string; locked_by: string | null }[]> => {
    const { rows } = await pool.query(
      `select task_identifier, locked_by from "${names.workerSchema}".jobs order by id`,
    );
    return rows;
  };
  const workerRows = async (): Promise<{ id: string; application: string }[]> => {
    const { rows } = await pool.query(
      `select id, application from "${names.schema}".workers order by started_at`,
    );
    return rows;
  };
  const terminate = (query?: string) => terminateWorkers(pool, query);
  return {
    database,
    pool,
    url,
    executor,
    names,
    subscriber,
    options,
    start,
    publish,
    deliveries,
    allIn,
    jobs,
    workerRows,
    terminate,
  };
}

/** Cuts the connections of workers whose last statement is like `query`, and says how many; the test's own ones stay. */
export async function terminateWorkers(pool: Pool, query = "%"): Promise<number> {
  const { rows } = await pool.query(
    `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
      where datname = current_database() and application_name like 'ex-event-bus worker%' and query like $1`,
    [query],
  );
  return rows[0].n;
}

/** A promise and what resolves it. */
export function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
