import { Logger, run } from "graphile-worker";
import pg from "pg";
import { z } from "zod";

import { batched, upTo } from "../src/delivery/batched.js";
import { encodeEvent } from "../src/outbox/encode-event.js";
import { executorOf } from "../src/outbox/executor.js";
import { publishEvents } from "../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { defineEvent } from "../src/registry/define-event.js";
import { defineSubscriber } from "../src/registry/define-subscriber.js";
import type { Subscriber } from "../src/registry/subscriber.js";
import { runWorker } from "../src/worker/run-worker.js";
import { type Effort, median } from "./compare.js";
import type { Ratio } from "./ratio.js";

/** Somebody who makes deliveries: as many as `total`, each told to `onDelivery`. Returns how to stop it. */
export type Start = (onDelivery: () => void) => Promise<() => Promise<unknown>>;

/** A case: makes deliveries, of jobs that `fill` has made before. */
export interface Deliverer {
  readonly fill: (pool: pg.Pool, total: number) => Promise<unknown>;
  readonly start: Start;
}

export const Ticked = defineEvent("Ticked", { schema: z.any() });
const names = DEFAULT_SCHEMA_NAMES;
const CHUNK = 1_000;
/** What the event says: a row of a few columns. */
const AGGREGATE = { id: 1, email: "ann@example.com", name: "Ann", createdAt: "2026-01-01T00:00:00.000Z" };

/** Deliveries per second of handlers that do nothing, against raw graphile-worker with the same settings. */
export async function benchDeliver(url: string, { rounds, calls }: Effort): Promise<readonly Ratio[]> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const cases: Readonly<Record<string, Deliverer>> = {
    [RAW]: { fill: fillRaw, start: raw(url, 10, undefined) },
    [FULL]: ours(url, "full", "normal", 10),
    [FAILURES]: ours(url, "failures", "normal", 10),
    [RAW_HIGH]: { fill: fillRaw, start: raw(url, 24, 8 * 24) },
    [READING_HIGH]: readingRaw(url, 24, 8 * 24),
    [FULL_HIGH]: ours(url, "full", "high", 24),
    [FAILURES_HIGH]: ours(url, "failures", "high", 24),
  };
  try {
    const rates = await measure(pool, cases, { rounds, total: 10 * calls });
    return [
      {
        what: "deliveries per second, by default: full history / raw graphile-worker",
        ratio: rateRatio(rates, FULL, RAW),
        target: 0.75,
      },
      { what: 'by default: history "failures" / raw', ratio: rateRatio(rates, FAILURES, RAW), target: 0.75 },
      {
        what: 'throughput "high": full history / raw with a local queue',
        ratio: rateRatio(rates, FULL_HIGH, RAW_HIGH),
        target: 0.5,
      },
      {
        what: 'throughput "high": history "failures" / raw with a local queue',
        ratio: rateRatio(rates, FAILURES_HIGH, RAW_HIGH),
        target: 0.9,
      },
      {
        what: 'throughput "high": history "failures" / raw that reads an event for each job',
        ratio: rateRatio(rates, FAILURES_HIGH, READING_HIGH),
      },
      {
        what: "raw that reads an event for each job / raw, with a local queue",
        ratio: rateRatio(rates, READING_HIGH, RAW_HIGH),
      },
      ...Object.keys(cases).map((name) => ({
        what: `deliveries per second: ${name}`,
        ratio: Math.round(median(rates.get(name) ?? [])),
      })),
    ];
  } finally {
    await pool.end();
  }
}

const RAW = "raw";
const FULL = "full history";
const FAILURES = 'history "failures"';
const RAW_HIGH = "raw, local queue";
const READING_HIGH = "raw, local queue, reading an event for each job";
const FULL_HIGH = "full history, high";
const FAILURES_HIGH = 'history "failures", high';

/** What each case reached in each round, per second. */
export type Rates = ReadonlyMap<string, readonly number[]>;

export async function measure(
  pool: pg.Pool,
  cases: Readonly<Record<string, Deliverer>>,
  { rounds, total }: { readonly rounds: number; readonly total: number },
): Promise<Rates> {
  const rates = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? Object.keys(cases) : Object.keys(cases).toReversed();
    for (const name of order) {
      const { fill, start } = cases[name] as Deliverer;
      await empty(pool);
      await fill(pool, total);
      await pool.query("vacuum analyze graphile_worker._private_jobs");
      const rate = await rateOf(start, total);
      // The first round warms up.
      if (round >= 0) rates.get(name)?.push(rate);
    }
  }
  return rates;
}

/** From the first delivery to the last: starting and stopping is not what is measured. */
export async function rateOf(start: Start, total: number): Promise<number> {
  let seen = 0;
  let first = 0;
  let done = (_: number): void => undefined;
  const last = new Promise<number>((resolve) => {
    done = resolve;
  });
  const stop = await start(() => {
    seen += 1;
    if (seen === 1) first = performance.now();
    if (seen === total) done(performance.now());
  });
  const rate = (total - 1) / (((await last) - first) / 1_000);
  await stop();
  return rate;
}

/** How many times as fast `a` is as `b`, as the median of the rounds' ratios. */
export function rateRatio(rates: Rates, a: string, b: string): number {
  return median((rates.get(a) ?? []).map((rate, round) => rate / (rates.get(b)?.[round] ?? Number.NaN)));
}

export async function empty(pool: pg.Pool): Promise<void> {
  await pool.query(
    `truncate "Applied", event_bus.events, event_bus.deliveries, event_bus.delivered, event_bus.subscriptions, event_bus.workers, graphile_worker._private_jobs`,
  );
}

export function fillRaw(pool: pg.Pool, total: number) {
  return pool.query(
    `select count(*) from graphile_worker.add_jobs(array(
       select row('tick', $2::json, null, null, null, null, null, null)::graphile_worker.job_spec
         from generate_series(1, $1::integer)))`,
    [total, JSON.stringify({ name: "Ticked", aggregate: AGGREGATE })],
  );
}

/**
 * Raw jobs that say which event they are for, and read it by its key: all of those that run at a time with one
 * statement. What nobody can do without who stores an event once, however many receive it.
 */
function readingRaw(url: string, concurrentJobs: number, size: number): Deliverer {
  let pool: pg.Pool;
  const read = batched<number, object | undefined>(
    async (positions) => {
      const { rows } = await pool.query({
        name: "read",
        text: "select * from event_bus.events where position = any($1)",
        values: [positions],
      });
      const byPosition = new Map(
        rows.map((row: { readonly position: string }) => [Number(row.position), row]),
      );
      return positions.map((position) => byPosition.get(position));
    },
    upTo(size),
    () => true,
  );
  return {
    async fill(client, total) {
      for (let left = total; left > 0; left -= CHUNK) await publishTicks(client, Math.min(left, CHUNK));
      await client.query(
        `select count(*) from graphile_worker.add_jobs(array(
           select row('tick', json_build_object('p', position), null, null, null, null, null, null)::graphile_worker.job_spec
             from event_bus.events))`,
      );
      await client.query("vacuum analyze event_bus.events");
    },
    async start(onDelivery) {
      pool = new pg.Pool({ connectionString: url, max: 2 });
      const stop = await raw(url, concurrentJobs, size, (payload) => read((payload as { p: number }).p))(
        onDelivery,
      );
      return async () => {
        await stop();
        await pool.end();
      };
    },
  };
}

export function raw(
  url: string,
  concurrentJobs: number,
  size: number | undefined,
  work: (payload: unknown) => Promise<unknown> = async () => undefined,
): Start {
  return async (onDelivery) => {
    const runner = await run({
      connectionString: url,
      maxPoolSize: concurrentJobs + 4,
      noHandleSignals: true,
      parsedCronItems: [],
      logger: new Logger(() => () => undefined),
      taskList: {
        async tick(payload) {
          await work(payload);
          onDelivery();
        },
      },
      preset: {
        worker: {
          concurrentJobs,
          pollInterval: 1_000,
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          ...(size === undefined ? {} : { localQueue: { size } }),
        },
      },
    });
    return () => runner.stop();
  };
}

export function ours(
  url: string,
  history: "full" | "failures",
  throughput: "normal" | "high",
  concurrency: number,
): Deliverer {
  let onDelivery = (): void => undefined;
  const subscriber: Subscriber = defineSubscriber({
    name: "tick",
    events: [Ticked],
    history,
    handle: async () => onDelivery(),
  }) as unknown as Subscriber;
  const options = {
    prisma: {},
    subscribers: [subscriber],
    database: { url },
    worker: { concurrency, throughput },
    report: () => undefined,
  };
  return {
    fill: fillTicks(options),
    async start(given) {
      onDelivery = given;
      return (await runWorker(options)).stop;
    },
  };
}

/** Makes the subscribers known, and events for them. */
export function fillTicks(options: Parameters<typeof runWorker>[0]): Deliverer["fill"] {
  return async (pool, total) => {
    await (await runWorker(options)).stop();
    for (let left = total; left > 0; left -= CHUNK) await publishTicks(pool, Math.min(left, CHUNK));
  };
}

export function publishTicks(pool: pg.Pool, count: number) {
  const text = () => encodeEvent(Ticked(AGGREGATE, { aggregateKey: 1 }), { maxEventBytes: 1_000_000 });
  return publishEvents(executorOf(pool), names, Array.from({ length: count }, text));
}
