import { Logger, run } from "graphile-worker";
import pg from "pg";

import { defineSubscriber } from "../src/registry/define-subscriber.js";
import type { Subscriber } from "../src/registry/subscriber.js";
import { runWorker } from "../src/worker/run-worker.js";
import { type Effort, median } from "./compare.js";
import { publishTicks, Ticked } from "./deliver.js";
import type { Ratio } from "./ratio.js";

/** The worker has nothing else to do. */
const IDLE = "select pg_sleep(0.005)";

/** From the commit to the start of the handler, on an idle worker, against raw graphile-worker. */
export async function benchDeliverLatency(url: string, { rounds, calls }: Effort): Promise<readonly Ratio[]> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  let started = (_: number): void => undefined;
  const onDelivery = async () => started(performance.now());
  const worker = await runWorker({
    prisma: {},
    subscribers: [
      defineSubscriber({ name: "tick", events: [Ticked], handle: onDelivery }) as unknown as Subscriber,
    ],
    database: { url },
    report: () => undefined,
  });
  const raw = await run({
    connectionString: url,
    noHandleSignals: true,
    parsedCronItems: [],
    logger: new Logger(() => () => undefined),
    taskList: { tick: onDelivery },
    preset: {
      worker: { concurrentJobs: 10, pollInterval: 1_000, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    },
  });
  /** Milliseconds from the commit of `add` to the handler. */
  const once = async (add: () => Promise<unknown>): Promise<number> => {
    const start = new Promise<number>((resolve) => {
      started = resolve;
    });
    await add();
    const committed = performance.now();
    const latency = (await start) - committed;
    await pool.query(IDLE);
    return Math.max(0, latency);
  };
  const cases = {
    ours: () => publishTicks(pool, 1),
    raw: () => pool.query("select graphile_worker.add_job('tick', '{\"id\": 1}'::json)"),
  };
  const latencies = { ours: [] as number[], raw: [] as number[] };
  try {
    for (let n = -20; n < rounds * Math.ceil(calls / 10); n++) {
      for (const name of ["ours", "raw"] as const) {
        const ms = await once(cases[name]);
        if (n >= 0) latencies[name].push(ms);
      }
    }
    const p99 = (values: readonly number[]) =>
      values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
    return [
      {
        what: "latency from commit to handler, p50: raw / event bus",
        ratio: median(latencies.raw) / median(latencies.ours),
        target: 1 / 1.2,
      },
      {
        what: "latency from commit to handler, p99: raw / event bus",
        ratio: p99(latencies.raw) / p99(latencies.ours),
        target: 1 / 1.2,
      },
      { what: "milliseconds, p50: raw", ratio: median(latencies.raw) },
      { what: "milliseconds, p50: event bus", ratio: median(latencies.ours) },
      { what: "milliseconds, p99: raw", ratio: p99(latencies.raw) },
      { what: "milliseconds, p99: event bus", ratio: p99(latencies.ours) },
    ];
  } finally {
    await worker.stop();
    await raw.stop();
    await pool.end();
  }
}
